import { useEffect, useRef, useState } from "react";

/** `asking`: the browser asks its user. `refused`: why there is no sound. */
export type Microphone =
  | { state: "idle" | "asking" }
  | { state: "recording" | "paused"; level: number; seconds: number }
  | { state: "refused"; why: string };

/** What the browser says when there is no microphone to be had, in words that help. */
export function refusal(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError")
    return "The browser does not let this page use the microphone. Allow it beside the address (the icon of a lock or a microphone), then try again.";
  if (name === "NotFoundError") return "No microphone was found. Connect one, then try again.";
  if (name === "NotReadableError")
    return "The microphone cannot be read: another program may be using it. Close that one, then try again.";
  return "The browser could not start recording. Another browser, or a file, may work.";
}

const INSECURE =
  "Browsers let a page use the microphone only over https, or on this very machine (localhost). Record elsewhere and choose the file, or open the page in one of these ways.";

/** Records from the microphone; `onDone` gets the sound. */
export function useMicrophone(onDone: (sound: Blob) => void) {
  const [now, setNow] = useState<Microphone>({ state: "idle" });
  const taping = useRef<Tape | null>(null);
  useEffect(() => () => taping.current?.discard(), []);
  const start = async (): Promise<void> => {
    if (!("mediaDevices" in navigator)) {
      setNow({ state: "refused", why: INSECURE });
      return;
    }
    setNow({ state: "asking" });
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      taping.current = new Tape(stream, setNow, (sound) => {
        taping.current = null;
        setNow({ state: "idle" });
        onDone(sound);
      });
    } catch (error) {
      setNow({ state: "refused", why: refusal(error) });
    }
  };
  return {
    now,
    start,
    pause: () => taping.current?.pause(),
    resume: () => taping.current?.resume(),
    stop: () => taping.current?.stop(),
  };
}

/** One recording as it is made: its pieces, how loud it is, and how long. */
class Tape {
  private readonly recorder: MediaRecorder;
  private readonly context = new AudioContext();
  private readonly analyser: AnalyserNode;
  private readonly pieces: Blob[] = [];
  private frame = 0;
  private wanted = true;
  /** Milliseconds that were recorded before the last pause, and when it went on. */
  private before = 0;
  private since = performance.now();

  constructor(
    private readonly stream: MediaStream,
    private readonly tell: (now: Microphone) => void,
    onDone: (sound: Blob) => void,
  ) {
    this.analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.recorder = new MediaRecorder(stream);
    this.recorder.ondataavailable = ({ data }) => this.pieces.push(data);
    this.recorder.onstop = () => {
      this.close();
      if (this.wanted) onDone(new Blob(this.pieces, { type: this.recorder.mimeType }));
    };
    // In pieces, so that a long recording does not grow in one place.
    this.recorder.start(1000);
    this.look();
  }

  pause(): void {
    this.recorder.pause();
    this.before += performance.now() - this.since;
    this.look();
  }

  resume(): void {
    this.recorder.resume();
    this.since = performance.now();
    this.look();
  }

  stop(): void {
    this.recorder.stop();
  }

  discard(): void {
    this.wanted = false;
    if (this.recorder.state === "inactive") this.close();
    else this.recorder.stop();
  }

  private close(): void {
    window.cancelAnimationFrame(this.frame);
    for (const track of this.stream.getTracks()) track.stop();
    void this.context.close();
  }

  private readonly look = (): void => {
    window.cancelAnimationFrame(this.frame);
    const paused = this.recorder.state === "paused";
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    const time = this.before + (paused ? 0 : performance.now() - this.since);
    this.tell({
      state: paused ? "paused" : "recording",
      level: paused ? 0 : loudness(samples),
      seconds: time / 1000,
    });
    if (!paused) this.frame = window.requestAnimationFrame(this.look);
  };
}

/** How loud samples are on a meter: 0 at −60 dB of full scale and below, 1 at full scale. */
export function loudness(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  const decibels = 10 * Math.log10(Math.max(power, 1e-12));
  return Math.max(0, Math.min(1, 1 + decibels / 60));
}
