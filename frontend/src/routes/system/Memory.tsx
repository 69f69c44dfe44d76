import type { Worker } from "@/nouns/worker/queries";
import { megabytes } from "@/nouns/worker/state";
import { cx } from "@/ui/cx";

/** Above this share of a device's memory it is nearly full. */
const NEARLY_FULL = 0.9;

/** Memory as a bar with its numbers; what the models may take is a mark on it. */
export function Memory({ memory, id }: { memory: Worker["memory"]; id: string }) {
  const { used_mb: used, total_mb: total, budget_mb: budget } = memory;
  if (used === null) return <span className="text-faint">Not known</span>;
  if (total === null || total === 0) return megabytes(used);
  const share = Math.min(1, used / total);
  const full = share > NEARLY_FULL;
  return (
    <div className="flex min-w-32 flex-col gap-1">
      <p className="whitespace-nowrap tabular-nums">
        {megabytes(used)} <span className="text-muted">of {megabytes(total)}</span>
        {full && <span className="ml-1 text-bad">nearly full</span>}
      </p>
      <div
        role="meter"
        aria-label={`Memory of ${id}`}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={used}
        aria-valuetext={`${megabytes(used)} of ${megabytes(total)}`}
        className="relative h-1.5 w-full rounded-full bg-sunken"
      >
        <div
          className={cx("h-full rounded-full", full ? "bg-bad" : "bg-accent")}
          style={{ width: `${share * 100}%` }}
        />
        {budget !== null && budget < total && (
          <div
            className="absolute -top-0.5 h-2.5 w-0.5 bg-ink"
            style={{ left: `${(budget / total) * 100}%` }}
            title={`Its models may take ${megabytes(budget)}`}
          />
        )}
      </div>
      {budget !== null && <p className="text-xs text-muted">Models may take {megabytes(budget)}</p>}
    </div>
  );
}
