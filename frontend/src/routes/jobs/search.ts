import { STATUSES, type JobStatus, type Kind } from "@/api/types";
import { stringifySearch } from "@/lib/search";
import type { JobFilter } from "@/nouns/job/list";
import { ALL_KINDS } from "@/nouns/job/status";

/** Filters that may have several values. */
export const MANY = ["status", "kind", "model", "queue", "label", "code"] as const;
export type Many = (typeof MANY)[number];

/** What the address of the list says: its filters, and the saved view that they came from. */
export type Search = Partial<Record<Many, string[]>> &
  Partial<Record<"q" | "created_after" | "created_before" | "view", string | undefined>>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Stretches of time that end now. In the address they are written as they are named, so that a link or a saved view
 * means the same tomorrow. `bucket` is the length of the bars that the API has for them, in milliseconds: times begin
 * with a whole one, so that bars, counts and list agree.
 */
export const PRESETS = [
  { name: "-1h", label: "Last hour", length: HOUR, bucket: MINUTE },
  { name: "-6h", label: "Last 6 hours", length: 6 * HOUR, bucket: 5 * MINUTE },
  { name: "-24h", label: "Last 24 hours", length: DAY, bucket: 15 * MINUTE },
  { name: "-7d", label: "Last 7 days", length: 7 * DAY, bucket: 6 * HOUR },
  { name: "-30d", label: "Last 30 days", length: 30 * DAY, bucket: 6 * HOUR },
] as const;
export const DEFAULT_PRESET = PRESETS[2];

/** The moment that a time in the address means: a preset's name, or RFC 3339; undefined if it is neither. */
export function moment(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const preset = PRESETS.find((each) => each.name === text);
  if (preset !== undefined) return Math.floor((now - preset.length) / preset.bucket) * preset.bucket;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** What of an address the API is asked for; values that it does not know are left out. */
export function filterOf(search: Search, now: number): JobFilter {
  const status = (search.status ?? []).filter(isStatus);
  const kind = (search.kind ?? []).filter(isKind);
  const after = moment(search.created_after, now);
  const before = moment(search.created_before, now);
  return {
    ...(status.length > 0 && { status }),
    ...(kind.length > 0 && { kind }),
    ...(search.model?.length && { model: search.model }),
    ...(search.queue?.length && { queue: search.queue }),
    ...(search.label?.length && { label: search.label }),
    ...(search.code?.length && { code: search.code }),
    ...(search.q !== undefined && { q: search.q }),
    ...(after !== undefined && { created_after: new Date(after).toISOString() }),
    ...(before !== undefined && { created_before: new Date(before).toISOString() }),
  };
}

/** Whether anything is filtered by. */
export function isFiltered(search: Search): boolean {
  return addressOf(search) !== "";
}

/** Whether the counts that the server keeps tell of these jobs: it keeps none by label, text or code of error. */
export function isCounted(search: Search): boolean {
  return !search.label?.length && !search.code?.length && search.q === undefined;
}

/** The filters alone, as they stand in an address: what is the same there is the same list. */
export function addressOf(search: Search): string {
  return stringifySearch({
    status: search.status,
    kind: search.kind,
    model: search.model,
    queue: search.queue,
    label: search.label,
    code: search.code,
    q: search.q,
    created_after: search.created_after,
    created_before: search.created_before,
  });
}

/** The filters with a value put in or, if it was there, taken out. */
export function toggled(search: Search, name: Many, value: string): Search {
  const before = search[name] ?? [];
  const after = before.includes(value) ? before.filter((each) => each !== value) : [...before, value];
  return { ...search, [name]: after };
}

export function isStatus(value: string): value is JobStatus {
  return STATUSES.some((status) => status === value);
}

export function isKind(value: string): value is Kind {
  return ALL_KINDS.some((kind) => kind === value);
}
