import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { hasEnded, type Artifact, type Job } from "@/api/types";
import { artifactWords, isAudio, recordingOf } from "@/nouns/artifact/words";
import { useClock, type Clock } from "@/nouns/audio/clock";
import { Download } from "@/nouns/audio/Download";
import { Player, type PlayerHandle } from "@/nouns/audio/Player";
import { kindLabel } from "@/nouns/job/status";
import { isCut, type Whole } from "@/nouns/transcript/queries";
import { Transcript } from "@/nouns/transcript/Transcript";
import { Unread } from "@/nouns/transcript/Unread";
import { wordsOf } from "@/nouns/transcript/words";
import { CopyButton } from "@/ui/Copy";
import { Panel } from "@/ui/Panel";
import { Skeleton } from "@/ui/States";
import { Embedding } from "./Embedding";
import { Live } from "./Live";
import { useRemoved } from "./removed";
import { Stretches } from "./Stretches";

const NONE: never[] = [];

/** What the job made, to hear and to read; before the end, the recording it works on. */
export function Result({ whole }: { whole: Whole }) {
  const { job } = whole;
  const removed = useRemoved(job);
  if (removed) return null;
  if (job.kind === "speech" || job.kind === "voice_conversion") return <Speech job={job} />;
  const recording = recordingOf(job);
  if (job.status !== "succeeded") return <Waiting job={job} recording={recording} />;
  return <Heard whole={whole} recording={recording} />;
}

function Speech({ job }: { job: Job }) {
  const player = useRef<PlayerHandle>(null);
  const [hearing, setHearing] = useState(false);
  useSpace(player);
  const audio = job.result?.artifacts.find(isAudio);
  if (job.streams && (hearing || (audio === undefined && !hasEnded(job.status))))
    return <Live job={job} onHearing={setHearing} />;
  if (audio === undefined) return hasEnded(job.status) ? null : <Waiting job={job} recording={undefined} />;
  return (
    <Panel title="Speech" actions={<Download jobId={job.id} kind={job.kind} />}>
      <Player
        ref={player}
        src={audio.url}
        label="speech"
        seconds={audio.seconds}
        actions={<Words artifact={audio} />}
      />
    </Panel>
  );
}

function Words({ artifact }: { artifact: Artifact }) {
  return <span className="text-xs text-muted">{artifactWords(artifact)}</span>;
}

function Waiting({ job, recording }: { job: Job; recording: Artifact | undefined }) {
  if (recording === undefined && hasEnded(job.status)) return null;
  return (
    <Panel title={recording === undefined ? kindLabel(job.kind) : "Recording"}>
      {recording === undefined ? (
        <div className="flex flex-col gap-2">
          <Skeleton className="h-16" />
          <p className="text-sm text-muted">What it makes appears here when it is done.</p>
        </div>
      ) : (
        <Player
          src={recording.url}
          label="recording"
          seconds={recording.seconds}
          actions={<Words artifact={recording} />}
        />
      )}
    </Panel>
  );
}

/** Space plays and pauses, wherever the page has the focus and nothing else takes the key. */
function useSpace(player: RefObject<PlayerHandle | null>): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const free = document.activeElement === document.body || document.activeElement?.id === "page";
      if (event.key !== " " || !free || event.defaultPrevented) return;
      event.preventDefault();
      player.current?.toggle();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [player]);
}

/** A recording and what was found in it, side by side: what is chosen in one is heard in the other. */
function Heard({ whole, recording }: { whole: Whole; recording: Artifact | undefined }) {
  const { job } = whole;
  const player = useRef<PlayerHandle>(null);
  const clock = useClock();
  useSpace(player);
  const segments = job.result?.segments ?? NONE;
  const words = useMemo(() => wordsOf(segments), [segments]);
  const play = useCallback((seconds: number) => player.current?.seek(seconds, true), []);
  const text = job.result?.text ?? "";
  return (
    <Panel
      title={titleOf(job)}
      actions={
        <>
          {text !== "" && <CopyButton text={text} label="Copy the text" />}
          <Download jobId={job.id} kind={job.kind} />
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {recording !== undefined && (
          <Player
            ref={player}
            src={recording.url}
            label="recording"
            seconds={recording.seconds}
            regions={job.kind === "vad" ? segments : undefined}
            words={words}
            onTime={clock.set}
            actions={<Words artifact={recording} />}
          />
        )}
        {isCut(job) ? <Unread whole={whole} /> : <Found job={job} clock={clock} onSeek={play} />}
      </div>
    </Panel>
  );
}

interface FoundProps {
  job: Job;
  clock: Clock;
  onSeek: (seconds: number) => void;
}

function Found({ job, clock, onSeek }: FoundProps) {
  const { embedding, segments } = job.result ?? {};
  const found = segments ?? NONE;
  if (job.kind === "embedding") return embedding != null && <Embedding embedding={embedding} />;
  if (job.kind === "vad") return <Stretches segments={found} clock={clock} onSeek={onSeek} />;
  if (found.length === 0) return <p className="text-sm text-muted">No words were found in the recording.</p>;
  return <Transcript segments={found} clock={clock} onSeek={onSeek} className="-mx-2" />;
}

function titleOf(job: Job): string {
  const language = job.result?.language;
  if (job.kind === "embedding") return "Voice as numbers";
  if (job.kind === "vad") return "Stretches of speech";
  const name = kindLabel(job.kind);
  return language == null ? name : `${name} · ${languageName(language)}`;
}

function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(code) ?? code;
  } catch {
    // A code of the model's own.
    return code;
  }
}
