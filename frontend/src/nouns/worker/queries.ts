import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { components } from "@/api/schema";

export type Worker = components["schemas"]["Worker"];

/** Every worker that beat within the last hour. No event tells of a beat, so it is asked for while somebody looks. */
export const workersQuery = queryOptions({
  queryKey: ["workers"],
  queryFn: async ({ signal }) => (await dataOf(api.GET("/v1/workers", { signal }))).data,
  refetchInterval: 3_000,
  staleTime: 1_000,
});
