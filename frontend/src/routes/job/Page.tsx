import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { ApiProblem } from "@/api/problem";
import type { Job } from "@/api/types";
import { jobQuery } from "@/nouns/job/queries";
import { kindLabel, statusLabel } from "@/nouns/job/status";
import { isCut, useWholeJob, type Whole } from "@/nouns/transcript/queries";
import { buttonClass } from "@/ui/Button";
import { Empty, Failure, Loading, Skeleton } from "@/ui/States";
import { Tabs, type Tab } from "@/ui/Tabs";
import { CodeTab } from "./CodeTab";
import { Deliveries } from "./Deliveries";
import { Events } from "./Events";
import { Head } from "./Head";
import { titleOf } from "./outcome";
import { Overview } from "./Overview";
import { RawTab } from "./RawTab";
import { Subtitles } from "./Subtitles";

/** Milliseconds after which a waiting job's place in the queue is asked for again. */
const PLACE_AGAIN = 5_000;

const route = getRouteApi("/jobs/$jobId");

/** One job: what became of it and why, what it took and made, and what can be done with it. */
export default function Page() {
  const { jobId } = route.useParams();
  const query = useQuery({
    ...jobQuery(jobId),
    // No event tells that others went before: the place in the queue has to be asked for.
    refetchInterval: ({ state }) => (state.data?.status === "queued" ? PLACE_AGAIN : false),
  });
  if (query.error instanceof ApiProblem && query.error.status === 404) return <Gone id={jobId} />;
  if (query.data !== undefined) return <Shown job={query.data} key={jobId} />;
  return (
    <Frame>
      <h1 className="sr-only">Job</h1>
      {query.error === null ? (
        <Loading what="the job">
          <Skeleton className="mb-3 h-8 w-1/2" />
          <Skeleton className="mb-6 h-5 w-2/3" />
          <div className="grid gap-4 lg:grid-cols-[1fr_20rem]">
            <Skeleton className="h-64" />
            <Skeleton className="h-64" />
          </div>
        </Loading>
      ) : (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      )}
    </Frame>
  );
}

function Frame({ children }: { children: ReactNode }) {
  return (
    <>
      <Link to="/" className="mb-3 inline-flex items-center gap-1.5 text-sm text-muted hover:text-ink">
        <ArrowLeft className="size-4" aria-hidden /> Jobs
      </Link>
      {children}
    </>
  );
}

function Gone({ id }: { id: string }) {
  return (
    <Frame>
      <title>Deleted job · Harmony</title>
      <h1 className="sr-only">No such job</h1>
      <Empty
        icon={<Trash2 aria-hidden />}
        title="This job was deleted, or never was"
        action={
          <Link to="/" className={buttonClass("primary")}>
            Go to the jobs
          </Link>
        }
      >
        There is no job <code className="font-mono text-xs break-all">{id}</code>. A job that was deleted
        takes its recordings, its results and its history with it.
      </Empty>
    </Frame>
  );
}

function Shown({ job: told }: { job: Job }) {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const whole = useWholeJob(told);
  const { job } = whole;
  const tabs = tabsOf(whole, told);
  const shown = tabs.some((each) => each.id === tab) ? (tab ?? "overview") : "overview";
  return (
    <Frame>
      <title>{`${statusLabel(job.status)}: ${titleOf(job) ?? kindLabel(job.kind)} · Harmony`}</title>
      <Head job={job} />
      <Tabs
        label="Parts of this job"
        tabs={tabs}
        value={shown}
        onChange={(id) =>
          void navigate({
            search: { tab: id === "overview" ? undefined : id },
            replace: true,
            resetScroll: false,
          })
        }
      />
    </Frame>
  );
}

function tabsOf(whole: Whole, told: Job): Tab[] {
  const { job } = whole;
  const heard = job.kind === "transcription" || job.kind === "translation";
  const spoken = (job.result?.segments ?? []).some((segment) => (segment.text ?? "") !== "");
  const subtitled = spoken || (heard && isCut(job));
  return [
    { id: "overview", label: "Overview", content: <Overview whole={whole} /> },
    ...(subtitled ? [{ id: "subtitles", label: "Subtitles", content: <Subtitles whole={whole} /> }] : []),
    { id: "events", label: "Events", content: <Events job={job} /> },
    { id: "webhooks", label: "Webhooks", content: <Deliveries job={job} /> },
    { id: "code", label: "Code", content: <CodeTab job={job} /> },
    { id: "json", label: "JSON", content: <RawTab job={told} /> },
  ];
}
