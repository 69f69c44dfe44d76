import { useState } from "react";
import type { Job } from "@/api/types";
import { Panel } from "@/ui/Panel";

interface Props {
  job: Job;
  /** Whether somebody listens: then the page should not take the sound away when the job ends. */
  onHearing: (hearing: boolean) => void;
}

/** Plays the sound while it is made. Nothing is asked for until somebody presses play. */
export function Live({ job, onHearing }: Props) {
  const [failed, setFailed] = useState(false);
  const hear = (hearing: boolean) => () => onHearing(hearing);
  const fail = (): void => {
    setFailed(true);
    onHearing(false);
  };
  return (
    <Panel title="Speech, as it is made">
      {/* It has no captions: its text stands beside it. */}
      <audio
        controls
        preload="none"
        src={liveAddress(job)}
        aria-label="Speech, as it is made"
        onPlay={hear(true)}
        onEnded={hear(false)}
        onError={fail}
        className="w-full"
      />
      <p className="mt-2 text-sm text-muted">
        {failed
          ? "It broke off, or this browser does not know the format. What it makes appears here when it is done."
          : "Press play to hear what there is so far, and the rest as it comes."}
      </p>
    </Panel>
  );
}

/** On the server of this page, by whatever name it was reached. No browser plays bare samples: those get a header. */
function liveAddress(job: Job): string {
  const request = job.request as { options?: { format?: string } };
  return `/v1/jobs/${job.id}/audio${request.options?.format === "pcm" ? "?format=wav" : ""}`;
}
