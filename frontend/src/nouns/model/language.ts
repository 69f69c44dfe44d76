const names = new Intl.DisplayNames(undefined, { type: "language", fallback: "none" });

/** A language tag in the reader's words: “en-GB” → “British English”; `und` is any; unknown tags stay as they are. */
export function languageName(tag: string): string {
  if (tag === "" || tag === "und") return "Any language";
  try {
    return names.of(tag) ?? tag;
  } catch {
    // Not a tag at all.
    return tag;
  }
}

/** Tags with their names, in the order of the names. */
export function namedLanguages(tags: readonly string[]): readonly { tag: string; name: string }[] {
  return tags
    .map((tag) => ({ tag, name: languageName(tag) }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Whether two tags mean the same as far as both say: equal, or one of them names no region (as the API has it). */
export function sameLanguage(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || a.startsWith(`${b}-`) || b.startsWith(`${a}-`);
}
