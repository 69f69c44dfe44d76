import { FileDown, Undo2 } from "lucide-react";
import type { Job, Segment } from "@/api/types";
import { percent, plural } from "@/lib/numbers";
import { duration } from "@/lib/time";
import type { Clock } from "@/nouns/audio/clock";
import { Download } from "@/nouns/audio/Download";
import { kindLabel } from "@/nouns/job/status";
import { languageName } from "@/nouns/model/language";
import { EXPORTS, plain, save } from "@/nouns/transcript/export";
import { Transcript } from "@/nouns/transcript/Transcript";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/Copy";
import { Menu, MenuItem, MenuLabel } from "@/ui/Menu";
import { changeRecording, type Recording } from "./recordings";

interface TranscriptProps {
  job: Job;
  recording: Recording;
  /** The text can be changed here; the changes stay in this browser. */
  editable: boolean;
  /** Names what it is, where there are two. */
  titled: boolean;
  clock: Clock;
  onSeek: (seconds: number) => void;
}

/** What was said: to hear word by word, to edit, and to take away. */
export function TranscriptResult({ job, recording, editable, titled, clock, onSeek }: TranscriptProps) {
  const found = job.result?.segments ?? [];
  const edits = editable ? recording.edits : undefined;
  const segments = edits ?? found;
  const { language, duration: seconds } = job.result ?? {};
  const change = (next: readonly Segment[] | undefined): void =>
    changeRecording(recording.id, (before) => ({ ...before, edits: next }));
  if (found.length === 0)
    return <p className="text-sm text-muted">No speech was recognised in this recording.</p>;
  return (
    <section aria-label={kindLabel(job.kind)} className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        {titled && <h3 className="text-sm font-semibold">{kindLabel(job.kind)}</h3>}
        {language != null && <Badge>{languageName(language)}</Badge>}
        {edits !== undefined && <Badge tone="accent">Edited</Badge>}
        <span className="ml-auto flex flex-wrap items-center gap-1">
          {edits !== undefined && (
            <Button small look="quiet" icon={<Undo2 aria-hidden />} onClick={() => change(undefined)}>
              As it was recognised
            </Button>
          )}
          <CopyButton text={plain(segments)} label="Copy text" />
          <Menu
            end
            trigger={
              <Button small icon={<FileDown aria-hidden />}>
                Export
              </Button>
            }
          >
            <MenuLabel>{edits === undefined ? "Save as" : "Save the edited text as"}</MenuLabel>
            {EXPORTS.map((format) => (
              <MenuItem
                key={format}
                onSelect={() => save(format, stem(recording.name), { segments, language, duration: seconds })}
              >
                <span className="w-10 font-mono text-xs text-muted">{format}</span>
                {WORDS[format]}
              </MenuItem>
            ))}
          </Menu>
        </span>
      </div>
      <Transcript
        segments={segments}
        clock={clock}
        onSeek={onSeek}
        {...(editable ? { onEdit: change } : {})}
      />
    </section>
  );
}

const WORDS = {
  txt: "Text",
  srt: "Subtitles, SRT",
  vtt: "Subtitles, WebVTT",
  json: "Words with times, JSON",
} as const;

function stem(name: string): string {
  return name.replace(/\.[A-Za-z0-9]{1,5}$/, "");
}

/** Where somebody speaks: the stretches are marked on the waveform. */
export function SpeechResult({ job }: { job: Job }) {
  const { segments, speech_seconds: speech, duration: whole } = job.result ?? {};
  const count = segments?.length ?? 0;
  return (
    <section
      aria-label="Speech in it"
      className="flex flex-wrap items-center gap-2 rounded-lg bg-sunken px-3 py-2 text-sm"
    >
      <p className="min-w-0 flex-1">
        {count === 0 || speech == null ? (
          "Nobody speaks in this recording."
        ) : (
          <>
            <strong className="font-semibold tabular-nums">{duration(speech)} of speech</strong>
            {whole != null && whole > 0 && ` in ${duration(whole)} (${percent(speech / whole)})`},{" "}
            {plural(count, "stretch", "stretches")}, marked on the waveform
          </>
        )}
      </p>
      <Download jobId={job.id} kind="vad" />
    </section>
  );
}

/** The voice as numbers; how alike voices are is told beside the other recordings. */
export function EmbeddingResult({ job }: { job: Job }) {
  const embedding = job.result?.embedding;
  if (embedding == null) return null;
  return (
    <section
      aria-label="Speaker embedding"
      className="flex flex-wrap items-center gap-2 rounded-lg bg-sunken px-3 py-2 text-sm"
    >
      <p className="min-w-0 flex-1">
        <strong className="font-semibold">Voice described</strong> by {embedding.dimensions} numbers (
        {embedding.family})
      </p>
      <Download jobId={job.id} kind="embedding" />
    </section>
  );
}
