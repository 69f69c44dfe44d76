import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { number } from "@/lib/numbers";
import { useGap, useLiveEvents } from "@/live/context";
import { listKey } from "@/nouns/job/list";
import { PageHead } from "@/ui/Panel";
import { Failure, Loading, Skeleton } from "@/ui/States";
import { ActiveFilters } from "./ActiveFilters";
import { BulkBar } from "./BulkBar";
import { ColumnMenu } from "./ColumnMenu";
import { FilterMenus } from "./FilterMenus";
import { isCountable } from "./joins";
import { JobTable } from "./JobTable";
import { ListKeeper, MANY_FRESH } from "./keeper";
import { NoJobs, NoMatch } from "./Nothing";
import { Overview } from "./Overview";
import { SearchField } from "./SearchField";
import { addressOf, isCounted, isFiltered, toggled, type Search } from "./search";
import { useSelection } from "./selection";
import { StatusChips } from "./StatusChips";
import { TimeMenu } from "./TimeMenu";
import { useColumns } from "./useColumns";
import { useFilter } from "./useFilter";
import { useJobList } from "./useJobList";
import { useStats } from "./useStats";
import { Views } from "./Views";

const route = getRouteApi("/");
const NO_ROWS: readonly never[] = [];

/** Every job, live: found by filters, counted, and steered by the dozen. */
export default function Page() {
  const search: Search = route.useSearch();
  const navigate = useNavigate();
  const change = useCallback((next: Search) => void navigate({ to: "/", search: next }), [navigate]);
  const filter = useFilter(search);
  const counted = isCounted(search);
  const stats = useStats(filter, counted);
  const { list, more, moreError } = useJobList(filter);
  const rows = list.data?.rows ?? NO_ROWS;
  const picking = useSelection(rows, addressOf(search));
  const { visibility, choose, reset } = useColumns();
  const keeper = useKeeper(filter);
  const complete = list.data?.next === null;
  const timed = search.created_after !== undefined || search.created_before !== undefined;
  const find = useCallback(
    (q: string) =>
      void navigate({ to: "/", search: { ...search, q: q === "" ? undefined : q }, replace: true }),
    [navigate, search],
  );
  return (
    <>
      <PageHead title="Jobs">Every job of this machine, as it happens.</PageHead>
      <Views search={search} onChange={change} />
      <div className="mb-3 flex flex-wrap gap-2">
        <SearchField text={search.q ?? ""} onSearch={find} />
        <div className="-mx-4 flex w-[calc(100%+2rem)] shrink-0 gap-2 overflow-x-auto px-4 md:mx-0 md:w-auto md:px-0">
          <TimeMenu search={search} onChoose={(times) => change({ ...search, ...times })} />
          <FilterMenus search={search} onChange={change} />
          <div className="hidden min-[1100px]:block">
            <ColumnMenu visibility={visibility} onChoose={choose} onReset={reset} />
          </div>
        </div>
      </div>
      <div className="mb-3">
        <StatusChips
          counts={counted ? (timed ? stats.data?.statuses : stats.data?.total) : undefined}
          chosen={search.status ?? []}
          onToggle={(status) => change(toggled(search, "status", status))}
        />
      </div>
      <ActiveFilters search={search} onChange={change} />
      {counted && !(stats.isError && list.isError) && (
        <Overview
          stats={stats}
          onBrush={(from, to) =>
            change({
              ...search,
              created_after: new Date(from).toISOString(),
              created_before: new Date(to).toISOString(),
            })
          }
        />
      )}
      <NewJobs keeper={keeper} exact={isCountable(filter)} />
      <section aria-label="Jobs" className="rounded-lg border bg-surface">
        {list.data === undefined ? (
          list.error === null ? (
            <Waiting />
          ) : (
            <Failure error={list.error} onRetry={() => void list.refetch()} className="m-3" />
          )
        ) : rows.length > 0 ? (
          <JobTable
            key={addressOf(search)}
            {...{ rows, complete, more, moreError, visibility, keeper, picking }}
          />
        ) : isFiltered(search) ? (
          <NoMatch search={search} onClear={() => change({})} />
        ) : (
          <NoJobs />
        )}
      </section>
      <BulkBar filter={filter} picking={picking} shown={rows.length} complete={complete} />
    </>
  );
}

/** What keeps a list fresh, as long as it is shown. */
function useKeeper(filter: ReturnType<typeof useFilter>): ListKeeper {
  const client = useQueryClient();
  const keeper = useMemo(() => new ListKeeper(client, filter), [client, filter]);
  useEffect(() => keeper.start(), [keeper]);
  useLiveEvents(keeper.take);
  useGap(() => void client.invalidateQueries({ queryKey: listKey(filter) }));
  return keeper;
}

/** Jobs that came while the reader was further down. */
function NewJobs({ keeper, exact }: { keeper: ListKeeper; exact: boolean }) {
  const waiting = useSyncExternalStore(keeper.watch, keeper.count);
  if (waiting === 0) return null;
  const many = waiting >= MANY_FRESH ? "+" : "";
  return (
    <button
      type="button"
      onClick={() => window.scrollTo({ top: 0 })}
      className="fixed top-26 left-1/2 z-20 inline-flex h-8 -translate-x-1/2 items-center gap-1.5 rounded-full bg-accent px-3 text-sm font-medium text-on-accent shadow-raised hover:bg-accent-strong md:ml-26"
    >
      <ArrowUp className="size-4" aria-hidden />
      {exact ? `${number(waiting)}${many} new ${waiting === 1 ? "job" : "jobs"}` : "New jobs"}
    </button>
  );
}

function Waiting() {
  const [lines] = useState(() => Array.from({ length: 12 }, (_, number) => number));
  return (
    <Loading what="jobs">
      <div className="flex flex-col gap-5 p-4">
        {lines.map((line) => (
          <Skeleton key={line} className="h-5" />
        ))}
      </div>
    </Loading>
  );
}
