import { useNavigate, useSearch } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, type ReactNode } from "react";
import { patiently } from "@/lib/patiently";
import { readinessQuery } from "@/nouns/health/queries";
import { queuesQuery } from "@/nouns/queue/queries";
import { workersQuery } from "@/nouns/worker/queries";
import { Badge } from "@/ui/Badge";
import { PageHead } from "@/ui/Panel";
import { Loading, Skeleton } from "@/ui/States";
import { Tabs } from "@/ui/Tabs";
import { useLiveRefresh } from "./live";
import { Models } from "./Models";
import { Overview } from "./Overview";
import { PausedNote } from "./PausedNote";
import { Performance } from "./Performance";
import { Queues } from "./Queues";
import { statsKey } from "./stats";
import { Workers } from "./Workers";

const Tester = lazy(() => patiently(() => import("./Tester")));

const TABS = ["overview", "queues", "workers", "models", "performance", "api"] as const;
type TabId = (typeof TABS)[number];

const FRESH = [queuesQuery.queryKey, workersQuery.queryKey, statsKey] as const;

/** How the service stands: what is there, what waits, who works, what it can do, how fast it is, and its API. */
export default function Page() {
  const { tab } = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  useLiveRefresh(FRESH);
  const value: TabId = TABS.find((each) => each === tab) ?? "overview";
  useEffect(() => {
    // On a telephone not all tabs are in sight.
    const active = document.querySelector('[role="tab"][data-state="active"]');
    active?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [value]);
  const contents: Record<TabId, readonly [ReactNode, ReactNode]> = {
    overview: [<OverviewLabel key="label" />, <Overview key="content" />],
    queues: [<QueuesLabel key="label" />, <Queues key="content" />],
    workers: ["Workers", <Workers key="content" />],
    models: ["Models", <Models key="content" />],
    performance: ["Performance", <Performance key="content" />],
    api: ["API", <LazyTester key="content" />],
  };
  return (
    <>
      <PageHead title="System">What is there, what waits, who works on it and how fast.</PageHead>
      <PausedNote />
      <Tabs
        label="Parts of the system"
        value={value}
        onChange={(id) => void navigate({ search: id === "overview" ? {} : { tab: id } })}
        tabs={TABS.map((id) => ({ id, label: contents[id][0], content: contents[id][1] }))}
      />
    </>
  );
}

function LazyTester() {
  const waiting = (
    <Loading what="the API tester">
      <Skeleton className="h-96" />
    </Loading>
  );
  return (
    <Suspense fallback={waiting}>
      <Tester />
    </Suspense>
  );
}

function OverviewLabel() {
  const { data } = useQuery(readinessQuery);
  return (
    <span className="inline-flex items-center gap-1.5">
      Overview
      {data?.status === "not_ready" && <Badge tone="bad">Not ready</Badge>}
    </span>
  );
}

function QueuesLabel() {
  const { data } = useQuery(queuesQuery);
  const paused = data?.filter((queue) => queue.paused_at !== null).length ?? 0;
  return (
    <span className="inline-flex items-center gap-1.5">
      Queues
      {paused > 0 && <Badge tone="warn">{paused} paused</Badge>}
    </span>
  );
}
