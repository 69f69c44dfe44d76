import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, CircleStop, Code2, FilePen, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { hasEnded, type Job } from "@/api/types";
import { useCancelJob, useDeleteJob, useRetryJob } from "@/nouns/job/queries";
import { Button, buttonClass } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { IconButton } from "@/ui/IconButton";
import { Menu, MenuItem, MenuLabel } from "@/ui/Menu";
import { useFailureToast, useToast } from "@/ui/toast";
import { useCopy } from "./copy";
import { AgainLink } from "./AgainLink";
import { retrySteps } from "./outcome";
import { LANGUAGE_NAMES, LANGUAGES, snippet, type SnippetLanguage } from "./snippets";

/** What can be done with a job in its state; what cannot is not offered. */
export function Actions({ job, removed }: { job: Job; removed: boolean }) {
  const ended = hasEnded(job.status);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <CopyMenu job={job} />
      {!ended && <Cancel job={job} />}
      {ended && !removed && <Retry job={job} />}
      <AgainLink job={job} className={buttonClass(ended && job.status !== "succeeded" ? "primary" : "plain")}>
        <FilePen aria-hidden /> Run again with changes
      </AgainLink>
      {ended && <Delete job={job} />}
    </div>
  );
}

function Cancel({ job }: { job: Job }) {
  const cancel = useCancelJob();
  const failed = useFailureToast();
  return (
    <Button
      look="danger"
      busy={cancel.isPending || job.status === "cancelling"}
      icon={<CircleStop aria-hidden />}
      onClick={() => cancel.mutate(job.id, { onError: failed("The job could not be cancelled") })}
    >
      {job.status === "cancelling" ? "Cancelling" : "Cancel"}
    </Button>
  );
}

function Retry({ job }: { job: Job }) {
  const retry = useRetryJob();
  const failed = useFailureToast();
  const toast = useToast();
  const navigate = useNavigate();
  const steps = retrySteps(job);
  const start = (from?: string): void =>
    retry.mutate(
      { id: job.id, ...(from === undefined ? {} : { from }) },
      {
        onError: failed("The job could not be run again"),
        onSuccess: (made) => {
          toast({ title: "A new job was made of it", detail: "This is that job." });
          void navigate({ to: "/jobs/$jobId", params: { jobId: made.id } });
        },
      },
    );
  const only = steps.length === 1 ? steps[0] : undefined;
  if (only !== undefined)
    return (
      <Button
        busy={retry.isPending}
        icon={<RotateCcw aria-hidden />}
        onClick={() => start(only.first ? undefined : only.name)}
      >
        Retry
      </Button>
    );
  return (
    <Menu
      end
      trigger={
        <Button busy={retry.isPending} icon={<RotateCcw aria-hidden />}>
          Retry <ChevronDown aria-hidden />
        </Button>
      }
    >
      <MenuLabel>As a new job that begins with</MenuLabel>
      {steps.map((step, at) => (
        <MenuItem key={at} onSelect={() => start(step.first ? undefined : String(at))}>
          {step.name}
          {step.first && <span className="text-xs text-muted">where it ended</span>}
        </MenuItem>
      ))}
    </Menu>
  );
}

function Delete({ job }: { job: Job }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteJob();
  const failed = useFailureToast();
  const toast = useToast();
  const navigate = useNavigate();
  const confirm = (): void =>
    remove.mutate(job.id, {
      onError: failed("The job could not be deleted"),
      onSuccess: () => {
        toast({ title: "The job was deleted" });
        void navigate({ to: "/" });
      },
      onSettled: () => setAsking(false),
    });
  return (
    <>
      <IconButton label="Delete" onClick={() => setAsking(true)}>
        <Trash2 aria-hidden />
      </IconButton>
      <Dialog
        open={asking}
        onOpenChange={setAsking}
        title="Delete this job?"
        description="Its recordings, results and history go with it, and links to it lead nowhere. This cannot be undone."
        actions={
          <>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button look="danger" busy={remove.isPending} icon={<Trash2 aria-hidden />} onClick={confirm}>
              Delete
            </Button>
          </>
        }
      />
    </>
  );
}

function CopyMenu({ job }: { job: Job }) {
  const toast = useToast();
  const navigate = useNavigate();
  const [, write] = useCopy();
  const copy = async (language: SnippetLanguage): Promise<void> => {
    if (await write(snippet(language, job, window.location.origin)))
      toast({
        title: `Copied as ${LANGUAGE_NAMES[language]}`,
        detail: "It submits the same anew, as pasted.",
      });
  };
  return (
    <Menu
      end
      trigger={
        <Button look="quiet" icon={<Code2 aria-hidden />}>
          Copy as <ChevronDown aria-hidden />
        </Button>
      }
    >
      {LANGUAGES.map((language) => (
        <MenuItem key={language} onSelect={() => void copy(language)}>
          {LANGUAGE_NAMES[language]}
        </MenuItem>
      ))}
      <MenuItem
        onSelect={() =>
          void navigate({
            to: "/jobs/$jobId",
            params: { jobId: job.id },
            search: { tab: "code" },
            replace: true,
            resetScroll: false,
          })
        }
      >
        Show them
      </MenuItem>
    </Menu>
  );
}
