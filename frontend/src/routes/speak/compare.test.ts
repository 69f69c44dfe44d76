import { afterEach, expect, test } from "vitest";
import { counted, pairOf, tallyOf } from "./compare";
import type { Side } from "./draft";
import { joined, type Take } from "./history";

const side = (voice: string): Side => ({ model: "m", language: "", voice, options: {} });
const pair = [side("a"), side("b")] as const;
const turned = [side("b"), side("a")] as const;

afterEach(() => localStorage.clear());

test("a pair is the same whichever side is named first", () => {
  expect(pairOf(pair).key).toBe(pairOf(turned).key);
  expect(pairOf([side("a"), { ...side("b"), options: { speed: 2 } }]).key).not.toBe(pairOf(pair).key);
});

test("votes are counted for the side that won, whichever way round it was asked", () => {
  let tallies = counted({}, pair, 0);
  tallies = counted(tallies, turned, 1);
  tallies = counted(tallies, turned, 0);
  tallies = counted(tallies, pair, "tie");
  expect(tallyOf(tallies, pair)).toEqual({ wins: [2, 1], ties: 1 });
  expect(tallyOf(tallies, turned)).toEqual({ wins: [1, 2], ties: 1 });
  expect(tallyOf(tallies, [side("a"), side("c")])).toEqual({ wins: [0, 0], ties: 0 });
});

test("the history holds fifty takes, the newest first, each job once", () => {
  const take = (job: string): Take => ({ job, text: job, side: side("a"), at: 0 });
  const many = Array.from({ length: 50 }, (_, number) => take(`job ${number}`));
  const after = joined(many, [take("new"), take("job 3")]);
  expect(after).toHaveLength(50);
  expect(after.slice(0, 3).map(({ job }) => job)).toEqual(["new", "job 3", "job 0"]);
  expect(after.filter(({ job }) => job === "job 3")).toHaveLength(1);
});
