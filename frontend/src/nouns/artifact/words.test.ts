import { expect, test } from "vitest";
import type { Artifact } from "@/api/types";
import { recordingOf } from "./words";

test("what was sent without its media type is a recording once the server could read it", () => {
  const untold = { media_type: "application/octet-stream" } as Artifact;
  const told = { media_type: "audio/flac" } as Artifact;
  const of = (kind: "vad" | "speech", status: "succeeded" | "failed", inputs: Artifact[]) =>
    recordingOf({ kind, status, inputs });
  expect(of("vad", "succeeded", [untold])).toBe(untold);
  expect(of("vad", "failed", [untold])).toBeUndefined();
  expect(of("vad", "failed", [told])).toBe(told);
  expect(of("speech", "succeeded", [told])).toBeUndefined();
});
