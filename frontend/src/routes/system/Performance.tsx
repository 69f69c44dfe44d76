import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Timer } from "lucide-react";
import { buttonClass } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { Panel } from "@/ui/Panel";
import { Empty } from "@/ui/States";
import { Time } from "@/ui/Time";
import { Loaded } from "./Loaded";
import { ModelTimes } from "./ModelTimes";
import { RANGES, rangeOf, statsQuery, type Range, type Stats } from "./stats";

/** How fast each model was, measured on the jobs that ended in a range of time. */
export function Performance() {
  const { range: id } = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const range = rangeOf(id);
  const query = useQuery(statsQuery(range));
  return (
    <Panel
      title="How long jobs take, by model"
      flush
      actions={
        <Select
          aria-label="Time range"
          className="h-8! w-auto!"
          value={range.id}
          onChange={(event) =>
            void navigate({ search: { tab: "performance", range: event.target.value }, replace: true })
          }
        >
          {RANGES.map((each) => (
            <option key={each.id} value={each.id}>
              {each.label}
            </option>
          ))}
        </Select>
      }
    >
      <Loaded query={query} what="the measurements" height="h-72">
        {(stats) => <Measured stats={stats} range={range} />}
      </Loaded>
    </Panel>
  );
}

function Measured({ stats, range }: { stats: Stats; range: Range }) {
  if (stats.models.length === 0)
    return (
      <Empty
        title="Nothing measured yet"
        icon={<Timer aria-hidden />}
        action={
          <Link to="/speak" className={buttonClass()}>
            Speak something
          </Link>
        }
      >
        No job ended in the {range.label.replace("Last ", "last ")}. Choose a longer time, or run one.
      </Empty>
    );
  return (
    <>
      <div className="grid gap-px bg-line lg:grid-cols-2">
        {stats.models.map((model) => (
          <ModelTimes key={`${model.model} ${model.kind}`} model={model} />
        ))}
        {stats.models.length % 2 === 1 && <div className="hidden bg-surface lg:block" />}
      </div>
      <p className="border-t px-4 py-2 text-xs text-muted">
        Of jobs that ended in the {range.label.replace("Last ", "last ")}, as of <Time at={stats.as_of} />.
        Figures are at most 10 % beside the true ones. Waiting and in all: jobs that succeeded or failed;
        running and real time: jobs that succeeded.
      </p>
    </>
  );
}
