import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiProblem } from "@/api/problem";
import type { Job } from "@/api/types";
import { useNow } from "@/lib/clock";
import { percent } from "@/lib/numbers";
import { duration, millis } from "@/lib/time";
import { jobQuery, useCancelJob } from "@/nouns/job/queries";
import { Button } from "@/ui/Button";
import { Progress } from "@/ui/Panel";
import { useFailureToast } from "@/ui/toast";

/**
 * A job that is being waited for. Live events keep it fresh; only its place in the queue, of which there is no event,
 * is asked for every five seconds while it waits.
 */
export function useWatchedJob(id: string) {
  return useQuery(watchedJobQuery(id));
}

export function watchedJobQuery(id: string) {
  return queryOptions({
    ...jobQuery(id),
    refetchInterval: (query) => (query.state.data?.status === "queued" ? 5_000 : false),
  });
}

/** Whether a job was deleted, or never was. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

/** What a job that has not ended is at, with the way to end it. Nothing for jobs that have. */
export function JobState({ job, what }: { job: Job; what: string }) {
  const cancel = useCancelJob();
  const failed = useFailureToast();
  const now = useNow();
  if (job.status !== "queued" && job.status !== "running" && job.status !== "cancelling") return null;
  const since = job.started_at ?? job.created_at;
  const passed = Math.max(0, (now - millis(since)) / 1000);
  const known = job.status === "running" && job.progress > 0;
  return (
    <div className="flex flex-col gap-2" data-job-state={job.status}>
      <div className="flex items-center justify-between gap-3 text-sm">
        <p role="status" className="min-w-0">
          {words(job)}
        </p>
        <span className="text-xs whitespace-nowrap text-muted tabular-nums">
          {known && `${percent(job.progress)} · `}
          {duration(Math.floor(passed))}
        </span>
      </div>
      <Progress value={known ? job.progress : null} label={`Progress of ${what}`} />
      <div>
        <Button
          small
          disabled={job.status === "cancelling"}
          busy={cancel.isPending}
          onClick={() => cancel.mutate(job.id, { onError: failed("The job could not be cancelled") })}
        >
          Cancel
        </Button>
      </div>
    </div>
  );
}

function words(job: Job): string {
  if (job.status === "cancelling") return "Cancelling…";
  if (job.status === "running") return "Running";
  if (job.queue_position === null) return "Queued: it starts as soon as a worker is free";
  if (job.queue_position === 1) return "Queued: next in line";
  return `Queued: number ${job.queue_position} in line`;
}
