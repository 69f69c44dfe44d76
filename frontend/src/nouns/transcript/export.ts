import type { Segment } from "@/api/types";
import { cuesOf, type Cue } from "./cues";

export const EXPORTS = ["txt", "srt", "vtt", "json"] as const;
export type ExportFormat = (typeof EXPORTS)[number];

const TYPES: Record<ExportFormat, string> = {
  txt: "text/plain;charset=utf-8",
  srt: "application/x-subrip;charset=utf-8",
  vtt: "text/vtt;charset=utf-8",
  json: "application/json",
};

/** A transcript in words, to be written down: `language` and `duration` go into json. */
export interface Written {
  segments: readonly Segment[];
  language?: string | null | undefined;
  duration?: number | null | undefined;
}

/** The text of a transcript, edited or not, in one of the formats. */
export function exported(format: ExportFormat, transcript: Written): string {
  if (format === "json") return JSON.stringify({ text: plain(transcript.segments), ...transcript }, null, 2);
  if (format === "txt") return `${plain(transcript.segments)}\n`;
  const cues = cuesOf(transcript.segments);
  return format === "srt" ? srt(cues) : vtt(cues);
}

/** Hands the file to the browser's downloads, as `<name>.<format>`. */
export function save(format: ExportFormat, name: string, transcript: Written): void {
  const url = URL.createObjectURL(new Blob([exported(format, transcript)], { type: TYPES[format] }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = `${name}.${format}`;
  anchor.click();
  // The download has begun with the click; the bytes are let go when it must have read them.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function plain(segments: readonly Segment[]): string {
  return segments
    .map((segment) => (segment.text ?? "").trim())
    .filter((text) => text !== "")
    .join(" ");
}

function srt(cues: readonly Cue[]): string {
  return cues.map((cue, number) => `${number + 1}\n${span(cue, ",")}\n${cue.lines.join("\n")}\n`).join("\n");
}

function vtt(cues: readonly Cue[]): string {
  const escaped = (line: string): string =>
    line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const blocks = cues.map((cue) => `${span(cue, ".")}\n${cue.lines.map(escaped).join("\n")}\n`);
  return ["WEBVTT\n", ...blocks].join("\n");
}

function span(cue: Cue, point: string): string {
  return `${timestamp(cue.start, point)} --> ${timestamp(cue.end, point)}`;
}

/** `00:01:02,345`. */
export function timestamp(seconds: number, point: string): string {
  const total = Math.round(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = [total / 3_600_000, (total / 60_000) % 60, (total / 1000) % 60].map((part) =>
    two(Math.floor(part)),
  );
  return `${clock.join(":")}${point}${String(total % 1000).padStart(3, "0")}`;
}
