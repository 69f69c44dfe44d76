import { expect, test } from "vitest";
import { speedOf } from "./ModelTimes";
import { boundsOf } from "./Options";
import { languageName } from "./languages";

test("a real-time factor is told as people say it", () => {
  expect(speedOf({ p50: 0.12, p90: 1, p99: 1 })).toBe("8.3 times faster than listening");
  expect(speedOf({ p50: 20.25, p90: 21, p99: 22 })).toBe("20 times as long as listening");
  expect(speedOf({ p50: null, p90: null, p99: null })).toBe("");
  expect(speedOf(null)).toBe("");
});

test("an option's bounds and default are told in words", () => {
  expect(boundsOf({ type: "integer", minimum: 1, maximum: 10, default: 5, choices: [] })).toBe(
    "integer, 1 to 10, else 5",
  );
  expect(boundsOf({ type: "string", choices: ["", "a", "b"], default: "" })).toBe("string, one of a, b");
  expect(boundsOf({ type: "boolean", default: false })).toBe("boolean, else false");
  expect(boundsOf({ type: "string", max_length: 2000 })).toBe("string, at most 2000 characters");
});

test("languages have names, and what is no language stays", () => {
  expect(languageName("de")).toBe("German");
  expect(languageName("und")).toBe("no language");
  expect(languageName("not a tag")).toBe("not a tag");
});
