/**
 * The query of an address as the API writes it too: a name may be repeated, nothing is encoded twice. A page's
 * `validateSearch` makes its own values of it.
 */
export type RawSearch = Record<string, string | string[] | undefined>;

/** `?status=failed&status=queued&q=x` → `{status: ["failed", "queued"], q: "x"}`. */
export function parseSearch(text: string): RawSearch {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = found[name];
    if (before === undefined) found[name] = value;
    else found[name] = typeof before === "string" ? [before, value] : [...before, value];
  }
  return found;
}

/** The reverse; undefined, null, "" and empty lists are left out. */
export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value])
      if (typeof item === "string" && item !== "") query.append(name, item);
      else if (typeof item === "number" || typeof item === "boolean") query.append(name, String(item));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** All values of a name. */
export function listOf(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** The one value of a name, if it was given. */
export function oneOf(value: unknown): string | undefined {
  return listOf(value)[0];
}
