import { CircleAlert, Inbox, PlugZap } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { plural } from "@/lib/numbers";
import { Button } from "./Button";
import { cx } from "./cx";

interface EmptyProps {
  title: ReactNode;
  /** What to do next. */
  children?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
}

/** Nothing is there, and that is fine: says why, and what to do. */
export function Empty({ title, children, action, icon }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-14 text-center">
      <span className="text-faint [&_svg]:size-8">{icon ?? <Inbox aria-hidden />}</span>
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-prose text-sm text-muted">{children}</div>}
      {action !== undefined && <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** Something could not be had: what happened, which field, and the way out. */
export function Failure({
  error,
  onRetry,
  className,
}: {
  error: unknown;
  onRetry?: (() => void) | undefined;
  className?: string;
}) {
  const problem = asProblem(error);
  const away = problem.status === 0 && problem.code === "unreachable";
  return (
    <div
      role="alert"
      className={cx("flex gap-3 rounded-lg border border-bad/40 bg-bad-soft p-4 text-sm", className)}
    >
      <span className="mt-0.5 text-bad [&_svg]:size-5">
        {away ? <PlugZap aria-hidden /> : <CircleAlert aria-hidden />}
      </span>
      <div className="flex min-w-0 flex-col gap-1">
        <p className="font-semibold">{problem.title}</p>
        <p className="wrap-break-word">{problem.message}</p>
        {problem.fields.length > 0 && (
          <ul className="list-disc pl-5">
            {problem.fields.map((field) => (
              <li key={field.field + field.message}>
                <code className="font-mono text-xs">{field.field}</code> {field.message}
              </li>
            ))}
          </ul>
        )}
        {problem.retryAfter !== undefined && (
          <p className="text-muted">Try again in {plural(problem.retryAfter, "second")}.</p>
        )}
        {problem.requestId !== undefined && (
          <p className="text-xs text-muted">
            Request <code className="font-mono">{problem.requestId}</code> · the server’s log has it
          </p>
        )}
        {onRetry !== undefined && (
          <div className="mt-1">
            <Button small onClick={onRetry}>
              Try again
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

/** The place of something that is being loaded. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx("animate-pulse rounded-md bg-sunken", className)} />;
}

/** Says to those who listen that something loads. */
export function Loading({ what, children }: { what: string; children?: ReactNode }) {
  return (
    <div role="status" aria-live="polite">
      <span className="sr-only">Loading {what}</span>
      {children}
    </div>
  );
}
