import type { QueryClient } from "@tanstack/react-query";
import { hasEnded, type JobEvent, type JobListQuery, type JobStatus } from "@/api/types";
import type { JobRow } from "./row";

/** Which jobs a list holds, in the words of GET /v1/jobs. */
export type JobFilter = Omit<JobListQuery, "limit" | "after" | "before" | "voice">;

/** The newest jobs of a filter, newest first, as far as they were asked for; `next` is where they go on. */
export interface JobList {
  rows: readonly JobRow[];
  next: string | null;
}

/** One answer of the API: what lies behind the job `after`, or at the head of the list. */
export interface JobPage extends JobList {
  after: string | null;
}

/** Where lists of rows are kept in the cache: behind this, the filter. */
export const listsKey = ["jobs", "rows"] as const;

export function listKey(filter: JobFilter) {
  return [...listsKey, filter] as const;
}

/** Takes deleted jobs out of every list: there is no event for it. */
export function dropFromLists(client: QueryClient, ids: ReadonlySet<string>): void {
  client.setQueriesData<JobList>({ queryKey: listsKey }, (list) => list && without(list, ids));
}

/** The place of the first row whose id is not greater: ids sort by time, lists are newest first. */
export function placeOf(rows: readonly JobRow[], id: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = rows[middle];
    if (found !== undefined && found.id > id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place of the first row whose id is smaller. */
function placeBehind(rows: readonly JobRow[], id: string): number {
  const place = placeOf(rows, id);
  return rows[place]?.id === id ? place + 1 : place;
}

/** The place of a job in the list, or -1. */
export function indexOf(rows: readonly JobRow[], id: string): number {
  const place = placeOf(rows, id);
  return rows[place]?.id === id ? place : -1;
}

/**
 * The list with a page put in its place: what the page does not hold any more is gone. If there is a hole between the
 * page and the rows behind it, those are dropped; they are read again when somebody scrolls there.
 */
export function withPage(list: JobList | undefined, page: JobPage): JobList {
  if (list === undefined) return { rows: page.rows, next: page.next };
  const front = page.after === null ? 0 : placeBehind(list.rows, page.after);
  const kept = list.rows.slice(0, front);
  const last = page.rows.at(-1);
  if (page.next === null || last === undefined) return { rows: [...kept, ...page.rows], next: null };
  const behind = placeBehind(list.rows, last.id);
  const rest = list.rows.slice(behind);
  if (behind <= front || rest.length === 0) return { rows: [...kept, ...page.rows], next: page.next };
  return { rows: [...kept, ...page.rows, ...rest], next: list.next };
}

/** Whether jobs may lie between the page and the list behind it that neither holds. */
export function leavesHole(list: JobList, page: JobPage): boolean {
  const [newest, last] = [list.rows[0], page.rows.at(-1)];
  return page.after === null && page.next !== null && !!newest && !!last && last.id > newest.id;
}

/** The list without what is far down: `most` rows. */
export function shortened(list: JobList, most: number): JobList {
  const last = list.rows[most - 1];
  if (last === undefined || list.rows.length <= most) return list;
  return { rows: list.rows.slice(0, most), next: last.id };
}

/** The list without some jobs. */
export function without(list: JobList, ids: ReadonlySet<string>): JobList {
  return { rows: list.rows.filter((row) => !ids.has(row.id)), next: list.next };
}

/** How a job stands after an event; undefined for what happens to its steps. */
export function statusAfter(event: JobEvent): JobStatus | undefined {
  if (!event.type.startsWith("job.")) return undefined;
  return event.type === "job.started" ? "running" : (event.type.slice(4) as JobStatus);
}

const AGES: Record<JobStatus, number> = {
  queued: 0,
  running: 1,
  cancelling: 2,
  succeeded: 3,
  failed: 3,
  cancelled: 3,
  expired: 3,
};

/** Whether the move goes forward in a job's life: events may be older than what a request has told since. */
export function isForward(before: JobStatus, after: JobStatus): boolean {
  return AGES[after] > AGES[before];
}

/** The row after an event; the same object if nothing changes. */
export function rowAfter(row: JobRow, event: JobEvent): JobRow {
  if (event.type === "step.progress") {
    const progress = event.data.progress;
    if (row.status !== "running" || typeof progress !== "number" || progress === row.progress) return row;
    return { ...row, progress };
  }
  const status = statusAfter(event);
  if (status === undefined || !isForward(row.status, status)) return row;
  const at = Date.parse(event.at);
  if (status === "running") return { ...row, status, started: at };
  if (!hasEnded(status)) return { ...row, status };
  const code = typeof event.data.code === "string" ? event.data.code : row.code;
  return { ...row, status, code, finished: at, progress: status === "succeeded" ? 1 : row.progress };
}

/** Whether a row belongs to a list, by what of it can change. */
export function belongs(filter: JobFilter, row: JobRow): boolean {
  if (filter.status?.length && !filter.status.includes(row.status)) return false;
  return !filter.code?.length || (row.code !== null && filter.code.includes(row.code));
}

/** The list after events, oldest first; the same object if none concerns it. */
export function listAfter(list: JobList, filter: JobFilter, events: readonly JobEvent[]): JobList {
  let rows: JobRow[] | undefined;
  let left = false;
  for (const event of events) {
    const place = indexOf(rows ?? list.rows, event.job_id);
    const before = (rows ?? list.rows)[place];
    if (before === undefined) continue;
    const after = rowAfter(before, event);
    if (after === before) continue;
    rows ??= [...list.rows];
    rows[place] = after;
    left ||= !belongs(filter, after);
  }
  if (rows === undefined) return list;
  return { rows: left ? rows.filter((row) => belongs(filter, row)) : rows, next: list.next };
}
