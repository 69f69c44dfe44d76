import { STATUSES, type JobStatus } from "@/api/types";
import { number, shortNumber } from "@/lib/numbers";
import { statusColor, statusLabel } from "@/nouns/job/status";
import { cx } from "@/ui/cx";

/** How many jobs stand how; each is a filter that can be put on and off. Without counts where none are kept. */
export function StatusChips({
  counts,
  chosen,
  onToggle,
}: {
  counts: Record<JobStatus, number> | undefined;
  chosen: readonly string[];
  onToggle: (status: JobStatus) => void;
}) {
  const shown = STATUSES.filter(
    (status) => status !== "cancelling" || chosen.includes(status) || (counts?.cancelling ?? 0) > 0,
  );
  return (
    <div
      role="group"
      aria-label="Filter by status"
      className="-mx-4 flex gap-1.5 overflow-x-auto px-4 py-0.5 md:mx-0 md:flex-wrap md:px-0"
    >
      {shown.map((status) => {
        const on = chosen.includes(status);
        const count = counts?.[status];
        return (
          <button
            key={status}
            type="button"
            aria-pressed={on}
            onClick={() => onToggle(status)}
            title={count === undefined ? undefined : `${number(count)} ${status}`}
            className={cx(
              "inline-flex h-8 shrink-0 items-center gap-1.5 rounded-full border px-2.5 text-xs font-medium",
              on
                ? "border-accent bg-accent-soft text-accent-strong"
                : "bg-surface text-muted hover:border-line-strong hover:text-ink",
            )}
          >
            <span className="size-2 rounded-full" style={{ background: statusColor(status) }} />
            {statusLabel(status)}
            {count !== undefined && (
              <span className={cx("tabular-nums", on ? "" : "text-ink", count === 0 && "opacity-60")}>
                {shortNumber(count)}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}
