import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RotateCw, X } from "lucide-react";
import { useRef } from "react";
import { hasEnded, type Job } from "@/api/types";
import { duration } from "@/lib/time";
import { Player, type PlayerHandle } from "@/nouns/audio/Player";
import { useClock } from "@/nouns/audio/clock";
import { useRetryJob } from "@/nouns/job/queries";
import { kindLabel, StatusBadge } from "@/nouns/job/status";
import { JobFailure } from "@/nouns/submit/JobFailure";
import { isGone, JobState, watchedJobQuery } from "@/nouns/submit/JobState";
import { isCut, useWholeJobs } from "@/nouns/transcript/queries";
import { Unread } from "@/nouns/transcript/Unread";
import { wordsOf } from "@/nouns/transcript/words";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { Panel } from "@/ui/Panel";
import { Failure, Loading, Skeleton } from "@/ui/States";
import { Time } from "@/ui/Time";
import { useFailureToast } from "@/ui/toast";
import { EmbeddingResult, SpeechResult, TranscriptResult } from "./results";
import { removeRecording, setJob, type Recording } from "./recordings";
import { LISTENING, type Listening } from "./settings";

/** A recording that was sent: its jobs as they go, and what came of them. */
export function RecordingCard({ recording }: { recording: Recording }) {
  const kinds = LISTENING.filter((kind) => recording.jobs[kind] !== undefined);
  const queries = useQueries({ queries: kinds.map((kind) => watchedJobQuery(recording.jobs[kind] ?? "")) });
  const jobs = queries.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const broken = queries.find(({ data, error }) => data === undefined && error !== null && !isGone(error));
  const gone = queries.length > 0 && queries.every(({ data, error }) => data === undefined && isGone(error));
  const reading = queries.some(({ data, error }) => data === undefined && error === null);
  return (
    <Panel
      title={
        <span className="block max-w-full truncate" title={recording.name}>
          {recording.name}
        </span>
      }
      actions={
        <>
          {[...new Set(jobs.map((job) => job.status))].map((status) => (
            <StatusBadge key={status} status={status} />
          ))}
          <IconButton
            small
            label={`Take ${recording.name} off this page`}
            onClick={() => removeRecording(recording.id)}
          >
            <X aria-hidden />
          </IconButton>
        </>
      }
    >
      <div className="flex flex-col gap-4" data-recording={recording.id}>
        {reading && jobs.length === 0 && (
          <Loading what="the jobs of this recording">
            <Skeleton className="h-24" />
          </Loading>
        )}
        {broken !== undefined && <Failure error={broken.error} onRetry={() => void broken.refetch()} />}
        {gone && (
          <p className="text-sm text-muted">
            The jobs of this recording were deleted, and what came of them. Choose the file again to send it
            anew.
          </p>
        )}
        {jobs.length > 0 && <Jobs recording={recording} jobs={jobs} />}
      </div>
    </Panel>
  );
}

function Jobs({ recording, jobs: told }: { recording: Recording; jobs: readonly Job[] }) {
  const wholes = useWholeJobs(told);
  const jobs = wholes.map(({ job }) => job);
  const unread = wholes.filter(({ job }) => isCut(job));
  const player = useRef<PlayerHandle>(null);
  const clock = useClock();
  const audio = jobs.find((job) => (job.inputs?.length ?? 0) > 0)?.inputs?.[0];
  const done = (kind: Listening): Job | undefined =>
    jobs.find((job) => job.kind === kind && job.status === "succeeded" && job.result !== null && !isCut(job));
  const texts = (["transcription", "translation"] as const).flatMap((kind) => done(kind) ?? []);
  const vad = done("vad");
  const embedding = done("embedding");
  const regions = vad?.result?.segments?.map(({ start, end }) => ({ start, end, label: "Speech" }));
  const words = wordsOf(texts[0]?.result?.segments ?? []);
  // One cause for all is told once.
  const failed = jobs.filter((job) => hasEnded(job.status) && job.status !== "succeeded");
  const reasons = failed.filter(
    (job, at) =>
      failed.findIndex((each) => each.error?.code === job.error?.code && each.status === job.status) === at,
  );
  // What the server could not read, the browser cannot play; as long as nobody knows, nothing is promised.
  const readable =
    jobs.some((job) => job.status === "succeeded") ||
    failed.some((job) => job.status !== "failed" || job.error?.code.startsWith("audio_") === false);
  return (
    <>
      {jobs.map((job) =>
        hasEnded(job.status) ? null : (
          <div key={job.id}>
            {jobs.length > 1 && <p className="text-xs font-medium text-muted">{kindLabel(job.kind)}</p>}
            <JobState job={job} what={`the ${kindLabel(job.kind).toLowerCase()} of ${recording.name}`} />
          </div>
        ),
      )}
      {reasons.map((job) => (
        <JobFailure key={job.id} job={job} again={<Retry recording={recording} jobs={failed} of={job} />} />
      ))}
      {audio !== undefined && readable && (
        <Player
          ref={player}
          src={audio.url}
          seconds={audio.seconds ?? texts[0]?.result?.duration ?? vad?.result?.duration}
          label={recording.name}
          onTime={clock.set}
          words={words}
          {...(regions === undefined ? {} : { regions })}
        />
      )}
      {vad !== undefined && <SpeechResult job={vad} />}
      {unread.map((whole) => (
        <Unread key={whole.job.id} whole={whole} />
      ))}
      {texts.map((job) => (
        <TranscriptResult
          key={job.id}
          job={job}
          recording={recording}
          editable={job === texts[0]}
          titled={texts.length > 1}
          clock={clock}
          onSeek={(seconds) => player.current?.seek(seconds, true)}
        />
      ))}
      {embedding !== undefined && <EmbeddingResult job={embedding} />}
      <footer className="flex flex-wrap items-center gap-2 border-t pt-3 text-xs text-muted">
        <Time at={recording.at} />
        {audio?.seconds != null && <span>· {duration(audio.seconds)}</span>}
        <span className="ml-auto flex flex-wrap items-center gap-x-3 gap-y-1">
          {jobs.length > 1 && <span>Jobs:</span>}
          {jobs.map((job) => (
            <Link
              key={job.id}
              to="/jobs/$jobId"
              params={{ jobId: job.id }}
              className="font-medium text-accent hover:underline"
            >
              {jobs.length === 1 ? "Open the job" : kindLabel(job.kind)}
            </Link>
          ))}
        </span>
      </footer>
    </>
  );
}

/** Runs jobs that failed of one cause again. */
function Retry({ recording, jobs, of }: { recording: Recording; jobs: readonly Job[]; of: Job }) {
  const retry = useRetryJob();
  const failed = useFailureToast();
  const same = jobs.filter((job) => job.error?.code === of.error?.code && job.status === of.status);
  return (
    <Button
      small
      icon={<RotateCw aria-hidden />}
      busy={retry.isPending}
      onClick={() => {
        for (const job of same)
          retry.mutate(
            { id: job.id },
            {
              onSuccess: (again) => setJob(recording.id, again.kind, again.id),
              onError: failed("The job could not be tried again"),
            },
          );
      }}
    >
      Try again
    </Button>
  );
}
