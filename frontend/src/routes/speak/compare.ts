import { useSyncExternalStore } from "react";
import { kept } from "@/lib/kept";
import { isSide, type Side } from "./draft";

export type Vote = 0 | 1 | "tie";

/** Two takes of one text that are heard without knowing which is which. */
export interface Comparison {
  text: string;
  sides: readonly [Side, Side];
  jobs: readonly [string, string];
  /** Which side is heard first. */
  first: 0 | 1;
  /** Which side was better; null until somebody has said so, and the sides are hidden until then. */
  vote: Vote | null;
}

/** Wins of a pair's two sides, in the order of their names, and how often neither was better. */
export interface Tally {
  wins: readonly [number, number];
  ties: number;
}

const NONE: Tally = { wins: [0, 0], ties: 0 };

/** What makes a side another one: model, voice and options. */
export function sideKey(side: Side): string {
  const options = Object.entries(side.options).sort(([one], [other]) => one.localeCompare(other));
  return JSON.stringify([side.model, side.voice, side.language, options]);
}

/** Both sides' keys, always in the same order, and whether the second one came first. */
export function pairOf(sides: readonly [Side, Side]): { key: string; swapped: boolean } {
  const [one, other] = [sideKey(sides[0]), sideKey(sides[1])];
  return one <= other
    ? { key: `${one}|${other}`, swapped: false }
    : { key: `${other}|${one}`, swapped: true };
}

type Tallies = Readonly<Record<string, Tally>>;

/** The tallies with one more vote. */
export function counted(tallies: Tallies, sides: readonly [Side, Side], vote: Vote): Tallies {
  const { key, swapped } = pairOf(sides);
  const { wins, ties } = tallies[key] ?? NONE;
  if (vote === "tie") return { ...tallies, [key]: { wins, ties: ties + 1 } };
  const winner = (vote === 0) !== swapped ? 0 : 1;
  const after: [number, number] = [wins[0], wins[1]];
  after[winner] += 1;
  return { ...tallies, [key]: { wins: after, ties } };
}

/** Wins of these sides in their own order, and ties. */
export function tallyOf(tallies: Tallies, sides: readonly [Side, Side]): Tally {
  const { key, swapped } = pairOf(sides);
  const { wins, ties } = tallies[key] ?? NONE;
  return swapped ? { wins: [wins[1], wins[0]], ties } : { wins, ties };
}

function isTallies(value: unknown): value is Tallies {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((each: unknown) => {
      const tally = each as { wins?: unknown; ties?: unknown } | null;
      return isPair(tally?.wins, isNumber) && isNumber(tally.ties);
    })
  );
}

function isComparison(value: unknown): value is Comparison | null {
  if (value === null) return true;
  const one = value as { [Name in keyof Comparison]?: unknown };
  return (
    isString(one.text) &&
    isPair(one.jobs, isString) &&
    isPair(one.sides, isSide) &&
    (one.first === 0 || one.first === 1)
  );
}

function isPair<T>(value: unknown, is: (each: unknown) => each is T): value is [T, T] {
  return Array.isArray(value) && value.length === 2 && value.every(is);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

const tallies = kept<Tallies>("speak.tallies", isTallies, {});
const latest = kept<Comparison | null>("speak.comparison", isComparison, null);

export function useTally(sides: readonly [Side, Side]): Tally {
  return tallyOf(useSyncExternalStore(tallies.watch, tallies.get), sides);
}

/** The comparison that is under way in this browser; a reload does not end it. */
export function useComparison(): Comparison | null {
  return useSyncExternalStore(latest.watch, latest.get);
}

/** Begins a comparison; chance decides which side is heard first. */
export function begin(text: string, sides: readonly [Side, Side], jobs: readonly [string, string]): void {
  const [chance = 0] = crypto.getRandomValues(new Uint8Array(1));
  latest.set({ text, sides, jobs, first: chance % 2 === 0 ? 0 : 1, vote: null });
}

/** Keeps the vote; a second one for the same comparison does not count. */
export function vote(choice: Vote): void {
  const comparison = latest.get();
  if (comparison?.vote !== null) return;
  latest.set({ ...comparison, vote: choice });
  tallies.set(counted(tallies.get(), comparison.sides, choice));
}

export function endComparison(): void {
  latest.set(null);
}

export function resetTally(sides: readonly [Side, Side]): void {
  const { key } = pairOf(sides);
  tallies.set(Object.fromEntries(Object.entries(tallies.get()).filter(([each]) => each !== key)));
}
