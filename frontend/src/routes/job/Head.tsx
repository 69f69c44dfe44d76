import { hasEnded, type Job } from "@/api/types";
import { KindMark, kindLabel, StatusBadge, statusLabel } from "@/nouns/job/status";
import { cx } from "@/ui/cx";
import { Progress } from "@/ui/Panel";
import { Time } from "@/ui/Time";
import { Actions } from "./Actions";
import { AgainLink } from "./AgainLink";
import { useRemoved } from "./removed";
import { outcomeWords, titleOf } from "./outcome";

/** What the job is, how it stands in words, and what can be done about it. */
export function Head({ job }: { job: Job }) {
  const removed = useRemoved(job);
  return (
    <header className="mb-4">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-80">
          <p className="mb-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
            <KindMark kind={job.kind} />
            <span>{job.model}</span>
            <span>
              submitted <Time at={job.created_at} />
            </span>
          </p>
          <h1 className="text-xl font-semibold tracking-tight wrap-break-word">
            {titleOf(job) ?? `${kindLabel(job.kind)} by ${job.model}`}
          </h1>
        </div>
        <Actions job={job} removed={removed} />
      </div>
      <div className="mt-3 flex flex-wrap items-start gap-x-2 gap-y-1 text-sm">
        <StatusBadge status={job.status} />
        <p className={cx("min-w-0 flex-1 basis-60 pt-px", job.error !== null && "font-medium")} data-outcome>
          {/* The badge says the status; those who do not see it side by side hear one sentence. */}
          <span className="sr-only">{statusLabel(job.status)}: </span>
          {outcomeWords(job)}
        </p>
      </div>
      {!hasEnded(job.status) && (
        <div className="mt-3 max-w-md">
          <Progress value={job.status === "queued" ? 0 : job.progress} label="Progress of the job" />
        </div>
      )}
      {removed && <Removed job={job} />}
    </header>
  );
}

function Removed({ job }: { job: Job }) {
  return (
    <p className="mt-3 rounded-md bg-warn-soft px-3 py-2 text-sm">
      What this job took and made is no longer kept
      {job.expires_at !== null && (
        <>
          : its time ended <Time at={job.expires_at} />
        </>
      )}
      .{" "}
      <AgainLink job={job} className="font-medium text-accent-strong underline">
        Run it again
      </AgainLink>
      {job.kind === "speech" ? " with the text written anew." : " with the recording chosen anew."}
    </p>
  );
}
