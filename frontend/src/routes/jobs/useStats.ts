import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, dataOf } from "@/api/client";
import type { components } from "@/api/schema";
import { useGap, useLiveEvents } from "@/live/context";
import type { JobFilter } from "@/nouns/job/list";
import { DEFAULT_PRESET, moment } from "./search";
import { AWAY } from "./useJobList";

export type Stats = components["schemas"]["Stats"];

/** Counts are asked for at most this often while jobs move, and now and then while none does: time goes on too. */
const PACE = 2_000;
const IDLE = 60_000;
const KEY = ["stats", "jobs"] as const;

/** Counts of the jobs of a filter, by status and time; without a filter by time, bars of the last day. */
export function useStats(filter: JobFilter, enabled: boolean) {
  const { kind, model, queue, status, created_after, created_before } = filter;
  const client = useQueryClient();
  const timer = useRef<number | undefined>(undefined);
  const last = useRef(0);
  useLiveEvents((events) => {
    if (!enabled || timer.current !== undefined || document.hidden) return;
    if (!events.some((event) => event.type.startsWith("job."))) return;
    const refresh = (): void => {
      timer.current = undefined;
      last.current = Date.now();
      void client.invalidateQueries({ queryKey: KEY });
    };
    timer.current = window.setTimeout(refresh, Math.max(PACE / 2, last.current + PACE - Date.now()));
  });
  useGap(() => void client.invalidateQueries({ queryKey: KEY }));
  useEffect(
    () => () => {
      window.clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  const asked = { kind, model, queue, status, created_after, created_before };
  return useQuery({
    queryKey: [...KEY, asked],
    queryFn: ({ signal }): Promise<Stats> => {
      const query = {
        ...(kind && { kind }),
        ...(model && { model }),
        ...(queue && { queue }),
        ...(status && { status }),
      };
      return dataOf(api.GET("/v1/stats", { params: { query: { ...query, ...windowOf(asked) } }, signal }));
    },
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.status === "error" ? AWAY : IDLE),
  });
}

/** The stretch of time to look at; one that is open at the beginning begins a day before its end. */
function windowOf({ created_after, created_before }: Pick<JobFilter, "created_after" | "created_before">) {
  const end = created_before ? Date.parse(created_before) : Date.now();
  const since = created_after ?? new Date(moment(DEFAULT_PRESET.name, end) ?? end).toISOString();
  return { since, ...(created_before && { until: created_before }) };
}
