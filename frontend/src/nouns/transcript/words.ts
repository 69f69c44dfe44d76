import type { Segment, Word } from "@/api/types";

/** A piece of a segment's text as it is shown: a word that can be heard, or what stands between two. */
export interface Piece {
  text: string;
  word: Word | null;
}

/**
 * A segment's text, cut at its words: what lies between them is the text's own, so that languages without spaces and
 * marks behind words stay as they were written. Words that are not found in the text are left out of it.
 */
export function piecesOf(segment: Segment): Piece[] {
  const text = (segment.text ?? "").trim();
  const pieces: Piece[] = [];
  let at = 0;
  for (const word of segment.words ?? []) {
    const written = word.word.trim();
    const found = written === "" ? -1 : text.indexOf(written, at);
    if (found < 0) continue;
    if (found > at) pieces.push({ text: text.slice(at, found), word: null });
    pieces.push({ text: written, word });
    at = found + written.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), word: null });
  return pieces;
}

/** All words of a transcript, in order. */
export function wordsOf(segments: readonly Segment[]): Word[] {
  return segments.flatMap((segment) => segment.words ?? []);
}

/**
 * The last of these that has begun at a time, if it has not long ended; -1 if none. They are in the order of their
 * starts. The second of grace keeps the mark where it was in a short pause.
 */
export function indexAt(
  items: readonly { start: number; end: number }[],
  seconds: number,
  grace = 1,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.start ?? 0) <= seconds) low = middle + 1;
    else high = middle;
  }
  const found = items[low - 1];
  return found !== undefined && seconds < found.end + grace ? low - 1 : -1;
}
