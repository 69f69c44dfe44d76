import { useQuery } from "@tanstack/react-query";
import { LoaderCircle, Pause, Play, Volume2, VolumeX } from "lucide-react";
import {
  lazy,
  Suspense,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
  type ReactNode,
  type Ref,
} from "react";
import { patiently } from "@/lib/patiently";
import type { Word } from "@/api/types";
import { position } from "@/lib/time";
import { cx } from "@/ui/cx";
import { IconButton } from "@/ui/IconButton";
import { nearby } from "@/nouns/artifact/link";
import { identity, MAX_SECONDS, peaksQuery } from "./peaks";
import { seek, setSpeed, setVolume, start, toggle, usePlayback, type Playback } from "./playback";
import { Rail, Seek, type Region } from "./Seek";

const Wave = lazy(() => patiently(() => import("./Wave")));

export type { Region } from "./Seek";

/** What a page can make a player do: `const player = useRef<PlayerHandle>(null)`, `<Player ref={player} … />`. */
export interface PlayerHandle {
  play: () => void;
  pause: () => void;
  toggle: () => void;
  /** Goes to a place in seconds, and plays on from there if asked to. */
  seek: (seconds: number, play?: boolean) => void;
}

interface Props {
  /**
   * Where the audio is (a link out of a job's document; a newer signature of the same one does not interrupt), or
   * the audio itself (a file that was dropped, a recording).
   */
  src: string | Blob;
  /** What it is, for those who listen to the page: “Speech of job …”, “Reference”. */
  label: string;
  /** Its length if it is known; recordings over half an hour are played without a waveform. */
  seconds?: number | null | undefined;
  /** Stretches to mark, say those with speech in them. */
  regions?: readonly Region[];
  /** Words with their times: the one under the pointer is shown. */
  words?: readonly Word[];
  /** Called with the place in seconds, each frame while it plays and when somebody seeks; see `useClock`. */
  onTime?: (seconds: number) => void;
  /** `full`: speed and volume too, in a second row (default). `compact`: one row. `button`: only play and pause. */
  controls?: "full" | "compact" | "button";
  /** What stands at the end of the second row, say a download menu. */
  actions?: ReactNode;
  className?: string;
  ref?: Ref<PlayerHandle>;
}

const NONE: never[] = [];

/** Plays a recording and shows its waveform. Of all players on a page one plays at a time. */
export function Player(props: Props) {
  const { label, regions = NONE, words = NONE, onTime, controls = "full", actions, className, ref } = props;
  const audio = useRef<HTMLAudioElement>(null);
  const playback = usePlayback(audio, onTime);
  const { src, renew } = useSteadySource(nearby(props.src), audio);
  const short = (props.seconds ?? 0) <= MAX_SECONDS;
  const peaks = useQuery({ ...peaksQuery(src), enabled: short && controls !== "button" });
  const seconds = playback.seconds ?? peaks.data?.seconds ?? props.seconds ?? 0;
  const height = controls === "full" ? 64 : 36;
  useImperativeHandle(ref, () => ({
    play: () => start(audio.current),
    pause: () => audio.current?.pause(),
    toggle: () => toggle(audio.current),
    seek: (to, play) => {
      seek(audio.current, to);
      if (play === true) start(audio.current);
    },
  }));
  const button = (
    <PlayButton
      playback={playback}
      label={label}
      small={controls !== "full"}
      onPress={() => toggle(audio.current)}
    />
  );
  return (
    <div role="group" aria-label={label} className={cx("min-w-0", className)} data-player>
      {/* Captions are the transcript beside it, where there is one. */}
      <audio ref={audio} preload="metadata" onError={renew} />
      <div className="flex items-center gap-3">
        {button}
        {controls !== "button" && (
          <Seek
            label={label}
            time={playback.time}
            seconds={seconds}
            height={height}
            regions={regions}
            words={words}
            onSeek={(to) => seek(audio.current, to)}
            onToggle={() => toggle(audio.current)}
          >
            {peaks.data === undefined ? undefined : (
              <Suspense fallback={<Rail share={seconds > 0 ? playback.time / seconds : 0} />}>
                <Wave audio={audio} peaks={peaks.data} height={height} />
              </Suspense>
            )}
          </Seek>
        )}
        {controls === "compact" && <Place time={playback.time} seconds={seconds} />}
      </div>
      {controls === "full" && (
        <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 pl-13">
          <Place time={playback.time} seconds={seconds} />
          <Speed speed={playback.speed} onChange={(speed) => setSpeed(audio.current, speed)} />
          <Volume volume={playback.volume} onChange={(volume) => setVolume(audio.current, volume)} />
          {actions !== undefined && <div className="ml-auto flex items-center gap-2">{actions}</div>}
        </div>
      )}
      {playback.failed && (
        <p role="alert" className="mt-2 text-sm text-bad">
          This browser cannot play it: the audio is gone, out of reach, or in a format it does not know.
        </p>
      )}
    </div>
  );
}

