import { percent } from "@/lib/numbers";
import type { JobRow } from "@/nouns/job/row";
import { StatusBadge } from "@/nouns/job/status";

/** A job's status; of one that runs, how far it is. */
export function RowStatus({ row }: { row: JobRow }) {
  return (
    <span className="flex items-center gap-1.5">
      <StatusBadge status={row.status} />
      {row.status === "running" && row.progress > 0 && (
        <span className="text-xs text-muted tabular-nums">{percent(row.progress)}</span>
      )}
    </span>
  );
}
