import { CircleX, TimerOff } from "lucide-react";
import type { Problem } from "@/api/types";

const CAUSES: Record<NonNullable<Problem["cause"]>, string> = {
  permanent: "would fail again as it is, so it was not tried again",
  transient: "something it needs was away, so it was tried again, in vain",
  resource: "too little memory or room, so it was tried again, in vain",
  timeout: "took longer than it may",
  lost: "its workers were lost",
};

/** Why a job did not succeed, in the server’s own words; what to do about it stands in the head of the page. */
export function ErrorBox({ error }: { error: Problem }) {
  return (
    <section aria-label="What went wrong" className="rounded-lg border border-bad/40 bg-bad-soft p-4 text-sm">
      <h2 className="flex items-center gap-2 text-base font-semibold [&_svg]:size-5 [&_svg]:text-bad">
        {error.code === "deadline_exceeded" ? <TimerOff aria-hidden /> : <CircleX aria-hidden />}
        Why it did not succeed
      </h2>
      <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-muted">Detail</dt>
        <dd className="min-w-0 wrap-break-word">{error.detail}</dd>
        <dt className="text-muted">Code</dt>
        <dd className="font-mono text-xs leading-5">{error.code}</dd>
        {error.cause !== null && (
          <>
            <dt className="text-muted">Cause</dt>
            <dd>
              {error.cause}: {CAUSES[error.cause]}
            </dd>
          </>
        )}
        {(error.workers ?? []).length > 0 && (
          <>
            <dt className="text-muted">Workers lost</dt>
            <dd>{(error.workers ?? []).join(", ")}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
