import { lazy, Suspense } from "react";
import { patiently } from "@/lib/patiently";
import { Failure, Loading, Skeleton } from "@/ui/States";
import type { useStats } from "./useStats";

const Histogram = lazy(() => patiently(() => import("./Histogram")));

/** How many jobs there were when, above the list. Its place is kept while it loads: rows must not jump. */
export function Overview({
  stats,
  onBrush,
}: {
  stats: ReturnType<typeof useStats>;
  onBrush: (from: number, to: number) => void;
}) {
  const waits = (
    <Loading what="the histogram">
      <Skeleton className="h-37" />
    </Loading>
  );
  return (
    <section aria-label="Jobs over time" className="mb-3 min-h-43 rounded-lg border bg-surface p-3">
      {stats.data !== undefined ? (
        <Suspense fallback={waits}>
          <Histogram stats={stats.data} onBrush={onBrush} />
        </Suspense>
      ) : stats.error !== null ? (
        <Failure error={stats.error} onRetry={() => void stats.refetch()} />
      ) : (
        waits
      )}
    </section>
  );
}
