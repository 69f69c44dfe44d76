import { Link } from "@tanstack/react-router";
import { CornerUpLeft, ExternalLink, RotateCw, Trash2 } from "lucide-react";
import type { Job, Model } from "@/api/types";
import { Download } from "@/nouns/audio/Download";
import { Player } from "@/nouns/audio/Player";
import { useRetryJob } from "@/nouns/job/queries";
import { StatusBadge } from "@/nouns/job/status";
import { JobFailure } from "@/nouns/submit/JobFailure";
import { isGone, JobState, useWatchedJob } from "@/nouns/submit/JobState";
import { voiceName } from "@/nouns/voice/voices";
import { Button, buttonClass } from "@/ui/Button";
import { Panel } from "@/ui/Panel";
import { Failure, Loading, Skeleton } from "@/ui/States";
import { Time } from "@/ui/Time";
import { useFailureToast } from "@/ui/toast";
import { addTakes, removeTake, type Take } from "./history";

interface Props {
  take: Take;
  models: readonly Model[];
  /** Puts it back into the form. */
  onReuse: () => void;
  /** Shows another take, say the one that this one was tried again as. */
  onShow: (job: string) => void;
}

/** One thing that was spoken: how it stands, and its audio. */
export function TakeCard({ take, models, onReuse, onShow }: Props) {
  const { data: job, error, refetch } = useWatchedJob(take.job);
  const model = models.find((each) => each.id === take.side.model);
  const reuse = (
    <Button small icon={<CornerUpLeft aria-hidden />} onClick={onReuse}>
      Use again
    </Button>
  );
  return (
    <Panel
      title={`${voiceName(model, take.side.voice) || (model?.title ?? take.side.model)} · ${take.side.model}`}
      actions={job !== undefined && <StatusBadge status={job.status} />}
      className="scroll-mt-16"
    >
      <div className="flex flex-col gap-4" data-take={take.job}>
        <p className="line-clamp-4 text-sm wrap-break-word whitespace-pre-wrap">{take.text}</p>
        {job === undefined && error === null && (
          <Loading what="the job">
            <Skeleton className="h-16" />
          </Loading>
        )}
        {job === undefined && error !== null && isGone(error) && <Gone take={take} onReuse={onReuse} />}
        {job === undefined && error !== null && !isGone(error) && (
          <Failure error={error} onRetry={() => void refetch()} />
        )}
        {job !== undefined && <Outcome job={job} take={take} onShow={onShow} />}
        {job !== undefined && (
          <footer className="flex flex-wrap items-center gap-2 border-t pt-3 text-xs text-muted">
            <Time at={take.at} />
            <span className="ml-auto flex flex-wrap justify-end gap-2">
              {job.status === "succeeded" && <Download jobId={job.id} kind="speech" />}
              {reuse}
              <Link to="/jobs/$jobId" params={{ jobId: take.job }} className={buttonClass("plain", true)}>
                <ExternalLink aria-hidden /> Open the job
              </Link>
            </span>
          </footer>
        )}
      </div>
    </Panel>
  );
}

function Outcome({ job, take, onShow }: { job: Job; take: Take; onShow: (job: string) => void }) {
  const retry = useRetryJob();
  const failed = useFailureToast();
  const audio = job.result?.artifacts.find((artifact) => artifact.role === "audio");
  if (audio !== undefined) return <Player src={audio.url} seconds={audio.seconds} label="the speech" />;
  if (job.status === "succeeded")
    return (
      <p className="text-sm text-muted">The audio is no longer kept. Use the text again to make it anew.</p>
    );
  return (
    <>
      <JobState job={job} what="the speech" />
      <JobFailure
        job={job}
        again={
          <Button
            small
            icon={<RotateCw aria-hidden />}
            busy={retry.isPending}
            onClick={() =>
              retry.mutate(
                { id: job.id },
                {
                  onSuccess: (again) => {
                    addTakes([{ ...take, job: again.id, at: Date.now() }]);
                    onShow(again.id);
                  },
                  onError: failed("The job could not be tried again"),
                },
              )
            }
          >
            Try again
          </Button>
        }
      />
    </>
  );
}

function Gone({ take, onReuse }: { take: Take; onReuse: () => void }) {
  return (
    <div className="flex flex-col gap-3 rounded-lg bg-sunken p-4 text-sm">
      <p>
        <strong className="font-semibold">This job was deleted.</strong> Its audio went with it. The text is
        still in this browser.
      </p>
      <div className="flex flex-wrap gap-2">
        <Button small icon={<CornerUpLeft aria-hidden />} onClick={onReuse}>
          Use again
        </Button>
        <Button small look="quiet" icon={<Trash2 aria-hidden />} onClick={() => removeTake(take.job)}>
          Remove from the history
        </Button>
      </div>
    </div>
  );
}
