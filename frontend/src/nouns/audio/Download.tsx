import { Download as Icon } from "lucide-react";
import type { Kind } from "@/api/types";
import { Button } from "@/ui/Button";
import { Menu, MenuItem, MenuLabel } from "@/ui/Menu";

const TRANSCRIPT: readonly (readonly [string, string])[] = [
  ["txt", "Text"],
  ["srt", "Subtitles, SRT"],
  ["vtt", "Subtitles, WebVTT"],
  ["json", "Everything, JSON"],
];

const AUDIO: readonly (readonly [string, string])[] = [
  ["wav", "WAV, as it was made"],
  ["mp3", "MP3, plays everywhere"],
  ["flac", "FLAC, small and lossless"],
  ["opus", "Opus, smallest"],
  ["aac", "AAC"],
  ["pcm", "PCM, raw samples"],
];

const FORMATS: Record<Kind, readonly (readonly [string, string])[]> = {
  speech: AUDIO,
  voice_conversion: AUDIO,
  transcription: TRANSCRIPT,
  translation: TRANSCRIPT,
  vad: [["json", "Stretches of speech, JSON"]],
  embedding: [
    ["json", "Vector, JSON"],
    ["npy", "Vector, NumPy"],
  ],
};

/** Saves a job's result in a format: `<Download jobId kind />`. The server converts it and names the file. */
export function Download({ jobId, kind, label = "Download" }: { jobId: string; kind: Kind; label?: string }) {
  return (
    <Menu
      end
      trigger={
        <Button small icon={<Icon aria-hidden />}>
          {label}
        </Button>
      }
    >
      <MenuLabel>Save as</MenuLabel>
      {FORMATS[kind].map(([format, words]) => (
        <MenuItem key={format} onSelect={() => fetchFile(resultLink(jobId, format))}>
          <span className="w-10 font-mono text-xs text-muted">{format}</span>
          {words}
        </MenuItem>
      ))}
    </Menu>
  );
}

/** Where a job's result is in a format; the answer is an attachment. */
export function resultLink(jobId: string, format: string): string {
  return `/v1/jobs/${encodeURIComponent(jobId)}/result?format=${format}`;
}

function fetchFile(link: string): void {
  const anchor = document.createElement("a");
  anchor.href = link;
  anchor.download = "";
  anchor.click();
}
