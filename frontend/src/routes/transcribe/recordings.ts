import { useSyncExternalStore } from "react";
import type { Kind, Segment } from "@/api/types";
import { kept } from "@/lib/kept";
import { ALL_KINDS } from "@/nouns/job/status";

/** A recording that was sent from this browser, and the jobs that were made of it. */
export interface Recording {
  id: string;
  name: string;
  /** When it was sent, in milliseconds since the epoch. */
  at: number;
  /** By kind; what was asked for first stands first. */
  jobs: Partial<Record<Kind, string>>;
  /** The transcript as it was edited here. */
  edits?: readonly Segment[] | undefined;
}

const MOST = 30;

function isRecordings(value: unknown): value is readonly Recording[] {
  return (
    Array.isArray(value) &&
    value.every((each: unknown) => {
      const one = each as { [Name in keyof Recording]?: unknown } | null;
      return (
        typeof one?.id === "string" &&
        typeof one.name === "string" &&
        typeof one.at === "number" &&
        typeof one.jobs === "object" &&
        one.jobs !== null &&
        Object.entries(one.jobs).every(
          ([kind, job]) => ALL_KINDS.some((known) => known === kind) && typeof job === "string",
        ) &&
        (one.edits === undefined || Array.isArray(one.edits))
      );
    })
  );
}

const store = kept<readonly Recording[]>("transcribe.recordings", isRecordings, []);

/** What was sent from this browser, newest first; the last thirty. */
export function useRecordings(): readonly Recording[] {
  return useSyncExternalStore(store.watch, store.get);
}

/** Puts a recording that was sent just now in front. */
export function addRecording(sent: Omit<Recording, "at">): void {
  const recording = { ...sent, at: Date.now() };
  store.set([recording, ...store.get().filter(({ id }) => id !== recording.id)].slice(0, MOST));
}

export function changeRecording(id: string, change: (before: Recording) => Recording): void {
  store.set(store.get().map((each) => (each.id === id ? change(each) : each)));
}

/** Adds the job of a kind, or puts it in the place of an earlier one. */
export function setJob(id: string, kind: Kind, job: string): void {
  changeRecording(id, (before) => ({ ...before, jobs: { ...before.jobs, [kind]: job } }));
}

export function removeRecording(id: string): void {
  store.set(store.get().filter((each) => each.id !== id));
}

export function clearRecordings(): void {
  store.set([]);
}
