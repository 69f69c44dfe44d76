import { queryOptions } from "@tanstack/react-query";
import { send } from "@/api/client";

/** Longer ones are not decoded for a picture: an hour would take 115 MB of memory and seconds of work. */
export const MAX_SECONDS = 1_800;
const MAX_BYTES = 48 * 2 ** 20;
/** Enough for every pixel of a wide screen. */
const BUCKETS = 2_000;
/** In Hz; what is drawn needs no more. */
const RATE = 8_000;

export interface Peaks {
  /** The largest size in each stretch of equal length, 0 to 1. */
  values: Float32Array;
  seconds: number;
}

/** What stays the same of a recording: its link without the signature, which is new in every document. */
export function identity(src: string | Blob): string {
  return typeof src === "string" ? (src.split("?")[0] ?? src) : nameOf(src);
}

const names = new WeakMap<Blob, string>();
let made = 0;

function nameOf(blob: Blob): string {
  const name = names.get(blob) ?? `blob ${String((made += 1))}`;
  names.set(blob, name);
  return name;
}

/** The picture of a recording; it fails for what is too long, out of reach, or no audio that this browser knows. */
export function peaksQuery(src: string | Blob) {
  return queryOptions({
    queryKey: ["peaks", identity(src)],
    queryFn: async ({ signal }) => {
      const context = new OfflineAudioContext(1, 1, RATE);
      const sound = await context.decodeAudioData(await bytesOf(src, signal));
      return { values: peaksOf(sound, BUCKETS), seconds: sound.duration } satisfies Peaks;
    },
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    retry: false,
  });
}

async function bytesOf(src: string | Blob, signal: AbortSignal): Promise<ArrayBuffer> {
  if (typeof src !== "string") return checked(src.size, () => src.arrayBuffer());
  const response = await send(src, { signal });
  return checked(Number(response.headers.get("content-length") ?? 0), () => response.arrayBuffer());
}

function checked(bytes: number, read: () => Promise<ArrayBuffer>): Promise<ArrayBuffer> {
  if (bytes > MAX_BYTES) throw new Error("The recording is too long for a waveform.");
  return read();
}

/** The largest absolute value of all channels in each of `count` stretches. */
export function peaksOf(
  sound: Pick<AudioBuffer, "length" | "numberOfChannels" | "getChannelData">,
  count: number,
): Float32Array {
  const size = Math.min(count, Math.max(1, sound.length));
  const peaks = new Float32Array(size);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    const samples = sound.getChannelData(channel);
    for (let at = 0; at < samples.length; at += 1) {
      const bucket = Math.floor((at * size) / samples.length);
      const value = Math.abs(samples[at] ?? 0);
      if (value > (peaks[bucket] ?? 0)) peaks[bucket] = value;
    }
  }
  return peaks;
}
