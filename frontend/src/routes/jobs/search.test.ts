import { expect, test } from "vitest";
import { addressOf, filterOf, isCounted, moment, toggled } from "./search";
import { chipsOf, forField, timeWords } from "./words";

const NOON = Date.parse("2026-11-23T12:07:30Z");

test("a stretch that ends now begins with a whole bar", () => {
  expect(moment("-1h", NOON)).toBe(Date.parse("2026-11-23T11:07:00Z"));
  expect(moment("-24h", NOON)).toBe(Date.parse("2026-11-22T12:00:00Z"));
  expect(moment("-7d", NOON)).toBe(Date.parse("2026-11-16T12:00:00Z"));
  expect(moment("2026-11-23T12:00:00Z", NOON)).toBe(Date.parse("2026-11-23T12:00:00Z"));
  expect(moment("yesterday", NOON)).toBeUndefined();
});

test("the API is asked only for what it knows", () => {
  const search = { status: ["failed", "broken"], kind: ["song"], model: [], q: "a", created_after: "-1h" };
  expect(filterOf(search, NOON)).toEqual({
    status: ["failed"],
    q: "a",
    created_after: "2026-11-23T11:07:00.000Z",
  });
});

test("a value is put on and off", () => {
  const on = toggled({ status: ["failed"] }, "status", "queued");
  expect(addressOf(on)).toBe("?status=failed&status=queued");
  expect(addressOf(toggled(on, "status", "failed"))).toBe("?status=queued");
});

test("the view is no filter", () => {
  expect(addressOf({ view: "mine", label: [] })).toBe("");
});

test("no counts are kept by label, text and error", () => {
  expect(isCounted({ status: ["failed"], model: ["tone"] })).toBe(true);
  for (const search of [{ label: ["a:b"] }, { q: "x" }, { code: ["worker_lost"] }])
    expect(isCounted(search)).toBe(false);
});

test("each filter is told in words and can be taken off", () => {
  const search = { kind: ["vad"], label: ["project:demo"], q: "ab", created_after: "-7d" };
  const chips = chipsOf(search);
  expect(chips.map((chip) => chip.text)).toEqual([
    "Kind: Voice activity",
    "Label: project: demo",
    "Text: “ab”",
    "Last 7 days",
  ]);
  expect(chips.map((chip) => addressOf(chip.without))).toEqual([
    "?label=project%3Ademo&q=ab&created_after=-7d",
    "?kind=vad&q=ab&created_after=-7d",
    "?kind=vad&label=project%3Ademo&created_after=-7d",
    "?kind=vad&label=project%3Ademo&q=ab",
  ]);
});

test("a field for date and time holds what it was given", () => {
  expect(new Date(forField(Date.parse("2026-11-23T12:07:00Z"))).getTime()).toBe(
    Date.parse("2026-11-23T12:07:00Z"),
  );
  expect(forField(undefined)).toBe("");
  expect(timeWords({ created_before: "not a time" })).toBe("Before not a time");
});
