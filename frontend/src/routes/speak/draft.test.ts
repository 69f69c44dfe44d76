import { expect, test } from "vitest";
import type { Job, Model } from "@/api/types";
import {
  characters,
  draftOf,
  emptyDraft,
  isDraft,
  orderOf,
  sideProblems,
  textProblem,
  withLanguage,
  withModel,
} from "./draft";

const voice = (id: string, language: string) => ({ id, name: id.toUpperCase(), language, gender: "female" });
const english = {
  id: "english",
  title: "English",
  languages: ["en-US", "en-GB"],
  voices: [voice("a", "en-US"), voice("b", "en-GB")],
  options: { speech: { speed: { type: "number", description: "", default: 1, minimum: 0.5, maximum: 2 } } },
} as unknown as Model;
const bare = { id: "bare", title: "Bare", languages: [], voices: [], options: {} } as unknown as Model;
const draft = { ...emptyDraft([english, bare]), text: "Hello." };

test("a new form compares two voices of the first model", () => {
  expect(draft.sides.map((side) => side.voice)).toEqual(["a", "b"]);
  expect(isDraft(JSON.parse(JSON.stringify(draft)))).toBe(true);
  expect(isDraft({ ...draft, sides: [draft.sides[0]] })).toBe(false);
  expect(isDraft({ ...draft, text: 5 })).toBe(false);
});

test("another language brings a voice that speaks it, another model one that it has", () => {
  const side = draft.sides[0];
  expect(withLanguage(side, english, "en-GB").voice).toBe("b");
  expect(withLanguage(side, english, "").voice).toBe("a");
  expect(withModel({ ...side, language: "en-GB", voice: "b" }, bare)).toMatchObject({
    voice: "",
    language: "",
  });
  expect(withModel({ ...side, model: "bare", voice: "" }, english).voice).toBe("a");
});

test("what is gone is named", () => {
  expect(sideProblems({ ...draft.sides[0], voice: "z" }, english)).toHaveProperty(["options.voice"]);
  expect(sideProblems(draft.sides[0], undefined)).toHaveProperty("model");
  expect(sideProblems(draft.sides[0], english)).toEqual({});
});

test("texts are counted as the server does, and refused before they are sent", () => {
  expect(characters("a😀é")).toBe(3);
  expect(textProblem(" \n", 10)).toMatch(/first/);
  expect(textProblem("12345678901", 10)).toMatch(/11 characters; 10/);
  expect(textProblem("😀".repeat(10), 10)).toBeUndefined();
});

test("only what was chosen is sent", () => {
  const side = { ...draft.sides[0], options: { speed: 1 } };
  expect(orderOf(draft, side, english)).toEqual({
    kind: "speech",
    model: "english",
    input: { text: "Hello." },
    options: { voice: "a" },
  });
  const more = { priority: "high", labels: "project:demo" } as const;
  expect(
    orderOf(
      { ...draft, more, format: "mp3" },
      { ...side, language: "en-US", options: { speed: 2 } },
      english,
    ),
  ).toMatchObject({
    options: { voice: "a", language: "en-US", format: "mp3", speed: 2 },
    priority: "high",
    labels: { project: "demo" },
  });
});

test("an earlier job fills the form, so that it asks for the same again", () => {
  const job = {
    kind: "speech",
    model: "english",
    priority: "low",
    labels: { project: "demo", harmony: "voice-sample" },
    request: { input: { text: "Old." }, options: { voice: "b", speed: 1.5, format: "mp3" } },
  } as unknown as Job;
  const filled = draftOf(job, draft);
  expect(filled).toMatchObject({
    text: "Old.",
    format: "mp3",
    more: { priority: "low", labels: "project:demo" },
  });
  expect(filled && orderOf(filled, filled.sides[0], english).options).toEqual({
    voice: "b",
    speed: 1.5,
    format: "mp3",
  });
  expect(draftOf({ ...job, kind: "vad" }, draft)).toBeUndefined();
});
