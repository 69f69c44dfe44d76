import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Job } from "@/api/types";
import { isGone } from "@/nouns/submit/JobState";
import { Failure } from "@/ui/States";
import { recordingOf } from "./start";

/** Where the recording to be sent comes from, if a job was asked to be run again with changes. */
export function FromNotice({ from }: { from: UseQueryResult<Job> }) {
  if (from.fetchStatus === "idle" && from.isPending) return null;
  if (from.data !== undefined) {
    const link = (
      <Link to="/jobs/$jobId" params={{ jobId: from.data.id }} className="font-medium text-accent underline">
        an earlier job
      </Link>
    );
    return (
      <p className="rounded-md bg-sunken px-3 py-2 text-sm">
        {recordingOf(from.data) === undefined ? (
          <>The recording of {link} is no longer kept. Choose the file again.</>
        ) : (
          <>With the recording of {link}. Change what you like; Send makes a new job.</>
        )}
      </p>
    );
  }
  if (from.error === null) return <p className="text-sm text-muted">Reading the earlier job…</p>;
  if (isGone(from.error))
    return (
      <p role="alert" className="rounded-md bg-warn-soft px-3 py-2 text-sm">
        The job to begin with was deleted, or never was. Choose its file again.
      </p>
    );
  return <Failure error={from.error} onRetry={() => void from.refetch()} />;
}
