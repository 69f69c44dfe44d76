import { hasEnded, type Job } from "@/api/types";
import { number, percent, plural } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { adviceFor } from "@/nouns/job/advice";
import { isCut } from "@/nouns/transcript/queries";

/** How the job stands or ended, in words, without the status itself. */
export function outcomeWords(job: Job): string {
  switch (job.status) {
    case "queued":
      return waiting(job);
    case "running":
      return running(job);
    case "cancelling":
      return "The worker stops at the next chunk.";
    case "succeeded":
      return `${made(job)}${took(job)}.`;
    case "failed":
    case "expired": {
      if (job.error === null) return "The server gave no reason.";
      const { what, todo } = adviceFor(job.error);
      return `${what} ${todo}`;
    }
    case "cancelled":
      return "Somebody asked for it. A retry goes on behind the steps that were done.";
  }
}

function waiting(job: Job): string {
  const place = job.queue_position;
  if (place === null) return `It is on its way to a worker of the queue ${job.queue}.`;
  return `Number ${typeof place === "number" ? number(place) : place} in line for the queue ${job.queue}.`;
}

function running(job: Job): string {
  const step = job.steps.find((each) => each.status === "running");
  const share = job.progress > 0 ? `, ${percent(job.progress)} done` : "";
  if (step === undefined) return `Between two steps${share}.`;
  return `Step ${step.name} on ${step.worker ?? step.queue}${share}.`;
}

function made(job: Job): string {
  const result = job.result;
  if (isCut(job)) return madeLong(job);
  const audio = result?.artifacts.find((each) => each.seconds !== null)?.seconds ?? null;
  switch (job.kind) {
    case "speech":
      return audio === null ? "Speech" : `${duration(audio)} of speech`;
    case "voice_conversion":
      return audio === null ? "Converted speech" : `${duration(audio)} in another voice`;
    case "transcription":
    case "translation": {
      const words = (result?.text ?? "").split(/\s+/).filter((word) => word !== "").length;
      const length = result?.duration ?? null;
      if (words === 0) return length === null ? "No words" : `No words in ${duration(length)} of audio`;
      return `${plural(words, "word")}${length === null ? "" : ` from ${duration(length)} of audio`}`;
    }
    case "vad": {
      const count = result?.segments?.length ?? 0;
      return `${plural(count, "stretch", "stretches")} of speech, ${duration(result?.speech_seconds ?? 0)} in all`;
    }
    case "embedding":
      return `A voice as ${plural(result?.embedding?.dimensions ?? 0, "number")}`;
  }
}

/** What is known before the result has been read, where the job's document leaves it out. */
function madeLong(job: Job): string {
  const length = job.inputs?.[0]?.seconds ?? null;
  const what =
    job.kind === "vad" ? "Stretches of speech" : job.kind === "embedding" ? "A voice" : "A long text";
  return length === null ? what : `${what} from ${duration(length)} of audio`;
}

function took(job: Job): string {
  if (job.finished_at === null) return "";
  return `, ${duration((Date.parse(job.finished_at) - Date.parse(job.created_at)) / 1000)} after it was submitted`;
}

const LONGEST_TITLE = 80;

/** What the page calls the job: the beginning of its text, or what it is. */
export function titleOf(job: Job): string | null {
  const input = job.request.input as { text?: unknown } | undefined;
  const text = typeof input?.text === "string" ? input.text : (job.result?.text ?? "");
  const line = text.replace(/\s+/g, " ").trim();
  if (line === "") return null;
  if (line.length <= LONGEST_TITLE) return line;
  const cut = line.slice(0, LONGEST_TITLE - 1);
  // Between two words, where the text has spaces.
  return `${cut.includes(" ") ? cut.slice(0, cut.lastIndexOf(" ")) : cut}…`;
}

/** Whether the job can be run again from here, and from which steps. */
export function retrySteps(job: Job): { name: string; first: boolean }[] {
  if (!hasEnded(job.status)) return [];
  const unfinished = job.steps.findIndex((step) => step.status !== "succeeded");
  const reachable = unfinished < 0 ? job.steps : job.steps.slice(0, unfinished + 1);
  return reachable.map((step, at) => ({ name: step.name, first: at === unfinished }));
}
