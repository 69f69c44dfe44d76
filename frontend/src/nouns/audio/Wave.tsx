import { useEffect, useRef, type RefObject } from "react";
import WaveSurfer from "wavesurfer.js";
import type { Peaks } from "./peaks";

function colours() {
  const tokens = getComputedStyle(document.documentElement);
  const token = (name: string): string => tokens.getPropertyValue(name).trim();
  return { waveColor: token("--line-strong"), progressColor: token("--accent"), cursorColor: token("--ink") };
}

/** Draws a recording and where its audio element is; seeking is done by what lies over it. */
export default function Wave({
  audio,
  peaks,
  height,
}: {
  audio: RefObject<HTMLAudioElement | null>;
  peaks: Peaks;
  height: number;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const container = place.current;
    const media = audio.current;
    if (container === null || media === null) return;
    const surfer = WaveSurfer.create({
      container,
      media,
      height,
      peaks: [peaks.values],
      duration: peaks.seconds,
      normalize: true,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      barMinHeight: 1,
      cursorWidth: 1,
      interact: false,
      dragToSeek: false,
      hideScrollbar: true,
      autoScroll: false,
      ...colours(),
    });
    const themes = new MutationObserver(() => surfer.setOptions(colours()));
    themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      themes.disconnect();
      surfer.destroy();
    };
  }, [audio, peaks, height]);
  return <div ref={place} className="absolute inset-0" data-wave />;
}
