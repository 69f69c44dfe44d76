import type { Segment, Word } from "@/api/types";

/**
 * The segment with another text. Words that are still there keep their times (the longest common run of words), new
 * ones share the time between their neighbours by their length.
 */
export function withText(segment: Segment, text: string): Segment {
  const clean = text.replace(/\s+/g, " ").trim();
  const before = segment.words ?? [];
  if (before.length === 0) return { ...segment, text: clean };
  const written = clean === "" ? [] : clean.split(" ");
  const kept = common(
    before.map((word) => word.word.trim()),
    written,
  );
  const words: (Word | string)[] = written.map((word, at) => {
    const old = before[kept.get(at) ?? -1];
    return old === undefined ? word : { ...old, word };
  });
  return { ...segment, text: clean, words: timed(words, segment.start, segment.end) };
}

/** Position in `after` → position in `before` of the words that both have, in order (longest common subsequence). */
function common(before: readonly string[], after: readonly string[]): Map<number, number> {
  const width = after.length + 1;
  const best = new Uint16Array((before.length + 1) * width);
  const at = (row: number, column: number): number => best[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      best[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  const pairs = new Map<number, number>();
  let row = 0;
  let column = 0;
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) pairs.set(column++, row++);
    else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

/** Gives each run of words without times the time between those around it. */
function timed(words: readonly (Word | string)[], start: number, end: number): Word[] {
  const done: Word[] = [];
  let at = 0;
  while (at < words.length) {
    const first = words[at];
    if (typeof first === "object") {
      done.push(first);
      at += 1;
      continue;
    }
    const run: string[] = [];
    for (let next = words[at]; typeof next === "string"; next = words[(at += 1)]) run.push(next);
    const following = words[at];
    const from = done.at(-1)?.end ?? start;
    const to = Math.max(from, typeof following === "object" ? following.start : end);
    done.push(...shared(run, from, to));
  }
  return done;
}

function shared(run: readonly string[], from: number, to: number): Word[] {
  const total = run.reduce((sum, word) => sum + word.length, 0);
  let before = 0;
  return run.map((word) => {
    const start = from + ((to - from) * before) / total;
    before += word.length;
    return { word, start, end: from + ((to - from) * before) / total, probability: null };
  });
}
