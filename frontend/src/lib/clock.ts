import { useSyncExternalStore } from "react";

/** One clock for all relative times on the screen: it ticks once a second while somebody looks. */
const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = window.setInterval(() => {
      if (document.hidden) return;
      now = Date.now();
      for (const each of listeners) each();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Milliseconds since the epoch, to the second; the component is drawn again every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
