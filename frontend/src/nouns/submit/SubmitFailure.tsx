import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useNow } from "@/lib/clock";
import { duration } from "@/lib/time";
import { Button } from "@/ui/Button";
import { Failure } from "@/ui/States";

/**
 * Why a job was not accepted. Where the server says when there will be room again, the time is counted down, and the
 * request can be sent again when it is over.
 */
export function SubmitFailure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = asProblem(error);
  if (problem.retryAfter !== undefined)
    return <Wait key={problem.requestId ?? problem.code} error={error} onRetry={onRetry} />;
  const passing = problem.status === 0 || problem.status >= 500;
  return <Failure error={error} onRetry={passing ? onRetry : undefined} />;
}

function Wait({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = asProblem(error);
  const now = useNow();
  const [until] = useState(() => Date.now() + (problem.retryAfter ?? 0) * 1000);
  const left = Math.max(0, Math.ceil((until - now) / 1000));
  return (
    <div
      role="alert"
      className="flex flex-col gap-2 rounded-lg border border-warn/40 bg-warn-soft p-4 text-sm"
    >
      <p className="font-semibold">{problem.title}</p>
      <p className="wrap-break-word">{problem.message}</p>
      <p className="text-xs text-muted">Nothing was accepted and nothing is lost: your text stays here.</p>
      <div className="flex items-center gap-3">
        <Button small onClick={onRetry} disabled={left > 0}>
          {left > 0 ? `Try again in ${duration(left)}` : "Try again"}
        </Button>
      </div>
    </div>
  );
}
