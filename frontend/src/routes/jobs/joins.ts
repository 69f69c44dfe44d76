import type { JobEvent } from "@/api/types";
import { statusAfter, type JobFilter } from "@/nouns/job/list";

/** When a job was made, by its id (a UUIDv7 begins with 48 bits of milliseconds). */
export function madeAt(id: string): number {
  return parseInt(id.slice(4, 17).replace("-", ""), 16);
}

/**
 * Whether an event may bring a job into a list that does not hold it. Of a job's labels and words events say nothing:
 * there the answer is yes, and the server is asked.
 */
export function mayJoin(filter: JobFilter, event: JobEvent): boolean {
  const status = statusAfter(event);
  if (status === undefined || !isInTime(filter, madeAt(event.job_id))) return false;
  if (filter.code?.length && !filter.code.includes(String(event.data.code))) return false;
  if (filter.status?.length) {
    if (!filter.status.includes(status)) return false;
  } else if (status !== "queued" && !filter.code?.length) return false;
  return allows(filter.kind, event.data.kind) && allows(filter.model, event.data.model);
}

/** Whether events alone tell how many jobs would join. */
export function isCountable(filter: JobFilter): boolean {
  return filter.q === undefined && !filter.label?.length && !filter.queue?.length;
}

function isInTime(filter: JobFilter, at: number): boolean {
  if (filter.created_after && at < Date.parse(filter.created_after)) return false;
  return !filter.created_before || at < Date.parse(filter.created_before);
}

/** What the event does not name is allowed. */
function allows(values: readonly string[] | undefined, value: unknown): boolean {
  return !values?.length || typeof value !== "string" || values.includes(value);
}
