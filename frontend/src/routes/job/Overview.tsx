import { Link } from "@tanstack/react-router";
import { Check, Copy } from "lucide-react";
import type { ReactNode } from "react";
import type { Job } from "@/api/types";
import { duration } from "@/lib/time";
import type { Whole } from "@/nouns/transcript/queries";
import { Badge } from "@/ui/Badge";
import { Facts, Panel } from "@/ui/Panel";
import { Time } from "@/ui/Time";
import { IconButton } from "@/ui/IconButton";
import { ErrorBox } from "./ErrorBox";
import { useCopy } from "./copy";
import { Asked } from "./Asked";
import { Result } from "./Result";
import { Waterfall } from "./Waterfall";

/** What became of the job, where its time went, and what it was. */
export function Overview({ whole }: { whole: Whole }) {
  const { job } = whole;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="flex min-w-0 flex-col gap-4">
        {job.error !== null && <ErrorBox error={job.error} />}
        <Result whole={whole} />
        <Waterfall job={job} />
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <Panel title="Details">
          <Facts facts={factsOf(job)} />
        </Panel>
        <Asked job={job} />
      </div>
    </div>
  );
}

function factsOf(job: Job): (readonly [ReactNode, ReactNode])[] {
  const facts: (readonly [ReactNode, ReactNode])[] = [
    [
      "Id",
      <span key="id" className="flex items-start justify-between gap-1">
        <code className="font-mono text-xs leading-5 break-all">{job.id}</code>
        <CopyId id={job.id} />
      </span>,
    ],
    ["Model", job.model],
    ["Queue", job.queue],
    ["Priority", job.priority],
    ["Submitted", <Time key="submitted" at={job.created_at} />],
  ];
  if (job.started_at !== null) {
    const waited = (Date.parse(job.started_at) - Date.parse(job.created_at)) / 1000;
    facts.push([
      "Started",
      <Span key="started" at={job.started_at} words={`after ${duration(Math.max(0, waited))}`} />,
    ]);
  }
  if (job.finished_at !== null) facts.push(["Ended", <Time key="ended" at={job.finished_at} />]);
  facts.push(["Attempts", job.attempts]);
  if (job.deadline !== null) facts.push(["Deadline", <Time key="deadline" at={job.deadline} />]);
  if (job.expires_at !== null) facts.push(["Kept until", <Time key="expires" at={job.expires_at} />]);
  if (job.retry_of !== null) facts.push(["Retry of", <JobLink key="retry" id={job.retry_of} />]);
  const labels = Object.entries(job.labels);
  if (labels.length > 0) facts.push(["Labels", <Labels key="labels" labels={labels} />]);
  return facts;
}

function Span({ at, words }: { at: string; words: string }) {
  return (
    <>
      <Time at={at} /> <span className="text-muted">({words})</span>
    </>
  );
}

function JobLink({ id }: { id: string }) {
  return (
    <Link
      to="/jobs/$jobId"
      params={{ jobId: id }}
      className="font-mono text-xs break-all text-accent-strong underline"
    >
      {id}
    </Link>
  );
}

function Labels({ labels }: { labels: [string, string][] }) {
  return (
    <span className="flex flex-wrap gap-1">
      {labels.map(([name, value]) => (
        <Link
          key={name}
          to="/"
          search={{ label: [`${name}:${value}`] }}
          title="All jobs with this label"
          className="max-w-full min-w-0 hover:underline"
        >
          <Badge>
            <span className="max-w-52 truncate">
              {name}: {value}
            </span>
          </Badge>
        </Link>
      ))}
    </span>
  );
}

function CopyId({ id }: { id: string }) {
  const [done, copy] = useCopy();
  return (
    <IconButton label={done ? "Copied" : "Copy the id"} small className="-my-1" onClick={() => void copy(id)}>
      {done ? <Check aria-hidden /> : <Copy aria-hidden />}
    </IconButton>
  );
}
