import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { components } from "@/api/schema";

export type Stats = components["schemas"]["Stats"];
export type ModelStats = components["schemas"]["ModelStats"];
export type Percentiles = components["schemas"]["Percentiles"];

/** How far back one may look: the name in the address, the words, the seconds. */
export const RANGES = [
  { id: "15m", label: "Last 15 minutes", seconds: 900 },
  { id: "1h", label: "Last hour", seconds: 3600 },
  { id: "6h", label: "Last 6 hours", seconds: 21_600 },
  { id: "24h", label: "Last 24 hours", seconds: 86_400 },
  { id: "7d", label: "Last 7 days", seconds: 604_800 },
  { id: "30d", label: "Last 30 days", seconds: 2_592_000 },
] as const;

export type Range = (typeof RANGES)[number];

export const HOUR: Range = RANGES[1];

/** The range of a name; an hour for any other name. */
export function rangeOf(id: string | undefined): Range {
  return RANGES.find((each) => each.id === id) ?? HOUR;
}

export const statsKey = ["system-stats"] as const;

/** Counts and times of a range that ends now. Live events refresh it; minutes that pass without any do, too. */
export function statsQuery(range: Range) {
  return queryOptions({
    queryKey: [...statsKey, range.id],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - range.seconds * 1000).toISOString();
      return dataOf(api.GET("/v1/stats", { params: { query: { since } }, signal }));
    },
    refetchInterval: 15_000,
    staleTime: 1_000,
    placeholderData: keepPreviousData,
  });
}
