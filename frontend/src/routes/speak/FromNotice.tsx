import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Job } from "@/api/types";
import { isGone } from "@/nouns/submit/JobState";
import { Failure } from "@/ui/States";

/** Where the form's content comes from, if a job was asked to be run again with changes. */
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
        {from.data.kind === "speech" ? (
          <>Filled in from {link}. Change what you like; Speak makes a new job.</>
        ) : (
          <>The form could not be filled in from {link}: it was not a speech job.</>
        )}
      </p>
    );
  }
  if (from.error === null) return <p className="text-sm text-muted">Reading the earlier job…</p>;
  if (isGone(from.error))
    return (
      <p role="alert" className="rounded-md bg-warn-soft px-3 py-2 text-sm">
        The job to begin with was deleted, or never was. The form is as you last left it.
      </p>
    );
  return <Failure error={from.error} onRetry={() => void from.refetch()} />;
}
