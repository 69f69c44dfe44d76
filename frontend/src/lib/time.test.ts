import { expect, test } from "vitest";
import { duration, position, relativeTime } from "@/lib/time";

test.each([
  [0, "0 ms"],
  [0.0124, "12 ms"],
  [0.9996, "1.0 s"],
  [3.44, "3.4 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.6, "1 min"],
  [125, "2 min 5 s"],
  [3780, "1 h 3 min"],
  [187_200, "2 d 4 h"],
])("a duration of %s seconds is %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test.each([
  [7.34, "0:07.3"],
  [59.99, "0:59.9"],
  [723, "12:03.0"],
  [3723.4, "1:02:03.4"],
])("%s seconds into a recording is %s", (seconds, words) => {
  expect(position(seconds)).toBe(words);
});

test("times are told from now", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  expect(relativeTime("2026-11-23T12:00:00.4Z", now)).toBe("now");
  expect(relativeTime("2026-11-23T11:59:20Z", now)).toMatch(/40/);
  expect(relativeTime("2026-11-20T11:59:20Z", now)).toMatch(/3/);
});