/**
 * The source that is played: the first link to a recording, until that fails or the recording is another one. Links
 * carry a signature that is new in each document, and a new source would begin from the start.
 */
function useSteadySource(newest: string | Blob, element: { current: HTMLAudioElement | null }) {
  const [src, setSrc] = useState(newest);
  if (identity(src) !== identity(newest)) setSrc(newest);
  useEffect(() => {
    const audio = element.current;
    if (audio === null) return;
    const url = typeof src === "string" ? src : URL.createObjectURL(src);
    audio.setAttribute("src", url);
    return () => {
      if (typeof src !== "string") URL.revokeObjectURL(url);
    };
  }, [src, element]);
  return { src, renew: () => setSrc(newest) };
}

function PlayButton({
  playback,
  label,
  small,
  onPress,
}: {
  playback: Playback;
  label: string;
  small: boolean;
  onPress: () => void;
}) {
  const icon = playback.playing ? <Pause aria-hidden /> : <Play aria-hidden className="translate-x-px" />;
  return (
    <button
      type="button"
      onClick={onPress}
      disabled={playback.failed}
      aria-label={`${playback.playing ? "Pause" : "Play"} ${label}`}
      aria-pressed={playback.playing}
      className={cx(
        "inline-flex shrink-0 items-center justify-center rounded-full bg-accent text-on-accent hover:bg-accent-strong disabled:cursor-not-allowed disabled:opacity-50 [&_svg]:fill-current",
        small ? "size-8 [&_svg]:size-3.5" : "size-10 [&_svg]:size-4",
      )}
    >
      {playback.waiting ? <LoaderCircle aria-hidden className="animate-spin fill-none!" /> : icon}
    </button>
  );
}

function Place({ time, seconds }: { time: number; seconds: number }) {
  return (
    <span className="text-xs whitespace-nowrap text-muted tabular-nums">
      {position(time)} <span className="text-faint">/ {position(seconds)}</span>
    </span>
  );
}

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

function Speed({ speed, onChange }: { speed: number; onChange: (speed: number) => void }) {
  return (
    <select
      aria-label="Speed"
      value={speed}
      onChange={(event) => onChange(Number(event.target.value))}
      className="h-7 rounded-md border bg-surface px-1 text-xs text-muted hover:border-line-strong"
    >
      {SPEEDS.map((each) => (
        <option key={each} value={each}>
          {each}×
        </option>
      ))}
    </select>
  );
}

function Volume({ volume, onChange }: { volume: number; onChange: (volume: number) => void }) {
  const muted = volume === 0;
  return (
    <span className="hidden items-center gap-1 sm:inline-flex">
      <IconButton label={muted ? "Sound on" : "Mute"} small onClick={() => onChange(muted ? 1 : 0)}>
        {muted ? <VolumeX aria-hidden /> : <Volume2 aria-hidden />}
      </IconButton>
      <input
        type="range"
        aria-label="Volume"
        min={0}
        max={1}
        step={0.05}
        value={volume}
        onChange={(event) => onChange(Number(event.target.value))}
        className="h-1 w-20 accent-(--accent)"
      />
    </span>
  );
}
