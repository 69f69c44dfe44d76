import {
  infiniteQueryOptions,
  useInfiniteQuery,
  useQueryClient,
  type InfiniteData,
} from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { JobEvent } from "@/api/types";
import { useGap, useLiveEvents } from "@/live/context";
import { duration } from "@/lib/time";
import { percent } from "@/lib/numbers";

interface HistoryPage {
  data: JobEvent[];
  next: number | null;
}

/** Events on a page; progress is told in hundredths, so most histories fit on one. */
const PAGE = 500;

/** Not under ["job", id], which every event makes stale: these pages are added to instead. */
function historyQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ["history", id],
    queryFn: async ({ pageParam, signal }): Promise<HistoryPage> => {
      const query = { after: pageParam, limit: PAGE };
      const page = await dataOf(
        api.GET("/v1/jobs/{job_id}/events", { params: { path: { job_id: id }, query }, signal }),
      );
      if (typeof page === "string") throw new Error("The server sent a stream where a page was asked for.");
      return page;
    },
    initialPageParam: 0,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity,
  });
}

/** A job's history as far as it was asked for, and what happens while somebody looks. */
export function useHistory(id: string) {
  const client = useQueryClient();
  const query = useInfiniteQuery(historyQuery(id));
  useLiveEvents((events) => {
    const own = events.filter((event) => event.job_id === id);
    if (own.length === 0) return;
    client.setQueryData<InfiniteData<HistoryPage, number>>(
      historyQuery(id).queryKey,
      (before) => before && appended(before, own),
    );
  });
  useGap(() => void client.invalidateQueries({ queryKey: historyQuery(id).queryKey }));
  return query;
}

/** With events behind the last page; only once that is really the last, and each once. */
export function appended(
  before: InfiniteData<HistoryPage, number>,
  events: readonly JobEvent[],
): InfiniteData<HistoryPage, number> {
  const last = before.pages.at(-1);
  if (last?.next !== null) return before;
  const newest = before.pages.flatMap((page) => page.data).at(-1)?.seq ?? 0;
  const fresh = events.filter((event) => event.seq > newest);
  if (fresh.length === 0) return before;
  return { ...before, pages: [...before.pages.slice(0, -1), { ...last, data: [...last.data, ...fresh] }] };
}

/** What an event says, in words; `steps` are the names of the job's steps. */
export function eventWords(event: JobEvent, steps: readonly string[]): string {
  const { data } = event;
  const text = (name: string): string => (typeof data[name] === "string" ? data[name] : "");
  const value = (name: string): number => (typeof data[name] === "number" ? data[name] : 0);
  const step = typeof data.step === "number" ? (steps[data.step] ?? `step ${data.step}`) : "The step";
  const words: Record<JobEvent["type"], string> = {
    "job.queued": text("retry_of") === "" ? "Submitted" : "Submitted as a retry",
    "job.started": "Started",
    "job.cancelling":
      text("cause") === "deadline" ? "Stopping: its deadline has passed" : "Somebody asked to cancel it",
    "job.succeeded": "Succeeded",
    "job.failed": `Failed: ${text("code")}`,
    "job.cancelled": "Cancelled",
    "job.expired": "Expired: its deadline has passed",
    "step.started": `${step} began on ${text("worker")} (queue ${text("queue")})`,
    "step.progress": `${step} at ${percent(value("fraction"))}, the job at ${percent(value("progress"))}`,
    "step.chunk": `${step} has made ${duration(value("seconds"))} so far`,
    "step.succeeded": `${step} is done`,
    "step.failed": `${step} failed: ${text("code")} (${text("cause")})`,
    "step.retrying": `${step} met ${text("code")} and is tried again in ${duration(value("delay"))}`,
    "step.cancelled": `${step} was stopped`,
    "results.removed": "What it took and made is no longer kept",
  };
  return words[event.type];
}
