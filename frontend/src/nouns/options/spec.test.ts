import { expect, test } from "vitest";
import type { Model } from "@/api/types";
import { optionLabel, optionProblems, optionsOf, stepOf, toSend } from "./spec";

const model = {
  options: {
    speech: {
      speed: { type: "number", description: "Pace.", default: 1, minimum: 0.5, maximum: 2, choices: [] },
      stages: { type: "integer", description: "", default: 1, minimum: 1, maximum: 4 },
      fail: { type: "string", description: "", default: "", choices: ["", "crash"] },
      prompt: { type: "string", description: "", max_length: 5 },
      new_kind_of_thing: { type: "matrix", description: "of a newer server" },
    },
  },
} as unknown as Model;

const specs = optionsOf(model, "speech");

test("options are what the catalog says; types that nobody knows yet are left out", () => {
  expect(specs.map((spec) => spec.name)).toEqual(["speed", "stages", "fail", "prompt"]);
  expect(optionsOf(model, "vad")).toEqual([]);
  expect(specs[0]).toMatchObject({ minimum: 0.5, maximum: 2, default: 1, choices: [] });
});

test("only what differs from the default is sent, and only what this model takes", () => {
  expect(toSend(specs, { speed: 1, stages: 2, fail: "", prompt: "", beam_size: 3 })).toEqual({ stages: 2 });
});

test("a value out of bounds is told before it is sent", () => {
  expect(optionProblems(specs, { speed: 2.5, stages: 1.5, prompt: "too long" })).toEqual({
    speed: "At most 2.",
    stages: "Enter a whole number.",
    prompt: "At most 5 characters; these are 8.",
  });
  expect(optionProblems(specs, { speed: NaN })).toEqual({ speed: "Enter a number." });
});

test("sliders step by round numbers, and labels are words", () => {
  expect(specs[0] && stepOf(specs[0])).toBe(0.02);
  expect(specs[1] && stepOf(specs[1])).toBe(1);
  expect(optionLabel("min_speech_duration_ms")).toBe("Min speech duration (ms)");
});
