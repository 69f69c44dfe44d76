import type { JobStatus } from "@/api/types";
import type { Stats } from "./useStats";

/** From the bottom of a bar to its top: what is done first, what is still to come above. */
export const LAYERS = [
  "succeeded",
  "failed",
  "expired",
  "cancelled",
  "cancelling",
  "running",
  "queued",
] as const satisfies readonly JobStatus[];

/**
 * What the chart draws: seconds, then for each layer from the top one down how high it reaches. A layer is drawn over
 * the one before it, so that of each only its own part is seen.
 */
export function stacked(stats: Stats): number[][] {
  const times = stats.series.map((bucket) => Date.parse(bucket.at) / 1000);
  const sums = times.map(() => 0);
  const reach = LAYERS.map((status) =>
    stats.series.map((bucket, place) => (sums[place] = (sums[place] ?? 0) + bucket[status])),
  );
  return [times, ...reach.reverse()];
}

/** The whole buckets that a stretch of time touches, in milliseconds; undefined if it is no stretch. */
export function snapped(stats: Stats, from: number, to: number): { from: number; to: number } | undefined {
  const bucket = stats.bucket_seconds * 1000;
  const first = Math.max(Date.parse(stats.since), Math.floor(Math.min(from, to) / bucket) * bucket);
  const last = Math.min(Date.parse(stats.until), Math.ceil(Math.max(from, to) / bucket) * bucket);
  return first < last ? { from: first, to: last } : undefined;
}

/** “12 succeeded, 1 failed” of a bucket or of a window. */
export function inWords(counts: Record<JobStatus, number>): string {
  const parts = LAYERS.filter((status) => counts[status] > 0).map((status) => `${counts[status]} ${status}`);
  return parts.length === 0 ? "no jobs" : parts.join(", ");
}

export function sumOf(counts: Record<JobStatus, number>): number {
  return LAYERS.reduce((sum, status) => sum + counts[status], 0);
}
