import { useMemo, useRef, useSyncExternalStore } from "react";
import { position } from "@/lib/time";
import { recordingOf } from "@/nouns/artifact/words";
import { useClock } from "@/nouns/audio/clock";
import { Download } from "@/nouns/audio/Download";
import { Player, type PlayerHandle } from "@/nouns/audio/Player";
import { cuesOf } from "@/nouns/transcript/cues";
import { isCut, type Whole } from "@/nouns/transcript/queries";
import { Unread } from "@/nouns/transcript/Unread";
import { indexAt } from "@/nouns/transcript/words";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/Panel";

/** The subtitles as they would stand under a picture, and all of them in order. */
export function Subtitles({ whole }: { whole: Whole }) {
  const { job } = whole;
  const player = useRef<PlayerHandle>(null);
  const clock = useClock();
  const segments = job.result?.segments;
  const cues = useMemo(() => cuesOf(segments ?? []), [segments]);
  const current = useSyncExternalStore(clock.watch, () => indexAt(cues, clock.now(), 0));
  const shown = cues[current];
  const recording = recordingOf(job);
  if (isCut(job))
    return (
      <Panel title="Subtitles">
        <Unread whole={whole} />
      </Panel>
    );
  return (
    <Panel title="Subtitles" actions={<Download jobId={job.id} kind={job.kind} />}>
      <div className="flex flex-col gap-4">
        <div
          aria-label="Preview"
          role="img"
          className="flex h-28 flex-col items-center justify-end rounded-md bg-ink p-4 text-center text-base text-canvas"
        >
          {shown === undefined ? (
            <span className="text-sm opacity-75">Play it to see the subtitles here.</span>
          ) : (
            shown.lines.map((line, at) => <span key={at}>{line}</span>)
          )}
        </div>
        {recording !== undefined && (
          <Player
            ref={player}
            src={recording.url}
            label="recording"
            seconds={recording.seconds}
            regions={cues}
            onTime={clock.set}
          />
        )}
        <ol className="max-h-[50vh] overflow-y-auto" tabIndex={0} aria-label="All subtitles">
          {cues.map((cue, at) => (
            <li
              key={at}
              aria-current={at === current ? "true" : undefined}
              className={cx(
                "grid grid-cols-[9rem_1fr] gap-3 rounded-md px-2 py-1.5 text-sm [content-visibility:auto]",
                at === current && "bg-accent-soft",
              )}
            >
              <button
                type="button"
                onClick={() => player.current?.seek(cue.start, true)}
                className="text-left text-xs leading-5 text-muted tabular-nums hover:text-accent hover:underline"
              >
                {position(cue.start)} – {position(cue.end)}
              </button>
              <span>
                {cue.lines.map((line, number) => (
                  <span key={number} className="block">
                    {line}{" "}
                  </span>
                ))}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </Panel>
  );
}
