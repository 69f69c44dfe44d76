import { expect, test } from "vitest";
import type { Queue } from "./queries";
import { driftOf, isDrifting, queueState, timeToEmpty, withDrift } from "./state";

const idle: Queue = {
  name: "cpu",
  purpose: "models",
  waiting: 0,
  published: 0,
  running: 0,
  oldest_seconds: null,
  slots: 2,
  busy: 0,
  rate_per_minute: 0,
  depth: 0,
  paused_at: null,
};

test("a queue's state is what stands in its way, then what it does", () => {
  const paused = { ...idle, paused_at: "2026-11-23T08:00:00Z", running: 1, slots: 0 };
  expect(queueState(paused)).toBe("paused");
  expect(queueState({ ...idle, slots: 0, waiting: 3 })).toBe("unserved");
  expect(queueState({ ...idle, running: 1, waiting: 3 })).toBe("running");
  expect(queueState({ ...idle, published: 1 })).toBe("waiting");
  expect(queueState(idle)).toBe("idle");
});

test("the time to empty comes from the rate, and is not made up", () => {
  expect(timeToEmpty(idle)).toBe(0);
  expect(timeToEmpty({ ...idle, waiting: 20, published: 5, running: 5, rate_per_minute: 60 })).toBe(30);
  expect(timeToEmpty({ ...idle, waiting: 20 })).toBeNull();
  expect(timeToEmpty({ ...idle, waiting: 20, rate_per_minute: 60, slots: 0 })).toBeNull();
  expect(
    timeToEmpty({ ...idle, waiting: 20, rate_per_minute: 60, paused_at: "2026-11-23T08:00:00Z" }),
  ).toBeNull();
});

test("the broker disagrees when more is missing or left over than claims under way explain", () => {
  expect(driftOf({ ...idle, published: 100, depth: 80 })).toBe(0);
  expect(driftOf({ ...idle, published: 100, depth: 0 })).toBe(-100);
  expect(driftOf({ ...idle, published: 0, depth: 50 })).toBe(50);
  expect(driftOf({ ...idle, published: 100, depth: null })).toBe(0);
  expect(driftOf({ ...idle, purpose: "webhooks", depth: 50 })).toBe(0);
});

test("a disagreement is told once it has lasted, and anew when it turns", () => {
  const lost = { ...idle, published: 100, depth: 0 };
  const first = withDrift(undefined, [lost], 1_000);
  const second = withDrift(first, [lost], 8_000);
  expect(second[0]?.driftSince).toBe(1_000);
  expect(second.map((queue) => isDrifting(queue, 8_000))).toEqual([false]);
  expect(second.map((queue) => isDrifting(queue, 11_000))).toEqual([true]);
  const turned = withDrift(second, [{ ...idle, depth: 50 }], 12_000);
  expect(turned[0]?.driftSince).toBe(12_000);
  expect(withDrift(turned, [idle], 13_000)[0]?.driftSince).toBeNull();
});
