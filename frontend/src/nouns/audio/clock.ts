import { useState } from "react";

/**
 * Where a player is, told to whoever shows it, without drawing a page anew sixty times a second:
 * `const clock = useClock()`, `<Player onTime={clock.set} />`, `<Transcript clock={clock} />`.
 */
export interface Clock {
  /** Seconds into the recording. */
  readonly now: () => number;
  readonly set: (seconds: number) => void;
  /** Calls after each change; gives back how to end it. */
  readonly watch: (watcher: () => void) => () => void;
}

export function makeClock(): Clock {
  const watchers = new Set<() => void>();
  let now = 0;
  return {
    now: () => now,
    set: (seconds) => {
      now = seconds;
      for (const watcher of watchers) watcher();
    },
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** A clock that lives as long as the component. */
export function useClock(): Clock {
  return useState(makeClock)[0];
}
