import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import { problemOf, unreachable } from "@/api/problem";
import type { components } from "@/api/schema";

export type Readiness = components["schemas"]["Readiness"];
export type Health = components["schemas"]["Health"];

/** Whether all that jobs need is there. “Not ready” comes as a 503 that says what is missing: an answer, not a failure. */
export const readinessQuery = queryOptions({
  queryKey: ["readiness"],
  queryFn: ({ signal }) => askReadiness(signal),
  refetchInterval: 3_000,
  staleTime: 1_000,
});

/** What works now, by capability and model. */
export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => dataOf(api.GET("/healthz", { signal })),
  refetchInterval: 5_000,
  staleTime: 1_000,
});

/** What runs here, and its limits: it changes with a restart only. */
export const versionQuery = queryOptions({
  queryKey: ["version"],
  queryFn: ({ signal }) => dataOf(api.GET("/version", { signal })),
  staleTime: 60_000,
});

async function askReadiness(signal: AbortSignal): Promise<Readiness> {
  let response: Response;
  try {
    response = await fetch("/readyz", { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachable();
  }
  const type = response.headers.get("content-type") ?? "";
  if ((response.ok || response.status === 503) && type.startsWith("application/json"))
    return (await response.json()) as Readiness;
  throw await problemOf(response);
}
