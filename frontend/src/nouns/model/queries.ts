import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { Kind, Model } from "@/api/types";

/**
 * Every model of the deployment, without the further names that lead to them. It changes only when the server is started
 * anew, so it is kept for minutes.
 */
export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }) => {
    const list = await dataOf(api.GET("/v1/models", { signal }));
    return { ...list, data: list.data.filter((model) => !model.alias_of) };
  },
  staleTime: 60_000,
});

/** The models that can do a kind of job. */
export function modelsFor(models: readonly Model[], kind: Kind): Model[] {
  return models.filter((model) => model.capabilities.includes(kind));
}
