/** What this browser remembers. Every name begins with “harmony.”; a browser without storage remembers nothing. */

/** The value kept under a name, or `otherwise` when there is none or it does not pass `is`. */
export function remembered<T>(name: string, is: (value: unknown) => value is T, otherwise: T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`harmony.${name}`) ?? "null");
    return is(value) ? value : otherwise;
  } catch {
    // Storage switched off, or a value that another version wrote.
    return otherwise;
  }
}

/** Keeps a value; false when this browser keeps nothing (storage off or full). */
export function remember(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(`harmony.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
