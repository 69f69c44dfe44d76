import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useNow } from "@/lib/clock";
import { number, plural } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { QueueBadge } from "@/nouns/queue/badge";
import { queuesQuery } from "@/nouns/queue/queries";
import { driftOf, isDrifting, purposeOf, queueState, timeToEmpty, type SeenQueue } from "@/nouns/queue/state";
import { Panel } from "@/ui/Panel";
import { Time } from "@/ui/Time";
import { Loaded } from "./Loaded";
import { Rows, type Column } from "./Rows";
import { Steer } from "./Steer";

/** Every queue: what waits and runs there, who serves it, how long it will take, and whether it is paused. */
export function Queues() {
  const query = useQuery(queuesQuery);
  return (
    <div className="flex flex-col gap-4">
      <Drifts queues={query.data ?? []} />
      <Panel title="Queues" flush>
        <Loaded query={query} what="the queues">
          {(queues) => (
            <Rows label="Queues" rows={queues} keyOf={(queue) => queue.name} columns={COLUMNS} mark={mark} />
          )}
        </Loaded>
      </Panel>
    </div>
  );
}

function mark(queue: SeenQueue): "warn" | "bad" | undefined {
  if (queue.paused_at !== null) return "warn";
  return queue.slots === 0 && queue.waiting + queue.published > 0 ? "bad" : undefined;
}

const COLUMNS: readonly Column<SeenQueue>[] = [
  {
    id: "name",
    head: "Queue",
    cell: (queue) => (
      <div className="min-w-0">
        <p className="font-medium">{queue.name}</p>
        <p className="text-xs text-muted">{purposeOf(queue)}</p>
      </div>
    ),
  },
  {
    id: "state",
    head: "State",
    cell: (queue) => (
      <div className="flex flex-col items-start gap-1">
        <QueueBadge state={queueState(queue)} />
        {queue.paused_at !== null && (
          <span className="text-xs text-muted">
            <Time at={queue.paused_at} />
          </span>
        )}
      </div>
    ),
  },
  {
    id: "waiting",
    head: "Waiting",
    help: "Accepted and due, not yet handed to the broker. For webhooks: deliveries that are due.",
    num: true,
    cell: (queue) => <Count count={queue.waiting} />,
  },
  {
    id: "published",
    head: "Handed out",
    help: "Given to the broker; no worker has taken them yet.",
    num: true,
    cell: (queue) => <Count count={queue.published} />,
  },
  {
    id: "running",
    head: "Running",
    num: true,
    cell: (queue) => <Count count={queue.running} />,
  },
  {
    id: "slots",
    head: "Busy workers",
    help: "Live workers that run something now, of all live ones that serve this queue. Each runs one step at a time.",
    num: true,
    cell: (queue) => (
      <span className={queue.slots === 0 ? "text-bad" : undefined}>
        {queue.busy} of {queue.slots}
      </span>
    ),
  },
  {
    id: "oldest",
    head: "Oldest",
    help: "How long the one that waits longest has waited.",
    num: true,
    cell: (queue) => <Maybe value={queue.oldest_seconds} words={duration} />,
  },
  {
    id: "rate",
    head: "Per minute",
    help: "Steps that ended, over the last five full minutes.",
    num: true,
    cell: (queue) => <Count count={queue.rate_per_minute} />,
  },
  {
    id: "empty",
    head: "Empty in",
    help: "At the rate of the last minutes, if nothing new comes.",
    num: true,
    cell: (queue) => <Emptying queue={queue} />,
  },
  {
    id: "depth",
    head: "In the broker",
    help: "Messages that the broker holds, as the dispatcher counted them a moment ago. It should be what was handed out.",
    num: true,
    cell: (queue) => <Depth queue={queue} />,
  },
  { id: "steer", head: "Steer", cell: (queue) => <Steer queue={queue} /> },
];

function Count({ count }: { count: number }) {
  return <span className={count === 0 ? "text-faint" : "font-medium"}>{number(count)}</span>;
}

function Maybe({ value, words }: { value: number | null; words: (value: number) => string }) {
  return value === null ? <span className="text-faint">–</span> : words(value);
}

function Emptying({ queue }: { queue: SeenQueue }) {
  const seconds = timeToEmpty(queue);
  if (seconds === 0) return <span className="text-faint">empty</span>;
  if (seconds !== null) return `about ${duration(seconds)}`;
  const why = queue.paused_at !== null ? "paused" : queue.slots === 0 ? "no worker" : "not known yet";
  return <span className="text-muted">{why}</span>;
}

function Depth({ queue }: { queue: SeenQueue }) {
  const drifts = isDrifting(queue, useNow());
  if (!drifts) return <Maybe value={queue.depth} words={number} />;
  return (
    <span className="inline-flex items-center gap-1 font-medium text-bad">
      <TriangleAlert className="size-4" aria-label="Does not agree" />
      {number(queue.depth ?? 0)}
    </span>
  );
}

/** The alarm: the broker holds something else than what was handed to it, and has for a while. */
function Drifts({ queues }: { queues: readonly SeenQueue[] }) {
  const now = useNow();
  return queues
    .filter((queue) => isDrifting(queue, now))
    .map((queue) => {
      const drift = driftOf(queue);
      return (
        <div
          key={queue.name}
          role="status"
          className="flex gap-3 rounded-lg border border-bad/40 bg-bad-soft px-4 py-3 text-sm"
        >
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          <p>
            <strong className="font-semibold">
              {drift < 0
                ? `${plural(-drift, "message")} of ${queue.name} missing in the broker.`
                : `${plural(drift, "message")} of ${queue.name} too many in the broker.`}
            </strong>{" "}
            {drift < 0
              ? "The broker was emptied or restarted. Nothing is lost: the dispatcher sends them again within a minute."
              : "They are left over from jobs that were cancelled or sent again. Workers drop them when they reach them."}{" "}
            If this stays, see the dispatcher and the broker on the{" "}
            <Link to="/system" className="font-medium text-accent-strong underline">
              overview
            </Link>
            .
          </p>
        </div>
      );
    });
}
