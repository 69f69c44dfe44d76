import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { number, percent } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { queuesQuery, type Queue } from "@/nouns/queue/queries";
import { Skeleton } from "@/ui/States";
import { HOUR, statsQuery, type Stats } from "./stats";
import { Term } from "./Term";

/** The few numbers that tell how it goes. */
export function Figures() {
  const queues = useQuery(queuesQuery);
  const stats = useQuery(statsQuery(HOUR));
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border bg-line xl:grid-cols-4">
      {queues.data !== undefined ? (
        <Load queues={queues.data} />
      ) : (
        <Places names={["Waiting", "Running"]} failed={queues.isError} />
      )}
      {stats.data !== undefined ? (
        <Outcome stats={stats.data} />
      ) : (
        <Places names={["Done in the last hour", "Nine of ten done within"]} failed={stats.isError} />
      )}
    </dl>
  );
}

function Load({ queues }: { queues: readonly Queue[] }) {
  const jobs = queues.filter((queue) => queue.purpose !== "webhooks");
  const waiting = sum(jobs, (queue) => queue.waiting + queue.published);
  const oldest = Math.max(0, ...jobs.map((queue) => queue.oldest_seconds ?? 0));
  const running = sum(jobs, (queue) => queue.running);
  const rate = sum(jobs, (queue) => queue.rate_per_minute);
  return (
    <>
      <Figure
        name="Waiting"
        value={
          <Link to="/" search={{ status: ["queued"] }}>
            {number(waiting)}
          </Link>
        }
        about={oldest > 0 ? `the oldest for ${duration(oldest)}` : "nothing waits"}
      />
      <Figure
        name="Running"
        value={
          <Link to="/" search={{ status: ["running"] }}>
            {number(running)}
          </Link>
        }
        about={`${number(rate)} steps a minute lately`}
      />
    </>
  );
}

function Outcome({ stats }: { stats: Stats }) {
  const { succeeded, failed, expired, cancelled } = stats.statuses;
  const lost = failed + expired;
  const ended = succeeded + lost + cancelled;
  const busiest = stats.models.find((model) => model.total.p90 !== null);
  return (
    <>
      <Figure
        name={<Term help="Of the jobs that were submitted in the last hour.">Done in the last hour</Term>}
        value={number(ended)}
        about={
          lost === 0 ? (
            "none failed"
          ) : (
            <Link
              to="/"
              search={{ status: ["failed", "expired"], created_after: stats.since }}
              className="text-bad underline"
            >
              {number(lost)} failed ({percent(lost / ended)})
            </Link>
          )
        }
      />
      <Figure
        name={
          <Term help="Of the model with the most jobs in the last hour: nine of ten jobs took no longer than this from being submitted to their end.">
            Nine of ten done within
          </Term>
        }
        value={busiest?.total.p90 == null ? "–" : duration(busiest.total.p90)}
        about={
          busiest === undefined ? "nothing measured yet" : `${busiest.model}, ${number(busiest.jobs)} jobs`
        }
      />
    </>
  );
}

function Figure({ name, value, about }: { name: ReactNode; value: ReactNode; about: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1 bg-surface p-4">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="text-xl font-semibold tabular-nums [&_a]:hover:underline">{value}</dd>
      <dd className="text-xs text-muted">{about}</dd>
    </div>
  );
}

/** Where figures will stand, or would if they could be had. */
function Places({ names, failed }: { names: readonly string[]; failed: boolean }) {
  return names.map((name) => (
    <Figure
      key={name}
      name={name}
      value={failed ? "–" : <Skeleton className="h-8 w-16" />}
      about={failed ? "cannot be had now" : <Skeleton className="h-4 w-24" />}
    />
  ));
}

function sum(queues: readonly Queue[], of: (queue: Queue) => number): number {
  return queues.reduce((total, queue) => total + of(queue), 0);
}
