import { useSyncExternalStore } from "react";
import type { Segment } from "@/api/types";
import { duration, position } from "@/lib/time";
import type { Clock } from "@/nouns/audio/clock";
import { indexAt } from "@/nouns/transcript/words";
import { cx } from "@/ui/cx";

interface Props {
  segments: readonly Segment[];
  clock: Clock;
  onSeek: (seconds: number) => void;
}

/** Stretches of speech as a table: press one and hear it. */
export function Stretches({ segments, clock, onSeek }: Props) {
  const current = useSyncExternalStore(clock.watch, () =>
    clock.now() > 0 ? indexAt(segments, clock.now(), 0) : -1,
  );
  if (segments.length === 0)
    return <p className="text-sm text-muted">No speech was found in the recording.</p>;
  return (
    <div className="max-h-96 overflow-y-auto" role="region" aria-label="Stretches of speech" tabIndex={0}>
      <table className="w-full max-w-md text-sm">
        <thead className="text-left text-xs text-muted">
          <tr>
            <th className="py-1 pr-4 num font-medium">From</th>
            <th className="py-1 pr-4 num font-medium">To</th>
            <th className="py-1 num font-medium">Length</th>
          </tr>
        </thead>
        <tbody>
          {segments.map((segment, at) => (
            <tr
              key={at}
              aria-current={at === current ? "true" : undefined}
              className={cx("border-t", at === current && "bg-accent-soft")}
            >
              <td className="py-1 pr-4 num">
                <button
                  type="button"
                  onClick={() => onSeek(segment.start)}
                  aria-label={`Play from ${position(segment.start)}`}
                  className="text-accent-strong tabular-nums underline"
                >
                  {position(segment.start)}
                </button>
              </td>
              <td className="py-1 pr-4 num">{position(segment.end)}</td>
              <td className="py-1 num">{duration(segment.end - segment.start)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
