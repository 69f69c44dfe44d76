import { expect, test } from "vitest";
import { listOf, oneOf, parseSearch, stringifySearch } from "@/lib/search";

test("an address and its values are the same thing", () => {
  const text = "?status=failed&status=queued&q=a+%26+b";
  expect(parseSearch(text)).toEqual({ status: ["failed", "queued"], q: "a & b" });
  expect(stringifySearch(parseSearch(text))).toBe(text);
});

test("what is empty is not written", () => {
  expect(stringifySearch({ a: undefined, b: [], c: "", d: 0, e: true })).toBe("?d=0&e=true");
});

test("one and many", () => {
  expect(listOf("x")).toEqual(["x"]);
  expect(listOf(undefined)).toEqual([]);
  expect(oneOf(["x", "y"])).toBe("x");
});
