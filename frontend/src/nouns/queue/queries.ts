import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { components } from "@/api/schema";
import { withDrift, type SeenQueue } from "./state";

export type Queue = components["schemas"]["Queue"];

const KEY = ["queues"] as const;

/** Every queue. No event tells of a pause or of a slot that came, so it is asked for while somebody looks. */
export const queuesQuery = queryOptions({
  queryKey: KEY,
  queryFn: async ({ signal, client }): Promise<SeenQueue[]> => {
    const { data } = await dataOf(api.GET("/v1/queues", { signal }));
    return withDrift(client.getQueryData<SeenQueue[]>(KEY), data, Date.now());
  },
  refetchInterval: 3_000,
  staleTime: 1_000,
});

/** Pauses or resumes a queue; what is known of it is replaced by the answer. */
export function useSteerQueue() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, pause }: { name: string; pause: boolean }) => {
      const params = { params: { path: { name } } };
      return dataOf(
        pause ? api.POST("/v1/queues/{name}/pause", params) : api.POST("/v1/queues/{name}/resume", params),
      );
    },
    onSuccess: async (queue: Queue) => {
      await client.cancelQueries({ queryKey: KEY });
      client.setQueryData<SeenQueue[]>(KEY, (before) =>
        before?.map((each) => (each.name === queue.name ? { ...queue, driftSince: null } : each)),
      );
      await client.invalidateQueries({ queryKey: KEY });
    },
  });
}
