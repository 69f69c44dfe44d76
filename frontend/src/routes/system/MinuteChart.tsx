import type { JobStatus } from "@/api/types";
import { number, plural } from "@/lib/numbers";
import { timeOfDay } from "@/lib/time";
import { statusColor, statusLabel } from "@/nouns/job/status";
import type { Stats } from "./stats";

/** From the axis upwards. */
const STACK = [
  "succeeded",
  "failed",
  "expired",
  "cancelled",
  "cancelling",
  "running",
  "queued",
] as const satisfies readonly JobStatus[];

const HEIGHT = 100;
const GAP = 0.18;

/** Jobs by the minute in which they were made, coloured by how they stand now. */
export function MinuteChart({ stats }: { stats: Stats }) {
  const { series, statuses } = stats;
  const sums = series.map((bucket) => STACK.reduce((sum, status) => sum + bucket[status], 0));
  const most = Math.max(...sums, 1);
  const all = sums.reduce((sum, count) => sum + count, 0);
  const shown = STACK.filter((status) => statuses[status] > 0);
  return (
    <figure className="flex flex-col gap-2">
      <div className="flex gap-3">
        <div className="flex w-8 flex-col justify-between text-right text-xs text-muted tabular-nums">
          <span>{number(most)}</span>
          <span>0</span>
        </div>
        <svg
          role="img"
          aria-label={`${plural(all, "job")} in the last hour, at most ${number(most)} in a minute`}
          viewBox={`0 0 ${series.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="h-32 min-w-0 flex-1 border-b border-line-strong"
        >
          {series.map((bucket, at) => {
            let top = HEIGHT;
            const told = shown
              .filter((status) => bucket[status] > 0)
              .map((status) => `${statusLabel(status)} ${number(bucket[status])}`);
            return (
              <g key={bucket.at}>
                <title>{`${timeOfDay(bucket.at)}: ${told.length === 0 ? "no job" : told.join(", ")}`}</title>
                <rect x={at} y={0} width={1} height={HEIGHT} fill="transparent" />
                {STACK.map((status) => {
                  const height = (bucket[status] / most) * HEIGHT;
                  top -= height;
                  return height === 0 ? null : (
                    <rect
                      key={status}
                      x={at + GAP / 2}
                      y={top}
                      width={1 - GAP}
                      height={height}
                      fill={statusColor(status)}
                    />
                  );
                })}
              </g>
            );
          })}
        </svg>
      </div>
      <div className="ml-11 flex justify-between text-xs text-muted tabular-nums">
        <span>{timeOfDay(stats.since)}</span>
        <span>{timeOfDay(stats.until)}</span>
      </div>
      <figcaption className="ml-11 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
        {shown.length === 0
          ? "No job in the last hour."
          : shown.map((status) => (
              <span key={status} className="inline-flex items-center gap-1.5">
                <span
                  aria-hidden
                  className="size-2.5 rounded-sm"
                  style={{ backgroundColor: statusColor(status) }}
                />
                {statusLabel(status)} {number(statuses[status])}
              </span>
            ))}
      </figcaption>
    </figure>
  );
}
