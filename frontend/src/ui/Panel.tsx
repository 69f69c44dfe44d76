import type { ReactNode } from "react";
import { cx } from "./cx";

/** The head of a page: what it is, a line about it, and what can be done. */
export function PageHead({
  title,
  children,
  actions,
}: {
  title: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        {children !== undefined && <p className="text-sm text-muted">{children}</p>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  actions,
  children,
  className,
  flush,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  flush?: boolean;
}) {
  return (
    <section className={cx("min-w-0 rounded-lg border bg-surface", className)}>
      {title !== undefined && (
        <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b px-4 py-1.5">
          <h2 className="text-sm font-semibold">{title}</h2>
          {actions !== undefined && <div className="flex items-center gap-1">{actions}</div>}
        </div>
      )}
      <div className={flush === true ? "" : "p-4"}>{children}</div>
    </section>
  );
}

/** Names and values, one under the other. */
export function Facts({ facts }: { facts: readonly (readonly [ReactNode, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm">
      {facts.map(([name, value], number) => (
        <div key={number} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 wrap-break-word">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How far something is, 0 to 1; null while nobody can tell. */
export function Progress({ value, label }: { value: number | null; label: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(value === null ? {} : { "aria-valuenow": Math.round(value * 100) })}
      className="h-1.5 w-full overflow-hidden rounded-full bg-sunken"
    >
      <div
        className={cx(
          "h-full rounded-full bg-running transition-[width]",
          value === null && "w-1/3 animate-pulse",
        )}
        {...(value === null ? {} : { style: { width: `${value * 100}%` } })}
      />
    </div>
  );
}
