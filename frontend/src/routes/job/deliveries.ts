import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { components } from "@/api/schema";

export type Delivery = components["schemas"]["Delivery"];
export type DeliveryLog = components["schemas"]["DeliveryLog"];

/** No event tells of a delivery, so those under way are looked at again after this many milliseconds. */
const AGAIN = 5_000;

export function deliveriesQuery(jobId: string) {
  return queryOptions({
    queryKey: ["deliveries", jobId],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/v1/jobs/{job_id}/deliveries", {
          params: { path: { job_id: jobId }, query: { limit: 200 } },
          signal,
        }),
      ),
    refetchInterval: (query) =>
      query.state.data?.data.some((delivery) => delivery.status === "pending") === true ? AGAIN : false,
    refetchIntervalInBackground: false,
  });
}

/** A delivery with everything that was sent and answered. `version` is new whenever the delivery has moved. */
export function deliveryQuery(jobId: string, id: string, version: string) {
  return queryOptions({
    queryKey: ["delivery", jobId, id, version],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET("/v1/jobs/{job_id}/deliveries/{delivery_id}", {
          params: { path: { job_id: jobId, delivery_id: id } },
          signal,
        }),
      ),
  });
}

/** Sends the same message again, on a fresh ladder of retries. */
export function useRedeliver(jobId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      dataOf(
        api.POST("/v1/jobs/{job_id}/deliveries/{delivery_id}/redeliver", {
          params: { path: { job_id: jobId, delivery_id: id } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: deliveriesQuery(jobId).queryKey }),
  });
}
