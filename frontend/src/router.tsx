import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { patiently } from "@/lib/patiently";
import { listOf, oneOf, parseSearch, stringifySearch, type RawSearch } from "@/lib/search";
import { NotFound, PageFailure } from "@/shell/Lost";
import { Shell } from "@/shell/Shell";

/** Values of an address that may be there or not. */
type Named<Names extends string> = Partial<Record<Names, string | undefined>>;

/** The list's filters, in the words of GET /v1/jobs; `view` is how it is shown. */
type JobsSearch = Partial<Record<"status" | "kind" | "model" | "queue" | "label" | "code", string[]>> &
  Named<"q" | "created_after" | "created_before" | "view">;

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageFailure });

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: (raw: RawSearch): JobsSearch => ({
    status: listOf(raw.status),
    kind: listOf(raw.kind),
    model: listOf(raw.model),
    queue: listOf(raw.queue),
    label: listOf(raw.label),
    code: listOf(raw.code),
    q: oneOf(raw.q),
    created_after: oneOf(raw.created_after),
    created_before: oneOf(raw.created_before),
    view: oneOf(raw.view),
  }),
  component: lazyRouteComponent(() => patiently(() => import("@/routes/jobs/Page"))),
});

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$jobId",
  validateSearch: (raw: RawSearch): Named<"tab"> => ({ tab: oneOf(raw.tab) }),
  component: lazyRouteComponent(() => patiently(() => import("@/routes/job/Page"))),
});

const speak = createRoute({
  getParentRoute: () => root,
  path: "/speak",
  // `from`: a job whose request the form begins with.
  validateSearch: (raw: RawSearch): Named<"from" | "model" | "voice"> => ({
    from: oneOf(raw.from),
    model: oneOf(raw.model),
    voice: oneOf(raw.voice),
  }),
  component: lazyRouteComponent(() => patiently(() => import("@/routes/speak/Page"))),
});

const transcribe = createRoute({
  getParentRoute: () => root,
  path: "/transcribe",
  validateSearch: (raw: RawSearch): Named<"from" | "kind" | "model"> => ({
    from: oneOf(raw.from),
    kind: oneOf(raw.kind),
    model: oneOf(raw.model),
  }),
  component: lazyRouteComponent(() => patiently(() => import("@/routes/transcribe/Page"))),
});

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  validateSearch: (raw: RawSearch): Named<"tab" | "model" | "route" | "range"> => ({
    tab: oneOf(raw.tab),
    model: oneOf(raw.model),
    route: oneOf(raw.route),
    range: oneOf(raw.range),
  }),
  component: lazyRouteComponent(() => patiently(() => import("@/routes/system/Page"))),
});

export const router = createRouter({
  routeTree: root.addChildren([jobs, job, speak, transcribe, system]),
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  defaultPreload: "intent",
  defaultErrorComponent: PageFailure,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
