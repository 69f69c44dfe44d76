import { useQuery, useQueryClient } from "@tanstack/react-query";
import { healthQuery, readinessQuery } from "@/nouns/health/queries";
import { queuesQuery } from "@/nouns/queue/queries";
import { Panel } from "@/ui/Panel";
import { Failure } from "@/ui/States";
import { Capabilities } from "./Capabilities";
import { Checks, Verdict } from "./Checks";
import { Figures } from "./Figures";
import { Loaded } from "./Loaded";
import { MinuteChart } from "./MinuteChart";
import { HOUR, statsQuery } from "./stats";
import { Runs } from "./Runs";

/** Whether all is well, and if not what to do; then how much there is to do and how it goes. */
export function Overview() {
  const client = useQueryClient();
  const readiness = useQuery(readinessQuery);
  const health = useQuery(healthQuery);
  const queues = useQuery(queuesQuery);
  const stats = useQuery(statsQuery(HOUR));
  // Nobody is there at all: said once, not in every part of the page.
  if (readiness.data === undefined && readiness.error !== null)
    return <Failure error={readiness.error} onRetry={() => void client.refetchQueries({ type: "active" })} />;
  return (
    <div className="flex flex-col gap-4">
      <Verdict readiness={readiness.data} queues={queues.data ?? []} />
      <Figures />
      <Panel title="Jobs per minute, last hour">
        <Loaded query={stats} what="the counts" height="h-40">
          {(data) => <MinuteChart stats={data} />}
        </Loaded>
      </Panel>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title="What jobs need" flush>
          <Loaded query={readiness} what="the state of the service" height="h-64">
            {(data) => <Checks checks={data.checks} />}
          </Loaded>
        </Panel>
        <div className="flex flex-col gap-4">
          <Panel title="What can be asked for" flush>
            <Loaded query={health} what="the capabilities" height="h-48">
              {(data) => <Capabilities health={data} />}
            </Loaded>
          </Panel>
          <Runs />
        </div>
      </div>
    </div>
  );
}
