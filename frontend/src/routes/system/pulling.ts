import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { Model } from "@/api/types";
import { modelsQuery } from "@/nouns/model/queries";

/** Whether weights are being fetched, or will be. */
export function isPulling(model: Model): boolean {
  const status = model.weights.pull?.status;
  return status === "queued" || status === "running";
}

/** Milliseconds after which to look at the models again: often while weights come, for that has no event. */
export function modelsPace(models: readonly Model[] | undefined): number {
  return models?.some(isPulling) === true ? 1_500 : 15_000;
}

/** Orders a model's weights; the answer tells how far they are. */
export function usePull() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      dataOf(api.POST("/v1/models/{model_id}/pull", { params: { path: { model_id: id } } })),
    onSuccess: async (model: Model) => {
      client.setQueryData(modelsQuery.queryKey, (before) =>
        before === undefined
          ? undefined
          : { ...before, data: before.data.map((each) => (each.id === model.id ? model : each)) },
      );
      await client.invalidateQueries({ queryKey: modelsQuery.queryKey });
    },
  });
}

/** What stands where, for the list: the same words in the table and in the details. */
export function weightsWords(model: Model): {
  tone: "good" | "bad" | "warn" | "neutral" | "running";
  words: string;
} {
  const { needed, present, pull } = model.weights;
  if (!needed) return { tone: "neutral", words: "None needed" };
  if (pull?.status === "queued") return { tone: "running", words: "Will be fetched" };
  if (pull?.status === "running") return { tone: "running", words: "Being fetched" };
  if (present) return { tone: "good", words: "Present" };
  if (pull?.status === "failed") return { tone: "bad", words: "Fetching failed" };
  return { tone: "warn", words: "Not fetched yet" };
}
