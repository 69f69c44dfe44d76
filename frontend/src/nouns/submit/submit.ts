import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { api, dataOf } from "@/api/client";
import type { components } from "@/api/schema";
import type { Job } from "@/api/types";
import { jobKeys } from "@/nouns/job/queries";

type JobRequest = components["schemas"]["JobRequest"];

/** What a page asks for; what it leaves out stands at the server's default. */
export type Order = Pick<JobRequest, "kind"> &
  Partial<Pick<JobRequest, "model" | "options" | "labels" | "priority">> & {
    input: { text: string } | { audio: { artifact: string } };
  };

export const PRIORITIES = [
  "high",
  "normal",
  "low",
  "deferrable",
] as const satisfies readonly Job["priority"][];

export function isPriority(value: unknown): value is Job["priority"] {
  return PRIORITIES.some((priority) => priority === value);
}

/** Submits a job of text, or of a recording that the server has already. */
export function postJob(order: Order, key: string): Promise<Job> {
  return dataOf(
    api.POST("/v1/jobs", {
      // The generated type wants members written out that have defaults.
      body: order as JobRequest,
      params: { header: { "Idempotency-Key": key } },
    }),
  );
}

/**
 * Submits jobs. The same order sent again after a failure goes under the same key: if the first one was accepted and
 * only its answer was lost, there is still one job.
 */
export function useSubmitJob() {
  const client = useQueryClient();
  const keys = useRef(new Map<string, string>());
  return useMutation({
    mutationFn: async (order: Order) => {
      const written = JSON.stringify(order);
      const key = keys.current.get(written) ?? newKey();
      keys.current.set(written, key);
      const job = await postJob(order, key);
      keys.current.delete(written);
      return job;
    },
    onSuccess: (job) => client.setQueryData(jobKeys.one(job.id), job),
  });
}

/** A key that nobody else has. Pages that are not served over TLS have no `crypto.randomUUID`. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `dashboard-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
