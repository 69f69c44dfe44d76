import { useSyncExternalStore } from "react";

const wide = window.matchMedia("(min-width: 64rem)");

function subscribe(listener: () => void): () => void {
  wide.addEventListener("change", listener);
  return () => wide.removeEventListener("change", listener);
}

/** Whether there is room for a table with many columns. */
export function useWide(): boolean {
  return useSyncExternalStore(subscribe, () => wide.matches);
}
