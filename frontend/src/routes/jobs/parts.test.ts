import { expect, test } from "vitest";
import type { JobEvent } from "@/api/types";
import type { JobRow } from "@/nouns/job/row";
import { inWords, LAYERS, snapped, stacked } from "./bars";
import { meaning, ending } from "./bulkWords";
import { madeAt, mayJoin } from "./joins";
import { isPicked, withRange, withToggled, type Selection } from "./selection";
import type { Stats } from "./useStats";

const NONE = { queued: 0, running: 0, cancelling: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
const ROWS = ["e", "d", "c", "b", "a"].map((id) => ({ id }) as JobRow);
const NOTHING: Selection = { all: false, ids: new Set() };

function stats(...counts: Partial<typeof NONE>[]): Stats {
  const minute = (number: number): string => new Date(number * 60_000).toISOString();
  return {
    since: minute(0),
    until: minute(counts.length),
    bucket_seconds: 60,
    statuses: NONE,
    total: NONE,
    series: counts.map((count, number) => ({ ...NONE, ...count, at: minute(number) })),
    models: [],
    as_of: minute(0),
  };
}

function event(type: JobEvent["type"], data: Record<string, unknown> = {}): JobEvent {
  const job_id = "job_01a2075c-beaf-7296-9caf-b42fa902bb1b";
  return { job_id, seq: 1, position: 1, type, at: "2026-11-23T07:44:08.371Z", data };
}

test("layers of a bar reach as high as all below them together", () => {
  const [times, top, ...rest] = stacked(stats({ succeeded: 3, queued: 2 }, { failed: 1 }));
  expect(times).toEqual([0, 60]);
  expect(top).toEqual([5, 1]);
  expect(rest.at(-1)).toEqual([3, 0]);
  expect(rest).toHaveLength(LAYERS.length - 1);
});

test("a brush takes the whole bars that it touches, whichever way it was drawn", () => {
  const three = stats({}, {}, {});
  expect(snapped(three, 70_000, 130_000)).toEqual({ from: 60_000, to: 180_000 });
  expect(snapped(three, 59_000, 1_000)).toEqual({ from: 0, to: 60_000 });
  expect(snapped(three, 500_000, 600_000)).toBeUndefined();
});

test("a bar in words", () => {
  expect(inWords({ ...NONE, succeeded: 12, failed: 1 })).toBe("12 succeeded, 1 failed");
  expect(inWords(NONE)).toBe("no jobs");
});

test("an id tells when its job was made", () => {
  expect(new Date(madeAt(event("job.queued").job_id)).toISOString()).toBe("2026-11-23T07:44:08.367Z");
});

test("new jobs join lists whose filter they pass, as far as events tell", () => {
  const queued = event("job.queued", { kind: "speech", model: "tone" });
  expect(mayJoin({}, queued)).toBe(true);
  expect(mayJoin({ model: ["kokoro"] }, queued)).toBe(false);
  expect(mayJoin({ kind: ["speech"], q: "x", label: ["a:b"] }, queued)).toBe(true);
  expect(mayJoin({ status: ["failed"] }, queued)).toBe(false);
  expect(mayJoin({ status: ["failed"] }, event("job.failed", { code: "x" }))).toBe(true);
  expect(mayJoin({ code: ["worker_lost"] }, event("job.failed", { code: "x" }))).toBe(false);
  expect(mayJoin({ code: ["x"] }, event("job.failed", { code: "x" }))).toBe(true);
  expect(mayJoin({}, event("job.succeeded"))).toBe(false);
  expect(mayJoin({}, event("step.started"))).toBe(false);
  expect(mayJoin({ created_before: "2026-11-23T07:00:00Z" }, queued)).toBe(false);
  expect(mayJoin({ created_after: "2026-11-23T08:00:00Z" }, queued)).toBe(false);
});

test("rows are picked one by one and by ranges, in either direction", () => {
  const one = withToggled(NOTHING, ROWS, "b");
  expect(isPicked(one, "b")).toBe(true);
  const range = withRange(one, ROWS, "b", "d");
  expect(ROWS.filter((row) => isPicked(range, row.id)).map((row) => row.id)).toEqual(["d", "c", "b"]);
  expect(isPicked(withToggled(range, ROWS, "c"), "c")).toBe(false);
});

test("one taken off “all that match” leaves those that are shown", () => {
  const left = withToggled({ all: true }, ROWS, "c");
  expect(left.all).toBe(false);
  expect(ROWS.filter((row) => isPicked(left, row.id)).map((row) => row.id)).toEqual(["e", "d", "b", "a"]);
});

test("what an order would do, and how it ended", () => {
  const count = { action: "cancel" as const, matching: 40, applicable: 12, exact: true };
  expect(meaning("cancel", count)).toMatch(/28 others ended already/);
  expect(meaning("cancel", { ...count, applicable: 0 })).toBe(
    "All 40 jobs ended already and will be left alone.",
  );
  expect(meaning("delete", { ...count, matching: 0, applicable: 0 })).toBe("No job matches any more.");
  const order = {
    id: "bulk_1",
    action: "retry" as const,
    status: "finished" as const,
    matching: 3,
    exact: true,
    done: 2,
    skipped: 1,
    errors: [{ job_id: "job_1", code: "job_not_found", detail: "There is no such job." }],
    waits: null,
    created_at: "",
    finished_at: "",
  };
  expect(ending(order)).toEqual({
    tone: "good",
    title: "2 jobs submitted again",
    detail: "1 job left as it was: There is no such job.",
  });
});
