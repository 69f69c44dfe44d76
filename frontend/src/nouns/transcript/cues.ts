import type { Segment } from "@/api/types";

/** What stands on the screen from `start` to `end`, in seconds. */
export interface Cue {
  start: number;
  end: number;
  lines: string[];
}

interface Token {
  text: string;
  start: number;
  end: number;
  /** Whether a space stands before it. */
  spaced: boolean;
}

/** The limits of the server's own subtitles (pipelines/subtitles.py): the broadcasters' guidelines for adults. */
const COLUMNS = 42;
const LINES = 2;
const LONGEST = 7;
const SHORTEST = 1;
const PAUSE = 1;
const ENOUGH = 20;
const SENTENCE = /[.!?。！？…]["'”’)\]]*$/u;
const CLAUSE = /[.!?。！？…,;:、，；：]["'”’)\]]*$/u;
const WIDE = /[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦]/u;

/** Subtitles of a transcript, edited or not: at most two lines of 42 columns for 7 s, cut where clauses and pauses are. */
export function cuesOf(segments: readonly Segment[]): Cue[] {
  const cues = segments
    .flatMap((segment) => groups(tokens(segment)))
    .map((group) => ({
      start: group[0]?.start ?? 0,
      end: group.at(-1)?.end ?? 0,
      lines: linesOf(group),
    }));
  return apart(cues.sort((one, other) => one.start - other.start));
}

export function columns(text: string): number {
  let count = 0;
  for (const character of text) count += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return count;
}

function tokens(segment: Segment): Token[] {
  const text = clean(segment.text ?? "");
  const found: Token[] = [];
  let at = 0;
  for (const word of segment.words ?? []) {
    const written = clean(word.word);
    if (written === "") continue;
    const place = text.indexOf(written, at);
    const spaced = place < 0 || (place > at && text.slice(at, place).trim() === "");
    if (place >= 0) at = place + written.length;
    found.push({
      text: written,
      start: word.start,
      end: Math.max(word.start, word.end),
      spaced: spaced && found.length > 0,
    });
  }
  return (found.length > 0 ? found : guessed(text, segment.start, segment.end)).flatMap(cut);
}

/** Words by spaces, else characters, that share the time by their width. */
function guessed(text: string, start: number, end: number): Token[] {
  const spaced = text.includes(" ");
  const parts = spaced || columns(text) <= COLUMNS ? text.split(" ") : Array.from(text);
  const total = parts.reduce((sum, part) => sum + columns(part), 0) || 1;
  const length = Math.max(0, end - start);
  let before = 0;
  return parts
    .filter((part) => part !== "")
    .map((part, number) => {
      const from = start + (length * before) / total;
      before += columns(part);
      return {
        text: part,
        start: from,
        end: start + (length * before) / total,
        spaced: spaced && number > 0,
      };
    });
}

/** The token, cut where it is wider than a line. */
function cut(token: Token): Token[] {
  if (columns(token.text) <= COLUMNS) return [token];
  const rows = [""];
  for (const character of token.text) {
    const row = (rows.at(-1) ?? "") + character;
    if (columns(row) > COLUMNS) rows.push(character);
    else rows.splice(-1, 1, row);
  }
  const seconds = (token.end - token.start) / rows.length;
  return rows.map((text, number) => ({
    text,
    start: token.start + number * seconds,
    end: token.start + (number + 1) * seconds,
    spaced: token.spaced && number === 0,
  }));
}

function groups(all: readonly Token[]): Token[][] {
  const done: Token[][] = [];
  let group: Token[] = [];
  for (const token of all) {
    if (group.length > 0 && !fits([...group, token])) {
      const at = lastClause(group);
      done.push(group.slice(0, at));
      group = group.slice(at);
      if (group.length > 0 && !fits([...group, token])) {
        done.push(group);
        group = [];
      }
    } else if (group.length > 0 && mayEnd(group, token)) {
      done.push(group);
      group = [];
    }
    group.push(token);
  }
  if (group.length > 0) done.push(group);
  return done;
}

function fits(group: readonly Token[]): boolean {
  let rows = 1;
  let room = COLUMNS;
  for (const [number, token] of group.entries()) {
    const bare = columns(token.text);
    const width = bare + (token.spaced && number > 0 ? 1 : 0);
    if (width <= room) room -= width;
    else [rows, room] = [rows + 1, COLUMNS - bare];
  }
  return rows <= LINES && (group.at(-1)?.end ?? 0) - (group[0]?.start ?? 0) <= LONGEST;
}

function mayEnd(group: readonly Token[], next: Token): boolean {
  const last = group.at(-1);
  if (last === undefined) return false;
  if (next.start - last.end >= PAUSE) return true;
  return SENTENCE.test(last.text) && columns(joined(group)) >= ENOUGH;
}

/** Where a full group is cut: behind the last clause of its second half, else at its end. */
function lastClause(group: readonly Token[]): number {
  for (let at = group.length - 1; at > group.length / 2; at -= 1)
    if (CLAUSE.test(group[at - 1]?.text ?? "")) return at;
  return group.length;
}

/** One line, or two of about the same width, the upper one rather ending with a clause. */
function linesOf(group: readonly Token[]): string[] {
  const whole = joined(group);
  if (columns(whole) <= COLUMNS) return [whole];
  let best: { lines: string[]; badness: number } = { lines: [whole], badness: Infinity };
  for (let at = 1; at < group.length; at += 1) {
    const lines = [joined(group.slice(0, at)), joined(group.slice(at))];
    const [upper = 0, lower = 0] = lines.map(columns);
    if (upper > COLUMNS || lower > COLUMNS) continue;
    const badness = Math.abs(upper - lower) + (CLAUSE.test(lines[0] ?? "") ? 0 : 8) + (upper > lower ? 2 : 0);
    if (badness < best.badness) best = { lines, badness };
  }
  return best.lines;
}

function joined(group: readonly Token[]): string {
  return group.map((token, number) => (token.spaced && number > 0 ? ` ${token.text}` : token.text)).join("");
}

/** Each long enough to be read where there is room, and none over the next. */
function apart(cues: readonly Cue[]): Cue[] {
  let free = 0;
  return cues.map((cue, number) => {
    const start = Math.max(cue.start, free);
    const limit = cues[number + 1]?.start ?? Infinity;
    const wanted = Math.max(cue.end, Math.min(start + SHORTEST, limit));
    free = Math.max(start + 0.001, Math.min(wanted, start + LONGEST, Math.max(limit, start + 0.001)));
    return { ...cue, start, end: free };
  });
}

/** One line without control characters. */
function clean(text: string): string {
  return text
    .replace(/\s+/gu, " ")
    .replace(/\p{Cc}/gu, "")
    .trim();
}
