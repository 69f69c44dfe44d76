import type { components } from "@/api/schema";
import { number } from "@/lib/numbers";
import { CopyButton } from "@/ui/Copy";
import { Facts } from "@/ui/Panel";

/** A speaker's vector: small bars up and down from zero, to see at a glance that two differ. */
export function Embedding({ embedding }: { embedding: components["schemas"]["Embedding"] }) {
  const { vector, dimensions, family } = embedding;
  const largest = Math.max(...vector.map(Math.abs), 1e-9);
  const norm = Math.hypot(...vector);
  const path = vector.map((value, at) => `M${at + 0.5} 0V${((-value / largest) * 50).toFixed(2)}`).join("");
  return (
    <div className="flex flex-col gap-3">
      <svg
        role="img"
        aria-label={`${dimensions} numbers between ${number(Math.min(...vector))} and ${number(Math.max(...vector))}`}
        viewBox={`0 -50 ${vector.length} 100`}
        preserveAspectRatio="none"
        className="h-24 w-full rounded-md bg-sunken text-accent"
      >
        <path d={path} stroke="currentColor" strokeWidth={0.7} fill="none" />
        <path
          d={`M0 0H${vector.length}`}
          stroke="var(--line-strong)"
          vectorEffect="non-scaling-stroke"
          strokeWidth={1}
        />
      </svg>
      <Facts
        facts={[
          ["Numbers", dimensions],
          ["Family", `${family} (only vectors of one family can be compared)`],
          ["Length", number(norm)],
        ]}
      />
      <div>
        <CopyButton text={JSON.stringify(vector)} label="Copy the numbers" />
      </div>
    </div>
  );
}
