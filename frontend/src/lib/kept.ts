import { remember, remembered } from "./storage";

/** A value that this browser remembers, shared by all of the page and with its other tabs. */
export interface Kept<T> {
  readonly get: () => T;
  /** False if the browser keeps nothing; the page has the value all the same. */
  readonly set: (value: T) => boolean;
  /** For React's useSyncExternalStore. */
  readonly watch: (watcher: () => void) => () => void;
}

export function kept<T>(name: string, is: (value: unknown) => value is T, otherwise: T): Kept<T> {
  const watchers = new Set<() => void>();
  let value = remembered(name, is, otherwise);
  const tell = (): void => {
    for (const watcher of watchers) watcher();
  };
  const elsewhere = (event: StorageEvent): void => {
    if (event.key !== `harmony.${name}`) return;
    value = remembered(name, is, otherwise);
    tell();
  };
  return {
    get: () => value,
    set: (next) => {
      value = next;
      const done = remember(name, next);
      tell();
      return done;
    },
    watch: (watcher) => {
      if (watchers.size === 0) {
        value = remembered(name, is, otherwise);
        window.addEventListener("storage", elsewhere);
      }
      watchers.add(watcher);
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) window.removeEventListener("storage", elsewhere);
      };
    },
  };
}
