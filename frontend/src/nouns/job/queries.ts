import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf } from "@/api/client";
import type { Job, JobListQuery } from "@/api/types";
import { dropFromLists } from "./list";

/** The names under which jobs are kept: lists begin with ["jobs"], single ones with ["job", id]. */
export const jobKeys = {
  lists: ["jobs"] as const,
  list: (query: JobListQuery) => ["jobs", query] as const,
  one: (id: string) => ["job", id] as const,
};

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: jobKeys.one(id),
    queryFn: ({ signal }) =>
      dataOf(api.GET("/v1/jobs/{job_id}", { params: { path: { job_id: id } }, signal })),
  });
}

/** Cancels a job; what is known of it is replaced by the answer. */
export function useCancelJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      dataOf(api.POST("/v1/jobs/{job_id}/cancel", { params: { path: { job_id: id } } })),
    onSuccess: (job: Job) => client.setQueryData(jobKeys.one(job.id), job),
  });
}

/** Runs a job again from its first unfinished step, or from the one named; gives back the new job. */
export function useRetryJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, from }: { id: string; from?: string }) =>
      dataOf(
        api.POST("/v1/jobs/{job_id}/retry", {
          params: { path: { job_id: id }, query: from === undefined ? {} : { from } },
        }),
      ),
    onSuccess: (job: Job) => client.setQueryData(jobKeys.one(job.id), job),
  });
}

/** Deletes a job that has ended, with its audio and texts. */
export function useDeleteJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/v1/jobs/{job_id}", { params: { path: { job_id: id } } });
      return id;
    },
    onSuccess: async (id) => {
      client.removeQueries({ queryKey: jobKeys.one(id) });
      dropFromLists(client, new Set([id]));
      await client.invalidateQueries({ queryKey: jobKeys.lists });
    },
  });
}
