import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Job, JobEvent } from "@/api/types";
import { useGap, useLiveEvents } from "@/live/context";
import { isForward, listAfter, listsKey, statusAfter, type JobFilter, type JobList } from "./list";
import { jobKeys } from "./queries";

/**
 * Lets what happens reach everything that is shown of jobs; to be used once for the whole page. Lists are patched in
 * place. A single job is patched too, and asked for anew when more than its progress changed: events say what
 * happened, not what came of it.
 */
export function useLiveJobs(): void {
  const client = useQueryClient();
  useLiveEvents((events) => tellCache(client, events));
  useGap(() => void client.invalidateQueries({ queryKey: ["job"] }));
}

/** Patches the cache by a bundle of events. */
export function tellCache(client: QueryClient, events: readonly JobEvent[]): void {
  for (const [key, list] of client.getQueriesData<JobList>({ queryKey: listsKey })) {
    if (list === undefined) continue;
    const after = listAfter(list, key[2] as JobFilter, events);
    if (after !== list) client.setQueryData(key, after);
  }
  const changed = new Set<string>();
  for (const event of events) {
    const key = jobKeys.one(event.job_id);
    const job = client.getQueryData<Job>(key);
    if (job === undefined) continue;
    const after = jobAfter(job, event);
    if (after !== job) client.setQueryData(key, after);
    if (event.type !== "step.progress" && event.type !== "step.chunk") changed.add(event.job_id);
  }
  for (const id of changed) void client.invalidateQueries({ queryKey: jobKeys.one(id) });
}

/** The job after an event, as far as the event says; the same object if nothing changes. */
export function jobAfter(job: Job, event: JobEvent): Job {
  if (event.type === "step.progress") {
    const progress = event.data.progress;
    if (job.status !== "running" || typeof progress !== "number") return job;
    return { ...job, progress };
  }
  const status = statusAfter(event);
  if (status === undefined || !isForward(job.status, status)) return job;
  return status === "running" ? { ...job, status, started_at: event.at } : { ...job, status };
}
