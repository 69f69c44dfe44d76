import { useSyncExternalStore } from "react";
import { kept } from "@/lib/kept";
import { isSide, type Side } from "./draft";

/** One thing that was spoken from this browser. */
export interface Take {
  job: string;
  text: string;
  side: Side;
  /** Milliseconds since the epoch. */
  at: number;
}

const MOST = 50;

function isTakes(value: unknown): value is readonly Take[] {
  return (
    Array.isArray(value) &&
    value.every((each: unknown) => {
      if (typeof each !== "object" || each === null) return false;
      const take = each as Partial<Take>;
      return (
        typeof take.job === "string" &&
        typeof take.text === "string" &&
        typeof take.at === "number" &&
        isSide(take.side)
      );
    })
  );
}

const takes = kept<readonly Take[]>("speak.history", isTakes, []);

/** What was spoken from this browser, newest first; the last fifty. */
export function useHistory(): readonly Take[] {
  return useSyncExternalStore(takes.watch, takes.get);
}

/** Puts takes in front; each job is there once. */
export function addTakes(added: readonly Take[]): void {
  takes.set(joined(takes.get(), added));
}

export function joined(before: readonly Take[], added: readonly Take[]): readonly Take[] {
  const ids = new Set(added.map((take) => take.job));
  return [...added, ...before.filter((take) => !ids.has(take.job))].slice(0, MOST);
}

export function removeTake(job: string): void {
  takes.set(takes.get().filter((take) => take.job !== job));
}

export function clearHistory(): void {
  takes.set([]);
}
