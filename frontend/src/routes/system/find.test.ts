import { expect, test } from "vitest";
import type { Model } from "@/api/types";
import { findModels } from "./find";
import { weightsWords } from "./pulling";

const kokoro: Model = {
  id: "kokoro",
  object: "model",
  created: 0,
  owned_by: "harmony",
  family: "kokoro",
  title: "Kokoro 82M",
  description: "Text to speech.",
  capabilities: ["speech"],
  languages: ["en-US"],
  voices: [{ id: "af_heart", name: "Heart", language: "en-US", gender: "female" }],
  options: {},
  licence: "Apache-2.0",
  device: "cpu",
  queue: "cpu",
  sample_rate: 24_000,
  memory_mb: 900,
  cloning: null,
  space: null,
  voice_match: false,
  alias_of: null,
  mixing: true,
  styles: [],
  weights_bytes: 10,
  weights: { needed: true, bytes: 10, present: false, hosts: [], pull: null },
  loaded_on: [],
};
const whisper: Model = {
  ...kokoro,
  id: "whisper-base",
  title: "Whisper",
  description: "Speech to text.",
  capabilities: ["transcription"],
  languages: ["de"],
  voices: [],
};

test.each([
  ["", ["kokoro", "whisper-base"]],
  ["german", ["whisper-base"]],
  ["heart", ["kokoro"]],
  ["TRANSCRIPTION whisper", ["whisper-base"]],
  ["german heart", []],
])("“%s” finds %s", (text, ids) => {
  expect(findModels([kokoro, whisper], text).map((model) => model.id)).toEqual(ids);
});

test("weights are told as they are", () => {
  const pull = {
    status: "failed" as const,
    worker: null,
    bytes: 0,
    total_bytes: 10,
    progress: 0,
    error: null,
    asked_at: "2026-11-23T08:00:00Z",
    finished_at: null,
  };
  const words = (weights: Partial<Model["weights"]>): string =>
    weightsWords({ ...kokoro, weights: { ...kokoro.weights, ...weights } }).words;
  expect(words({ needed: false, present: true })).toBe("None needed");
  expect(words({})).toBe("Not fetched yet");
  expect(words({ pull })).toBe("Fetching failed");
  expect(words({ pull, present: true })).toBe("Present");
  expect(words({ pull: { ...pull, status: "running" } })).toBe("Being fetched");
  expect(words({ pull: { ...pull, status: "queued" } })).toBe("Will be fetched");
});
