import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { JobEvent } from "@/api/types";
import { useGap, useLiveEvents } from "@/live/context";

/** At most one refresh in this time, in milliseconds, however many events come. */
const PACE = 1_000;

/** Events after which queues, workers and counts are others than before; progress and notes are not among them. */
export function matters(type: JobEvent["type"]): boolean {
  return type.startsWith("job.") || type === "step.started" || type === "step.succeeded";
}

/** Asks anew for what the page shows when a job moved, at once and then once a second at most. */
export function useLiveRefresh(keys: readonly QueryKey[]): void {
  const client = useQueryClient();
  const timer = useRef<number | undefined>(undefined);
  const last = useRef(0);
  const refresh = (): void => {
    last.current = Date.now();
    timer.current = undefined;
    for (const queryKey of keys) void client.invalidateQueries({ queryKey });
  };
  useLiveEvents((events) => {
    if (timer.current !== undefined || document.hidden || !events.some((event) => matters(event.type)))
      return;
    timer.current = window.setTimeout(refresh, Math.max(0, last.current + PACE - Date.now()));
  });
  useGap(refresh);
  useEffect(() => () => window.clearTimeout(timer.current), []);
}
