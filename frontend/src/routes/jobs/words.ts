import { kindLabel, statusLabel } from "@/nouns/job/status";
import { isKind, isStatus, MANY, PRESETS, type Many, type Search } from "./search";

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clocks = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** One filter that can be taken off again. */
export interface Chip {
  key: string;
  text: string;
  /** The filters without it. */
  without: Search;
}

const NAMES: Record<Many, string> = {
  status: "Status",
  kind: "Kind",
  model: "Model",
  queue: "Queue",
  label: "Label",
  code: "Error",
};

/** Everything that is filtered by, in words. */
export function chipsOf(search: Search): Chip[] {
  const chips = MANY.flatMap((name) =>
    (search[name] ?? []).map((value) => ({
      key: `${name}=${value}`,
      text: `${NAMES[name]}: ${valueWords(name, value)}`,
      without: { ...search, [name]: (search[name] ?? []).filter((each) => each !== value) },
    })),
  );
  if (search.q !== undefined)
    chips.push({ key: "q", text: `Text: “${search.q}”`, without: { ...search, q: undefined } });
  if (search.created_after !== undefined || search.created_before !== undefined)
    chips.push({
      key: "time",
      text: timeWords(search),
      without: { ...search, created_after: undefined, created_before: undefined },
    });
  return chips;
}

function valueWords(name: Many, value: string): string {
  if (name === "status" && isStatus(value)) return statusLabel(value);
  if (name === "kind" && isKind(value)) return kindLabel(value);
  return name === "label" ? value.replace(":", ": ") : value;
}

/** “Last hour”, “Since 14:05”, “Nov 23, 14:05 – 14:20”. */
export function timeWords({ created_after: after, created_before: before }: Search): string {
  const preset = PRESETS.find(({ name }) => name === after);
  const from = preset?.label ?? (after === undefined ? undefined : spell(after));
  if (before === undefined) return preset === undefined ? `Since ${from ?? "?"}` : preset.label;
  if (from === undefined) return `Before ${spell(before)}`;
  const sameDay = after !== undefined && new Date(after).toDateString() === new Date(before).toDateString();
  return `${from} – ${sameDay ? clocks.format(new Date(before)) : spell(before)}`;
}

function spell(at: string): string {
  const millis = Date.parse(at);
  return Number.isNaN(millis) ? at : moments.format(millis);
}

/** A moment as a field for date and time wants it, in the reader's zone. */
export function forField(millis: number | undefined): string {
  if (millis === undefined) return "";
  const local = new Date(millis - new Date(millis).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
