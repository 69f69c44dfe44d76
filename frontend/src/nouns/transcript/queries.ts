import { queryOptions, useQueries } from "@tanstack/react-query";
import { send } from "@/api/client";
import type { Job } from "@/api/types";
import { resultLink } from "@/nouns/audio/Download";

/** What a job found in a recording, as its document has it or, where it is too long for that, its result. */
type Found = Omit<NonNullable<Job["result"]>, "artifacts">;

/** A job with the whole of its result, or what of it is known, and how the rest stands. */
export interface Whole {
  job: Job;
  /** Nothing of what was found is there yet. */
  reading: boolean;
  /** Why it could not be had. */
  error: Error | null;
  retry: () => void;
}

/**
 * Whether the job's document leaves out what was found: it does when that has more than 64 KiB, about five minutes of
 * speech with a time for each word. Before the end, and when the result is no longer kept, nothing is left out.
 */
export function isCut({ status, kind, result }: Pick<Job, "status" | "kind" | "result">): boolean {
  if (kind === "speech" || status !== "succeeded" || result === null || result.artifacts.length === 0)
    return false;
  return result.segments == null && result.text == null && result.embedding == null;
}

/** What the job found, from its result. It never changes, so that it is asked for once. */
export function resultQuery(id: string) {
  return queryOptions({
    queryKey: ["result", id] as const,
    // In a format, as the API gives it itself: the stored bytes may lie with an object store, out of a page's reach.
    queryFn: async ({ signal }) => (await (await send(resultLink(id, "json"), { signal })).json()) as Found,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** The jobs in their order, each with the whole of its result as soon as that is there. */
export function useWholeJobs(jobs: readonly Job[]): Whole[] {
  const queries = useQueries({
    queries: jobs.map((job) => ({ ...resultQuery(job.id), enabled: isCut(job) })),
  });
  return jobs.map((job, at) => {
    const query = queries[at];
    if (query === undefined || !isCut(job))
      return { job, reading: false, error: null, retry: () => undefined };
    const { data, error, refetch } = query;
    return {
      job: withFound(job, data),
      reading: data === undefined && error === null,
      error: data === undefined ? error : null,
      retry: () => void refetch(),
    };
  });
}

/** The job with the whole of its result. */
export function useWholeJob(job: Job): Whole {
  const [whole] = useWholeJobs([job]);
  return whole ?? { job, reading: false, error: null, retry: () => undefined };
}

function withFound(job: Job, found: Found | undefined): Job {
  if (found === undefined || job.result === null) return job;
  return { ...job, result: { ...found, artifacts: job.result.artifacts } };
}
