import { CircleAlert, CircleCheck } from "lucide-react";
import type { Readiness } from "@/nouns/health/queries";
import { checksOf, type Check } from "@/nouns/health/words";
import type { Queue } from "@/nouns/queue/queries";
import { plural } from "@/lib/numbers";

/** One line that says whether jobs can be done now. */
export function Verdict({
  readiness,
  queues,
}: {
  readiness: Readiness | undefined;
  queues: readonly Queue[];
}) {
  if (readiness === undefined) return null;
  const missing = checksOf(readiness.checks).filter((check) => !check.fine);
  const paused = queues.filter((queue) => queue.paused_at !== null).map((queue) => queue.name);
  if (missing.length === 0)
    return (
      <p className="flex items-center gap-2 text-sm" role="status">
        <CircleCheck className="size-4 shrink-0 text-good" aria-hidden />
        <span>
          <strong className="font-semibold">Everything that jobs need is there.</strong>{" "}
          {paused.length === 0 ? (
            <span className="text-muted">
              All {plural(Object.keys(readiness.checks).length, "check")} pass.
            </span>
          ) : (
            <span className="font-medium text-warn">
              But {paused.join(" and ")} {paused.length === 1 ? "is" : "are"} paused.
            </span>
          )}
        </span>
      </p>
    );
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-bad/40 bg-bad-soft px-4 py-3 text-sm">
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <p>
        <strong className="font-semibold">
          {missing.length === 1 ? "One thing is" : `${missing.length} things are`} not as jobs need it:
        </strong>{" "}
        {missing.map((check) => `${check.name} (${check.wrong ?? ""})`).join(", ")}. What to do stands below.
      </p>
    </div>
  );
}

/** Each thing that a job needs: what it is, whether it is there, and what to do if not. */
export function Checks({ checks }: { checks: Readonly<Record<string, string>> }) {
  return (
    <ul aria-label="What jobs need" className="divide-y">
      {checksOf(checks).map((check) => (
        <Line key={check.id} check={check} />
      ))}
    </ul>
  );
}

function Line({ check }: { check: Check }) {
  return (
    <li data-check={check.id} className="flex gap-3 px-4 py-2.5 text-sm">
      {check.fine ? (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
      ) : (
        <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      )}
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline justify-between gap-x-3">
          <span className="font-medium">{check.name}</span>
          <span className={check.fine ? "text-good" : "font-medium text-bad"}>
            {check.fine ? "OK" : check.wrong}
          </span>
        </p>
        <p className="text-xs text-muted">{check.about}</p>
        {check.remedy !== undefined && <p className="mt-1 wrap-break-word">{check.remedy}</p>}
      </div>
    </li>
  );
}
