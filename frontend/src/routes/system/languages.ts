const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** “en” → “English”; a code that is no language stays as it is. */
export function languageName(code: string): string {
  try {
    return code === "und" ? "no language" : (names.of(code) ?? code);
  } catch {
    // Not of the form of a language tag.
    return code;
  }
}
