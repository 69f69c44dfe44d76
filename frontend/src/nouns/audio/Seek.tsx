import { memo, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import type { Word } from "@/api/types";
import { position } from "@/lib/time";

/** A stretch of a recording that is marked. */
export interface Region {
  /** In seconds. */
  start: number;
  end: number;
  label?: string;
}

interface Props {
  label: string;
  time: number;
  /** 0 while it is not known. */
  seconds: number;
  height: number;
  regions: readonly Region[];
  words: readonly Word[];
  onSeek: (seconds: number) => void;
  onToggle: () => void;
  /** The waveform; without one there is a plain rail. */
  children?: ReactNode;
}

const STEP = 5;

/** The place in a recording, to see and to choose: by pointer, and by arrow keys, Home and End. */
export function Seek(props: Props) {
  const { label, time, seconds, height, regions, words, onSeek, onToggle, children } = props;
  const [over, setOver] = useState<number | null>(null);
  const share = seconds > 0 ? Math.min(1, time / seconds) : 0;
  const placeOf = (event: PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / Math.max(1, box.width))) * seconds;
  };
  const press = (event: KeyboardEvent): void => {
    const goal = keyGoal(event.key, time, seconds);
    if (goal === null && event.key !== " ") return;
    event.preventDefault();
    if (goal === null) onToggle();
    else onSeek(goal);
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label={`Position in ${label}`}
      aria-valuemin={0}
      aria-valuemax={Math.round(seconds * 10) / 10}
      aria-valuenow={Math.round(Math.min(time, seconds) * 10) / 10}
      aria-valuetext={`${position(time)} of ${position(seconds)}`}
      onKeyDown={press}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        onSeek(placeOf(event));
      }}
      onPointerMove={(event) => {
        setOver(placeOf(event));
        if (event.buttons === 1) onSeek(placeOf(event));
      }}
      onPointerLeave={() => setOver(null)}
      className="relative min-w-0 flex-1 cursor-pointer touch-none rounded-sm select-none"
      style={{ height }}
    >
      <Regions regions={regions} seconds={seconds} />
      {children ?? <Rail share={share} />}
      {over !== null && seconds > 0 && <Hint at={over} seconds={seconds} words={words} />}
    </div>
  );
}

/** Does not change while it plays: there may be hundreds. */
const Regions = memo(function Regions({ regions, seconds }: { regions: readonly Region[]; seconds: number }) {
  return regions.map((region, number) => (
    <span
      key={number}
      title={region.label}
      className="absolute inset-y-0 border-x border-accent/50 bg-accent-soft"
      style={stretch(region, seconds)}
    />
  ));
});

function stretch(region: Region, seconds: number) {
  const part = (value: number): number => (seconds > 0 ? (100 * value) / seconds : 0);
  return { left: `${part(region.start)}%`, width: `${part(region.end - region.start)}%` };
}

/** Where a key leads, in seconds; null for keys that lead nowhere. */
export function keyGoal(key: string, time: number, seconds: number): number | null {
  const goals: Record<string, number> = {
    ArrowLeft: time - STEP,
    ArrowDown: time - STEP,
    ArrowRight: time + STEP,
    ArrowUp: time + STEP,
    PageDown: time - 6 * STEP,
    PageUp: time + 6 * STEP,
    Home: 0,
    End: seconds,
  };
  const goal = goals[key];
  return goal === undefined ? null : Math.max(0, Math.min(seconds, goal));
}

/** Where the recording is, without its picture. */
export function Rail({ share }: { share: number }) {
  return (
    <span
      data-rail
      className="absolute inset-x-0 top-1/2 h-1.5 -translate-y-1/2 overflow-hidden rounded-full bg-line"
    >
      <span className="block h-full rounded-full bg-accent" style={{ width: `${100 * share}%` }} />
    </span>
  );
}

/** What is where the pointer rests. */
function Hint({ at, seconds, words }: { at: number; seconds: number; words: readonly Word[] }) {
  const word = words.find((each) => each.start <= at && at < each.end);
  return (
    <span
      aria-hidden
      className="pointer-events-none absolute inset-y-0 z-10"
      style={stretch({ start: at, end: at }, seconds)}
    >
      <span className="absolute inset-y-0 border-l border-line-strong" />
      <span
        className="absolute -top-5 rounded-sm bg-ink px-1 text-xs whitespace-nowrap text-canvas tabular-nums"
        style={at > seconds / 2 ? { right: 0 } : { left: 0 }}
      >
        {position(at)}
        {word !== undefined && ` · ${word.word.trim()}`}
      </span>
    </span>
  );
}
