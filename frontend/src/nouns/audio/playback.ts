import { useEffect, useEffectEvent, useState, type RefObject } from "react";
import { remember, remembered } from "@/lib/storage";

export interface Playback {
  playing: boolean;
  /** Seconds into the recording. */
  time: number;
  /** Length in seconds as the browser found it; null before it did. */
  seconds: number | null;
  /** It should play but has no data yet. */
  waiting: boolean;
  /** The browser cannot play it, or cannot reach it. */
  failed: boolean;
  speed: number;
  volume: number;
}

const AT_FIRST: Playback = {
  playing: false,
  time: 0,
  seconds: null,
  waiting: false,
  failed: false,
  speed: 1,
  volume: 1,
};

/** The one that plays now: a second one makes it pause. */
let sounding: HTMLAudioElement | null = null;

const EVENTS = [
  "play",
  "playing",
  "pause",
  "ended",
  "waiting",
  "seeking",
  "seeked",
  "timeupdate",
  "loadedmetadata",
  "durationchange",
  "emptied",
  "error",
  "ratechange",
  "volumechange",
] as const;

function isVolume(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function reading(audio: HTMLAudioElement): Playback {
  return {
    playing: !audio.paused && !audio.ended,
    time: audio.currentTime,
    seconds: Number.isFinite(audio.duration) ? audio.duration : null,
    waiting: !audio.paused && audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && audio.error === null,
    failed: audio.error !== null,
    speed: audio.playbackRate,
    volume: audio.muted ? 0 : audio.volume,
  };
}

/** Follows an audio element; `onTime` is called with every frame while it plays, and when somebody seeks. */
export function usePlayback(
  element: RefObject<HTMLAudioElement | null>,
  onTime: ((seconds: number) => void) | undefined,
): Playback {
  const [playback, setPlayback] = useState(AT_FIRST);
  const told = useEffectEvent((seconds: number) => onTime?.(seconds));
  useEffect(() => {
    const audio = element.current;
    if (audio === null) return;
    let frame = 0;
    let shown = -1;
    const read = (): void => {
      shown = Math.floor(audio.currentTime * 10);
      setPlayback(reading(audio));
      told(audio.currentTime);
    };
    const tick = (): void => {
      // Tenths are what is shown; whoever needs every frame is told of it.
      if (Math.floor(audio.currentTime * 10) === shown) told(audio.currentTime);
      else read();
      frame = audio.paused || audio.ended ? 0 : window.requestAnimationFrame(tick);
    };
    const take = (event: Event): void => {
      if (event.type === "play") {
        if (sounding !== audio) sounding?.pause();
        sounding = audio;
        if (frame === 0) frame = window.requestAnimationFrame(tick);
      }
      read();
    };
    turn(audio, remembered("volume", isVolume, 1));
    for (const name of EVENTS) audio.addEventListener(name, take);
    return () => {
      window.cancelAnimationFrame(frame);
      for (const name of EVENTS) audio.removeEventListener(name, take);
      audio.pause();
      if (sounding === audio) sounding = null;
    };
  }, [element]);
  return playback;
}

/** Plays; what the browser refuses (nobody has touched the page yet, the source is gone) shows in the playback. */
export function start(audio: HTMLAudioElement | null): void {
  audio?.play().catch(() => undefined);
}

export function toggle(audio: HTMLAudioElement | null): void {
  if (audio === null) return;
  if (audio.paused) start(audio);
  else audio.pause();
}

/** Goes to a place; before the browser knows the length it goes there as soon as it does. */
export function seek(audio: HTMLAudioElement | null, seconds: number): void {
  if (audio === null) return;
  const end = Number.isFinite(audio.duration) ? audio.duration : seconds;
  audio.currentTime = Math.max(0, Math.min(seconds, end));
}

export function setVolume(audio: HTMLAudioElement | null, volume: number): void {
  if (audio === null) return;
  turn(audio, volume);
  remember("volume", volume);
}

function turn(audio: HTMLAudioElement, volume: number): void {
  audio.muted = false;
  audio.volume = volume;
}

export function setSpeed(audio: HTMLAudioElement | null, speed: number): void {
  if (audio !== null) audio.playbackRate = speed;
}
