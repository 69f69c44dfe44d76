import { expect, test } from "vitest";
import type { Segment } from "@/api/types";
import { columns, cuesOf } from "./cues";
import { withText } from "./edit";
import { exported, timestamp } from "./export";
import { indexAt, piecesOf } from "./words";

function spoken(text: string, start = 0, pace = 0.4): Segment {
  const words = text.split(" ").map((word, at) => ({
    word,
    start: start + at * pace,
    end: start + (at + 1) * pace - 0.05,
    probability: 0.9,
  }));
  return { id: 0, start, end: words.at(-1)?.end ?? start, text, words };
}

test("a segment is cut at its words, and what stands between them stays", () => {
  const segment: Segment = { ...spoken("Hello there"), text: "“Hello, there!”" };
  expect(piecesOf(segment).map((piece) => [piece.text, piece.word?.start ?? null])).toEqual([
    ["“", null],
    ["Hello", 0],
    [", ", null],
    ["there", 0.4],
    ["!”", null],
  ]);
});

test("languages without spaces are not torn apart", () => {
  const words = ["今日", "は"].map((word, at) => ({ word, start: at, end: at + 1 }));
  expect(piecesOf({ start: 0, end: 2, text: "今日は。", words }).map((piece) => piece.text)).toEqual([
    "今日",
    "は",
    "。",
  ]);
});

test("the word at a time is found, a short pause keeps it, a long one does not", () => {
  const words = [
    { start: 0, end: 1 },
    { start: 1.5, end: 2 },
  ];
  expect([-1, 0, 0.9, 1.4, 1.5, 2.9, 3.1].map((at) => indexAt(words, at))).toEqual([-1, 0, 0, 0, 1, 1, -1]);
});

test("an edited text keeps the times of the words that stay, and shares the rest out", () => {
  const edited = withText(spoken("the quick brown fox"), "the slow and brown fox");
  const times = new Map(edited.words?.map((word) => [word.word, word.start]));
  expect(edited.words?.map((word) => word.word)).toEqual(["the", "slow", "and", "brown", "fox"]);
  expect(times.get("brown")).toBe(0.8);
  expect(times.get("fox")).toBeCloseTo(1.2);
  expect(times.get("slow")).toBeCloseTo(0.35);
  for (const [at, word] of (edited.words ?? []).entries()) {
    expect(word.end).toBeGreaterThanOrEqual(word.start);
    expect(word.start).toBeGreaterThanOrEqual(edited.words?.[at - 1]?.end ?? 0);
  }
  expect(withText(spoken("all gone"), " ").words).toEqual([]);
});

test("subtitles have two lines of 42 columns and 7 seconds at most, in order and apart", () => {
  const long = spoken(
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of belief. Nobody knew.",
  );
  const cues = cuesOf([
    long,
    spoken("一".repeat(60), 60),
    { start: 70, end: 90, text: "no words are timed here" },
  ]);
  expect(cues.length).toBeGreaterThan(4);
  for (const [at, cue] of cues.entries()) {
    expect(cue.lines.length).toBeLessThanOrEqual(2);
    for (const line of cue.lines) expect(columns(line)).toBeLessThanOrEqual(42);
    expect(cue.end - cue.start).toBeLessThanOrEqual(7.001);
    expect(cue.start).toBeGreaterThanOrEqual(cues[at - 1]?.end ?? 0);
  }
  expect(cues[0]?.lines.join(" ")).toMatch(/,$/);
});

test("a transcript is written as text, subtitles and everything", () => {
  const segments = [spoken("Tom & Jerry <run>."), spoken("They hide.", 5)];
  expect(exported("txt", { segments })).toBe("Tom & Jerry <run>. They hide.\n");
  expect(exported("srt", { segments })).toBe(
    "1\n00:00:00,000 --> 00:00:01,550\nTom & Jerry <run>.\n\n2\n00:00:05,000 --> 00:00:06,000\nThey hide.\n",
  );
  expect(exported("vtt", { segments })).toContain(
    "WEBVTT\n\n00:00:00.000 --> 00:00:01.550\nTom &amp; Jerry &lt;run&gt;.\n",
  );
  const json = JSON.parse(exported("json", { segments, language: "en" })) as Record<string, unknown>;
  expect(json).toMatchObject({ text: "Tom & Jerry <run>. They hide.", language: "en", segments });
});

test("times of subtitles go beyond an hour, and round up cleanly", () => {
  expect(timestamp(3725.0426, ",")).toBe("01:02:05,043");
  expect(timestamp(59.9999, ".")).toBe("00:01:00.000");
});
