import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, dataOf } from "@/api/client";
import { leavesHole, listKey, withPage, type JobFilter, type JobList, type JobPage } from "@/nouns/job/list";
import { rowOf } from "@/nouns/job/row";

const FIRST = 100;
/** How often a server that is away is asked again, in milliseconds. */
export const AWAY = 5_000;
/** The most that the API gives at once. */
export const MOST = 200;

/** A page of rows behind the job `after`, or at the head of the list. */
export async function readPage(
  filter: JobFilter,
  after: string | null,
  limit: number,
  signal?: AbortSignal,
): Promise<JobPage> {
  const query = { ...filter, limit, ...(after !== null && { after }) };
  const page = await dataOf(api.GET("/v1/jobs", { params: { query }, ...(signal && { signal }) }));
  return { after, rows: page.data.map(rowOf), next: page.next };
}

interface Place {
  filter: JobFilter;
  after: string;
}

/**
 * The jobs of a filter as far as they were asked for. The head is read when the list is first shown and when somebody
 * comes back to it; `more` reads on where it ends. Live events patch it meanwhile, so pages are put into what is there
 * when they arrive, never into what was there when they were asked for.
 */
export function useJobList(filter: JobFilter) {
  const client = useQueryClient();
  const list = useQuery({
    queryKey: listKey(filter),
    queryFn: async ({ signal }): Promise<JobList> => {
      const page = await readPage(filter, null, FIRST, signal);
      const before = client.getQueryData<JobList>(listKey(filter));
      // Who comes back to a place far down stays there; the head is read again when somebody looks at it.
      const deep = window.scrollY > window.innerHeight;
      return before !== undefined && deep && leavesHole(before, page) ? before : withPage(before, page);
    },
    staleTime: Infinity,
    gcTime: 600_000,
    refetchOnMount: "always",
    refetchInterval: (query) => (query.state.status === "error" ? AWAY : false),
    // To compare a hundred thousand rows with themselves at every event is what would make the page slow.
    structuralSharing: false,
  });
  const further = useMutation({
    mutationFn: (place: Place) => readPage(place.filter, place.after, MOST),
    onSuccess: (page, place) =>
      client.setQueryData<JobList>(listKey(place.filter), (before) => before && withPage(before, page)),
  });
  const { mutate, isPending, error } = further;
  const next = list.data?.next ?? null;
  const more = useCallback(() => {
    if (next !== null && !isPending) mutate({ filter, after: next });
  }, [mutate, filter, next, isPending]);
  return { list, more, loadingMore: isPending, moreError: error };
}
