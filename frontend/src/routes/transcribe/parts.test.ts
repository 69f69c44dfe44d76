import { expect, test } from "vitest";
import type { Job, Model } from "@/api/types";
import { loudness, refusal } from "./microphone";
import { Slots } from "./sending";
import {
  alsoOrder,
  isSettings,
  modelOf,
  orderOf,
  PLAIN,
  settingsOf,
  settingsProblems,
  withKind,
} from "./settings";
import { cosine } from "./similarity";
import { recordingOf } from "./start";
import { fileProblem } from "./upload";

const whisper = {
  id: "whisper",
  capabilities: ["transcription", "translation"],
  languages: ["en", "de"],
  options: {
    transcription: { beam_size: { type: "integer", description: "", default: 5, minimum: 1, maximum: 10 } },
  },
} as unknown as Model;
const silero = { id: "silero", capabilities: ["vad"], languages: [], options: {} } as unknown as Model;
const models = [whisper, silero];

test("what is too large or empty is refused without being read, with the limit named", () => {
  expect(fileProblem(2 * 2 ** 30, 2 ** 30)).toMatch(/2\.0 GiB; at most 1\.0 GiB/);
  expect(fileProblem(2 ** 30, 2 ** 30)).toMatch(/at most/);
  expect(fileProblem(2 ** 29, 2 ** 30)).toBeUndefined();
  expect(fileProblem(2 ** 40, undefined)).toBeUndefined();
  expect(fileProblem(0, 2 ** 30)).toMatch(/empty/);
});

test("the first model that can is meant unless one was chosen; one that is gone is told", () => {
  expect(modelOf(PLAIN, models)?.id).toBe("whisper");
  expect(modelOf({ ...PLAIN, kind: "vad" }, models)?.id).toBe("silero");
  expect(settingsProblems({ ...PLAIN, model: "gone" }, models)).toHaveProperty("model");
  expect(settingsProblems({ ...PLAIN, options: { beam_size: 11 } }, models)).toEqual({
    "options.beam_size": "At most 10.",
  });
});

test("an order holds what was chosen, and language only where it is taken", () => {
  const settings = { ...PLAIN, language: "de", options: { beam_size: 2 }, also: ["vad"] as const };
  expect(orderOf(settings, whisper)).toEqual({
    kind: "transcription",
    model: "whisper",
    options: { beam_size: 2, language: "de" },
  });
  expect(alsoOrder(settings, "vad")).toEqual({ kind: "vad" });
  const vad = withKind(settings, "vad");
  expect(vad.also).toEqual([]);
  expect(orderOf(vad, silero).options).toEqual({});
});

test("an earlier job brings its settings and its recording", () => {
  const job = {
    kind: "transcription",
    model: "whisper",
    priority: "low",
    labels: {},
    inputs: [{ id: "art_in" }],
    request: { options: { language: "de", beam_size: 1 } },
  } as unknown as Job;
  const settings = settingsOf(job, PLAIN);
  expect(settings).toMatchObject({ model: "whisper", language: "de", options: { beam_size: 1 } });
  expect(isSettings(JSON.parse(JSON.stringify(settings)))).toBe(true);
  expect(recordingOf(job)).toBe("art_in");
  const speech = { ...job, kind: "speech", result: { artifacts: [{ id: "art_out", role: "audio" }] } } as Job;
  expect(settingsOf(speech, PLAIN)).toBe(PLAIN);
  expect(recordingOf(speech)).toBe("art_out");
});

test("voices are compared by the angle between them", () => {
  expect(cosine([1, 0], [0, 2])).toBe(0);
  expect(cosine([1, 2], [2, 4])).toBeCloseTo(1);
  expect(cosine([1, 2], [-1, -2])).toBeCloseTo(-1);
  expect(cosine([1], [1, 2])).toBeNull();
  expect(cosine([0, 0], [1, 2])).toBeNull();
});

test("the meter is empty in silence and full at full scale", () => {
  expect(loudness(new Float32Array(64))).toBe(0);
  expect(loudness(new Float32Array(64).fill(1))).toBeCloseTo(1);
  expect(loudness(new Float32Array(64).fill(0.1))).toBeCloseTo(2 / 3);
});

test("a refused microphone is explained", () => {
  expect(refusal(new DOMException("", "NotAllowedError"))).toMatch(/Allow it/);
  expect(refusal(new DOMException("", "NotFoundError"))).toMatch(/Connect one/);
  expect(refusal(new Error("x"))).toMatch(/could not start/);
});

test("a few are let in at a time, in their order", async () => {
  const slots = new Slots(1);
  const entered: number[] = [];
  await slots.enter();
  const second = slots.enter().then(() => entered.push(2));
  const third = slots.enter().then(() => entered.push(3));
  expect(entered).toEqual([]);
  slots.leave();
  await second;
  expect(entered).toEqual([2]);
  slots.leave();
  await third;
  expect(entered).toEqual([2, 3]);
});
