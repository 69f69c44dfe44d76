import type { Artifact, Job } from "@/api/types";
import { bytes, number } from "@/lib/numbers";
import { duration } from "@/lib/time";

const NAMES: Readonly<Record<string, string>> = {
  "audio/wav": "WAV",
  "audio/x-wav": "WAV",
  "audio/mpeg": "MP3",
  "audio/flac": "FLAC",
  "audio/ogg": "Opus",
  "audio/aac": "AAC",
  "audio/mp4": "M4A",
  "audio/webm": "WebM",
  "application/json": "JSON",
  "application/octet-stream": "of no stated type",
};

/** “MP3 · 12 s · 24 kHz · 144 KiB”. */
export function artifactWords(artifact: Artifact): string {
  return [
    NAMES[artifact.media_type] ?? artifact.media_type,
    artifact.seconds === null ? null : duration(artifact.seconds),
    artifact.sample_rate === null ? null : `${number(artifact.sample_rate / 1000)} kHz`,
    bytes(artifact.bytes),
  ]
    .filter((part) => part !== null)
    .join(" · ");
}

/** Whether a browser may be asked to play it. */
export function isAudio(artifact: Pick<Artifact, "media_type">): boolean {
  return artifact.media_type.startsWith("audio/") || artifact.media_type.startsWith("video/");
}

/**
 * The recording that a job listens to. One that was sent without its media type is one, too, when the job has
 * succeeded: the server could read it, and browsers look into it themselves.
 */
export function recordingOf({
  kind,
  status,
  inputs,
}: Pick<Job, "kind" | "status" | "inputs">): Artifact | undefined {
  if (kind === "speech") return undefined;
  return inputs?.find(isAudio) ?? (status === "succeeded" ? inputs?.[0] : undefined);
}
