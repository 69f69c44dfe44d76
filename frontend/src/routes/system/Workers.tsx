import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Unplug } from "lucide-react";
import { percent, plural } from "@/lib/numbers";
import { startWorker } from "@/nouns/health/words";
import { WorkerBadge } from "@/nouns/worker/badge";
import { workersQuery, type Worker } from "@/nouns/worker/queries";
import { deviceName, inOrder, workerState } from "@/nouns/worker/state";
import { Badge } from "@/ui/Badge";
import { Panel, Progress } from "@/ui/Panel";
import { Empty } from "@/ui/States";
import { Time } from "@/ui/Time";
import { Loaded } from "./Loaded";
import { Memory } from "./Memory";
import { Rows, type Column } from "./Rows";

/** Every worker: where it runs, what it holds, what it does now, and whether it still beats. */
export function Workers() {
  const query = useQuery(workersQuery);
  const alive = query.data?.filter((worker) => worker.alive).length ?? 0;
  const gone = (query.data?.length ?? 0) - alive;
  return (
    <Panel
      title="Workers"
      flush
      actions={
        query.data !== undefined && (
          <span className="text-xs text-muted">
            {alive} alive{gone > 0 && `, ${gone} gone in the last hour`}
          </span>
        )
      }
    >
      <Loaded query={query} what="the workers">
        {(workers) => (
          <>
            {alive === 0 && <NoWorker />}
            {workers.length > 0 && (
              <Rows
                label="Workers"
                rows={inOrder(workers)}
                keyOf={(worker) => worker.id}
                columns={COLUMNS}
                mark={(worker) => (worker.alive ? undefined : "faint")}
              />
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function NoWorker() {
  return (
    <Empty title="No worker is alive" icon={<Unplug aria-hidden />}>
      Jobs are kept and begin when one is there. Start the whole stack with{" "}
      <code className="font-mono text-xs text-ink">make up</code>, or a single worker with{" "}
      <code className="font-mono text-xs text-ink">{startWorker("cpu")}</code>.
    </Empty>
  );
}

const COLUMNS: readonly Column<Worker>[] = [
  {
    id: "id",
    head: "Worker",
    cell: (worker) => (
      <div className="min-w-0">
        <p className={worker.alive ? "font-medium" : "font-medium line-through"}>{worker.id}</p>
        <p className="text-xs text-muted">
          {worker.host} · process {worker.pid}
        </p>
      </div>
    ),
  },
  { id: "state", head: "State", cell: (worker) => <WorkerBadge state={workerState(worker)} /> },
  { id: "now", head: "Works on", cell: (worker) => <Now worker={worker} /> },
  {
    id: "device",
    head: "Device",
    cell: (worker) => (
      <div>
        <p>{deviceName(worker.device)}</p>
        <p className="text-xs text-muted">
          {worker.device_name !== null && `${worker.device_name} · `}
          {plural(worker.threads, "thread")}
        </p>
      </div>
    ),
  },
  {
    id: "memory",
    head: "Memory",
    help: "What its processes hold, of what its machine has; of a GPU, what all who use it take. The mark is what its models may take together.",
    cell: (worker) => <Memory memory={worker.memory} id={worker.id} />,
  },
  {
    id: "models",
    head: "Loaded models",
    help: "Models that are in its memory: a job for one of them begins without loading.",
    cell: (worker) =>
      worker.loaded_models.length === 0 ? (
        <span className="text-faint">None</span>
      ) : (
        <span className="flex flex-wrap gap-1">
          {worker.loaded_models.map((model) => (
            <Link key={model} to="/system" search={{ tab: "models", model }} className="hover:underline">
              <Badge>{model}</Badge>
            </Link>
          ))}
        </span>
      ),
  },
  { id: "queues", head: "Queues", cell: (worker) => worker.queues.join(", ") },
  {
    id: "beat",
    head: "Last beat",
    help: "A worker says every few seconds that it is there. After ten seconds of silence it counts as gone, and what it held is given to another one.",
    num: true,
    cell: (worker) => <Time at={worker.last_beat_at} className={worker.alive ? undefined : "text-bad"} />,
  },
];

function Now({ worker: { step, alive, id } }: { worker: Worker }) {
  if (step === null) return <span className="text-faint">Nothing</span>;
  return (
    <div className="flex min-w-36 flex-col gap-1">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <Link
          to="/jobs/$jobId"
          params={{ jobId: step.job_id }}
          title={step.job_id}
          className="font-medium text-accent-strong hover:underline"
        >
          {step.name}
          {step.model !== null && ` with ${step.model}`}
        </Link>
      </p>
      <Progress value={step.progress > 0 ? step.progress : null} label={`Progress of ${id}`} />
      <p className="text-xs text-muted">
        {step.progress > 0 && `${percent(step.progress)} · `}
        {alive ? "began" : "lost; began"} <Time at={step.started_at} />
      </p>
    </div>
  );
}
