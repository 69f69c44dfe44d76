import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { cx } from "@/ui/cx";
import { Input } from "@/ui/Field";
import { findOperations, type Operation } from "./openapi";

const COLORS: Record<string, string> = {
  GET: "text-running",
  POST: "text-good",
  PATCH: "text-warn",
  PUT: "text-warn",
  DELETE: "text-bad",
};

export function Method({ method }: { method: string }) {
  return (
    <span className={cx("w-13 shrink-0 font-mono text-xs font-semibold", COLORS[method] ?? "text-muted")}>
      {method}
    </span>
  );
}

/** Every route, to be found by its path or by what it does. Enter takes the first one. */
export function RouteList({
  operations,
  shown,
  onChoose,
}: {
  operations: readonly Operation[];
  shown: string | undefined;
  onChoose: (id: string) => void;
}) {
  const [text, setText] = useState("");
  const found = findOperations(operations, text);
  const tags = [...new Set(found.map((operation) => operation.tag))];
  return (
    <div className="flex min-w-0 flex-col lg:sticky lg:top-13 lg:max-h-[calc(100dvh-4rem)] lg:self-start">
      <form
        className="border-b p-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (found[0] !== undefined) onChoose(found[0].id);
        }}
      >
        <Input
          type="search"
          aria-label="Search routes"
          placeholder="Search routes: submit, pause, /v1/jobs…"
          data-main-field
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
      <nav aria-label="Routes" className="max-h-56 overflow-y-auto p-2 lg:max-h-none lg:min-h-0 lg:flex-1">
        {found.length === 0 && <p className="p-3 text-sm text-muted">No route has “{text}”.</p>}
        {tags.map((tag) => (
          <section key={tag} className="mb-2">
            <h3 className="px-2 py-1 text-xs text-muted first-letter:uppercase">{tag}</h3>
            <ul>
              {found
                .filter((operation) => operation.tag === tag)
                .map((operation) => (
                  <li key={operation.id}>
                    <Link
                      to="/system"
                      search={{ tab: "api", route: operation.id }}
                      resetScroll={false}
                      aria-current={operation.id === shown ? "true" : undefined}
                      className={cx(
                        "flex w-full gap-2 rounded-md px-2 py-1.5 text-left hover:bg-sunken",
                        operation.id === shown && "bg-accent-soft hover:bg-accent-soft",
                      )}
                    >
                      <Method method={operation.method} />
                      <span className="min-w-0">
                        <span className="block font-mono text-xs wrap-anywhere">{operation.path}</span>
                        <span className="block text-xs text-muted">{operation.summary}</span>
                      </span>
                    </Link>
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </nav>
    </div>
  );
}
