import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { api, dataOf } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import type { components } from "@/api/schema";
import { remember, remembered } from "@/lib/storage";
import { listsKey, shortened, type JobFilter, type JobList } from "@/nouns/job/list";
import type { Selection } from "./selection";

export type Action = components["schemas"]["BulkAction"];
export type Order = components["schemas"]["BulkOrder"];
export type Count = components["schemas"]["BulkCount"];

const NAME = "jobs.order";
/** Of an order there are no events: it is looked at while it is worked off, and no longer. */
const PACE = 700;

type Request = components["schemas"]["BulkRequest"];
export type Target = Pick<Request, "ids" | "filter">;

/** What an order is about, as the API wants it. */
export function targetOf(selection: Selection, filter: JobFilter): Target {
  if (!selection.all) return { ids: [...selection.ids], filter: null };
  const { created_after = null, created_before = null, q = null, ...rest } = filter;
  return { ids: null, filter: { ...rest, created_after, created_before, q } };
}

/** How many jobs an order would mean, and with how many of them it could be done. */
export function useCount(action: Action, target: Target, enabled = true) {
  return useQuery({
    queryKey: ["bulk-count", action, target],
    queryFn: async ({ signal }) => {
      const body = { action, ...target, dry_run: true };
      return (await dataOf(api.POST("/v1/jobs/bulk", { body, signal }))) as unknown as Count;
    },
    enabled,
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
}

function hasEnded(order: Order | undefined): boolean {
  return order !== undefined && order.status !== "running";
}

/** Gives an order, and follows the one that is under way: also one given before the page was left. */
export function useOrder(onFinished: (order: Order) => void) {
  const client = useQueryClient();
  const [id, setId] = useState(() => remembered(NAME, (value) => typeof value === "string", ""));
  const give = useMutation({
    mutationFn: async ({ action, target }: { action: Action; target: Target }) =>
      (await dataOf(api.POST("/v1/jobs/bulk", { body: { action, ...target, dry_run: false } }))) as Order,
    onSuccess: (order) => {
      client.setQueryData(["bulk", order.id], order);
      remember(NAME, order.id);
      setId(order.id);
    },
  });
  const order = useQuery({
    queryKey: ["bulk", id],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/v1/jobs/bulk/{order_id}", { params: { path: { order_id: id } }, signal })),
    enabled: id !== "",
    staleTime: 0,
    refetchInterval: (query) => (hasEnded(query.state.data) ? false : PACE),
  });
  const gone = order.error instanceof ApiProblem && order.error.status === 404;
  const finished = hasEnded(order.data);
  const end = useEffectEvent(() => {
    remember(NAME, "");
    if (order.data === undefined) return;
    onFinished(order.data);
    // Of deleted jobs there are no events: what is far down is read again when somebody scrolls there.
    if (order.data.action === "delete")
      client.setQueriesData<JobList>({ queryKey: listsKey }, (list) => list && shortened(list, 100));
    void client.invalidateQueries({ queryKey: listsKey });
    void client.invalidateQueries({ queryKey: ["stats"] });
  });
  useEffect(() => {
    if (id !== "" && (finished || gone)) end();
  }, [id, finished, gone]);
  const stop = useMutation({
    mutationFn: () =>
      dataOf(api.POST("/v1/jobs/bulk/{order_id}/cancel", { params: { path: { order_id: id } } })),
    // A refusal says that it has just ended by itself: either way the order tells how.
    onSettled: () => client.invalidateQueries({ queryKey: ["bulk", id] }),
  });
  return { give, stop, order: finished || gone ? undefined : order.data };
}
