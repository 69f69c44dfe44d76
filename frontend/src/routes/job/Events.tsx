import { useState } from "react";
import { hasEnded, type Job, type JobEvent } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Checkbox } from "@/ui/Field";
import { Panel } from "@/ui/Panel";
import { Empty, Failure, Loading, Skeleton } from "@/ui/States";
import { exactClock, sinceStart } from "./clocks";
import { eventWords, useHistory } from "./history";

const TONES: Partial<Record<JobEvent["type"], string>> = {
  "job.succeeded": "bg-good",
  "job.failed": "bg-bad",
  "step.failed": "bg-bad",
  "step.retrying": "bg-warn",
  "job.cancelling": "bg-warn",
  "job.expired": "bg-warn",
  "results.removed": "bg-warn",
  "job.cancelled": "bg-ended",
  "step.cancelled": "bg-ended",
  "step.succeeded": "bg-good",
  "step.started": "bg-running",
  "job.started": "bg-running",
};

/** Everything that happened to the job, as it happens. */
export function Events({ job }: { job: Job }) {
  const history = useHistory(job.id);
  const [progress, setProgress] = useState(false);
  if (history.data === undefined)
    return history.error === null ? (
      <Loading what="the events">
        <Skeleton className="h-64" />
      </Loading>
    ) : (
      <Failure error={history.error} onRetry={() => void history.refetch()} />
    );
  const all = history.data.pages.flatMap((page) => page.data);
  const shown = progress
    ? all
    : all.filter((event) => event.type !== "step.progress" && event.type !== "step.chunk");
  const steps = job.steps.map((step) => step.name);
  return (
    <Panel
      flush
      title={`${plural(all.length, "event")}${hasEnded(job.status) ? "" : ", more as they happen"}`}
      actions={
        <Checkbox
          label="With progress"
          checked={progress}
          onChange={(event) => setProgress(event.target.checked)}
        />
      }
    >
      {shown.length === 0 ? (
        <Empty title="Nothing has happened yet" />
      ) : (
        <ol aria-label="Events" className="divide-y">
          {shown.map((event) => (
            <Line key={event.seq} event={event} start={job.created_at} steps={steps} />
          ))}
        </ol>
      )}
      {history.hasNextPage && (
        <div className="border-t p-3 text-center">
          <Button small busy={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
            Later events
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Line({ event, start, steps }: { event: JobEvent; start: string; steps: readonly string[] }) {
  const data = Object.keys(event.data).length > 0 ? JSON.stringify(event.data) : null;
  return (
    <li className="grid grid-cols-[3.5rem_1fr] items-baseline gap-x-3 px-4 py-1.5 text-sm [contain-intrinsic-size:auto_2rem] [content-visibility:auto] sm:grid-cols-[2.5rem_4.5rem_1fr_auto]">
      <span className="hidden num text-xs text-faint sm:block">{event.seq}</span>
      <time dateTime={event.at} title={exactClock(event.at)} className="num text-xs text-muted">
        {sinceStart(start, event.at)}
      </time>
      <span className="min-w-0 wrap-break-word">
        <span
          aria-hidden
          className={cx("mr-2 inline-block size-2 rounded-full", TONES[event.type] ?? "bg-line-strong")}
        />
        {eventWords(event, steps)}
      </span>
      <code
        className="col-start-2 hidden truncate font-mono text-xs text-muted sm:col-start-auto sm:block sm:max-w-md"
        title={data ?? undefined}
      >
        {event.type}
      </code>
    </li>
  );
}
