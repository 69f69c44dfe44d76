import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Job } from "@/api/types";
import { adviceFor } from "@/nouns/job/advice";

/** Why a job made nothing, in words, and what to do. Nothing for jobs that go on or succeeded. */
export function JobFailure({
  job,
  again,
}: {
  job: Job;
  /** How to try it again; left out where the same input would only fail again. */
  again?: ReactNode;
}) {
  if (job.status !== "failed" && job.status !== "cancelled" && job.status !== "expired") return null;
  const bad = job.status === "failed";
  // The event that it failed comes before the document that says why.
  if (bad && job.error === null) return <p className="text-sm text-muted">It failed. Reading why…</p>;
  return (
    <div
      role={bad ? "alert" : "status"}
      className={`flex gap-3 rounded-lg p-4 text-sm ${bad ? "bg-bad-soft" : "bg-sunken"}`}
    >
      {bad && <CircleAlert aria-hidden className="mt-0.5 size-5 shrink-0 text-bad" />}
      <div className="flex min-w-0 flex-col gap-1.5">
        {job.error !== null && <p className="font-semibold wrap-break-word">{sentence(job.error.detail)}</p>}
        <p className="wrap-break-word">
          {job.error === null
            ? "It was cancelled: nothing was made. It can be run again."
            : adviceFor(job.error).todo}
        </p>
        {again !== undefined && job.error?.cause !== "permanent" && <div className="mt-1 flex">{again}</div>}
      </div>
    </div>
  );
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
