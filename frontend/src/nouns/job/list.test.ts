import { expect, test } from "vitest";
import type { JobEvent } from "@/api/types";
import {
  indexOf,
  leavesHole,
  listAfter,
  rowAfter,
  shortened,
  withPage,
  type JobList,
} from "@/nouns/job/list";
import type { JobRow } from "@/nouns/job/row";

function row(number: number, more: Partial<JobRow> = {}): JobRow {
  return {
    id: `job_${String(number).padStart(4, "0")}`,
    status: "queued",
    kind: "speech",
    model: "tone",
    queue: "cpu",
    labels: [],
    what: "",
    code: null,
    problem: null,
    progress: 0,
    created: number,
    started: null,
    finished: null,
    audio: null,
    factor: null,
    attempts: 0,
    ...more,
  };
}

/** Rows from the newest number down to the oldest. */
function rows(newest: number, oldest: number): JobRow[] {
  return Array.from({ length: newest - oldest + 1 }, (_, place) => row(newest - place));
}

function event(number: number, type: JobEvent["type"], data: Record<string, unknown> = {}): JobEvent {
  return { job_id: row(number).id, seq: 1, position: 1, type, at: "2026-11-23T12:00:00Z", data };
}

function ids(list: JobList): number[] {
  return list.rows.map((each) => Number(each.id.slice(4)));
}

test("a job is found by its id, and only if it is there", () => {
  const found = [row(9), row(7), row(5)];
  expect([9, 7, 5, 8, 1].map((number) => indexOf(found, row(number).id))).toEqual([0, 1, 2, -1, -1]);
});

test("a new head joins the rows that it reaches", () => {
  const list = withPage(
    { rows: rows(5, 1), next: null },
    { after: null, rows: rows(7, 4), next: "job_0004" },
  );
  expect(ids(list)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  expect(list.next).toBeNull();
});

test("what a page does not hold any more is gone", () => {
  const list = withPage(
    { rows: rows(5, 1), next: null },
    { after: null, rows: [row(5), row(2)], next: "job_0002" },
  );
  expect(ids(list)).toEqual([5, 2, 1]);
});

test("rows behind a hole are dropped", () => {
  const list = withPage(
    { rows: rows(5, 1), next: null },
    { after: null, rows: rows(9, 7), next: "job_0007" },
  );
  expect(ids(list)).toEqual([9, 8, 7]);
  expect(list.next).toBe("job_0007");
});

test("a hole is seen before anything is dropped", () => {
  const list = { rows: rows(5, 1), next: null };
  expect(leavesHole(list, { after: null, rows: rows(9, 7), next: "job_0007" })).toBe(true);
  expect(leavesHole(list, { after: null, rows: rows(9, 5), next: "job_0005" })).toBe(false);
  expect(leavesHole(list, { after: null, rows: rows(9, 7), next: null })).toBe(false);
});

test("a further page goes behind its job", () => {
  const list = withPage(
    { rows: rows(9, 7), next: "job_0007" },
    { after: "job_0007", rows: rows(6, 4), next: "job_0004" },
  );
  expect(ids(list)).toEqual([9, 8, 7, 6, 5, 4]);
  expect(list.next).toBe("job_0004");
});

test("the last page ends the list, wherever it is put", () => {
  const list = withPage(
    { rows: rows(9, 1), next: "job_0001" },
    { after: "job_0004", rows: [row(2)], next: null },
  );
  expect(ids(list)).toEqual([9, 8, 7, 6, 5, 4, 2]);
  expect(list.next).toBeNull();
});

test("a list that was shortened goes on where it ends", () => {
  expect(shortened({ rows: rows(9, 1), next: null }, 3).next).toBe("job_0007");
});

test("events move a job forward, never back", () => {
  const running = rowAfter(row(1), event(1, "job.started"));
  expect(running.status).toBe("running");
  expect(running.started).toBe(Date.parse("2026-11-23T12:00:00Z"));
  const done = rowAfter(running, event(1, "job.succeeded"));
  expect([done.status, done.progress]).toEqual(["succeeded", 1]);
  expect(rowAfter(done, event(1, "job.started"))).toBe(done);
  expect(rowAfter(done, event(1, "step.progress", { progress: 0.5 }))).toBe(done);
});

test("events of other jobs leave the list as it is", () => {
  const list = { rows: rows(3, 1), next: null };
  expect(listAfter(list, {}, [event(7, "job.started"), event(2, "step.started")])).toBe(list);
});

test("a job that does not match any more leaves the list", () => {
  const list = { rows: rows(3, 1), next: null };
  expect(ids(listAfter(list, { status: ["queued"] }, [event(2, "job.started")]))).toEqual([3, 1]);
  expect(ids(listAfter(list, { status: ["queued", "running"] }, [event(2, "job.started")]))).toEqual([
    3, 2, 1,
  ]);
});
