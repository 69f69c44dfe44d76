import { unreachable } from "@/api/problem";
import type { Prepared } from "./request";

/** What came back, or what has come so far of an answer that goes on. */
export interface Answer {
  status: number;
  /** Seconds until the head, and until now or the end. */
  headSeconds: number;
  seconds: number;
  headers: [string, string][];
  size: number;
  type: string;
  /** Of texts. */
  text: string | undefined;
  /** Of all else. */
  blob: Blob | undefined;
  complete: boolean;
}

/** Texts that are longer are shown in part: nobody reads them, and the page would stand still. */
export const SHOWN = 200_000;
/** Of an answer that goes on for ever, only so many bytes are read. */
const LONGEST = 64 * 1024 * 1024;

/** Sends it; tells what has come so far, then what came. ApiProblem if nobody is there. */
export async function sendIt(
  prepared: Prepared,
  signal: AbortSignal,
  onPart: (answer: Answer) => void,
): Promise<Answer> {
  const began = performance.now();
  let response: Response;
  try {
    response = await fetch(prepared.url, {
      method: prepared.method,
      headers: prepared.headers,
      body: prepared.body,
      signal,
      cache: "no-store",
    });
  } catch (error) {
    if (signal.aborted) throw error;
    // A header that cannot be sent, say a name with a space, never left the page.
    if (error instanceof TypeError && !/fetch|network|load/i.test(error.message)) throw error;
    throw unreachable();
  }
  const headSeconds = (performance.now() - began) / 1000;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const told = (complete: boolean): Answer =>
    answerOf(response, pieces, { headSeconds, seconds: (performance.now() - began) / 1000, complete });
  const reader = response.body?.getReader();
  try {
    for (let size = 0; reader !== undefined && size < LONGEST;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
      if (isStream(response)) onPart(told(false));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return told(!signal.aborted);
}

function answerOf(
  response: Response,
  pieces: Uint8Array<ArrayBuffer>[],
  times: Pick<Answer, "headSeconds" | "seconds" | "complete">,
): Answer {
  const type = response.headers.get("content-type") ?? "";
  const blob = new Blob(pieces, { type });
  const isText = /^text\/|json|xml|x-subrip|javascript/.test(type) || type === "";
  return {
    status: response.status,
    ...times,
    headers: [...response.headers],
    size: blob.size,
    type,
    text: isText ? textOf(pieces) : undefined,
    blob: isText ? undefined : blob,
  };
}

function textOf(pieces: readonly Uint8Array<ArrayBuffer>[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}

function isStream(response: Response): boolean {
  return (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
}

/** JSON with indents; anything else as it came. */
export function pretty(answer: Pick<Answer, "text" | "type">): string {
  const text = answer.text ?? "";
  if (!answer.type.includes("json") || text.length > 2_000_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // It says that it is JSON and is not, or has not all come.
    return text;
  }
}
