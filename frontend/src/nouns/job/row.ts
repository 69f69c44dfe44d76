import { hasEnded, type Job, type JobStatus, type Kind, type Step } from "@/api/types";

/**
 * What a list keeps of a job. A page of whole jobs holds transcripts and links; a hundred thousand of them would not
 * fit in a browser. Times are milliseconds since the epoch, durations seconds.
 */
export interface JobRow {
  id: string;
  status: JobStatus;
  kind: Kind;
  model: string;
  queue: string;
  /** `key:value`, as the filter writes them. */
  labels: readonly string[];
  /** The beginning of what was said, heard or found. */
  what: string;
  /** Of a job that failed or expired. */
  code: string | null;
  problem: string | null;
  progress: number;
  created: number;
  started: number | null;
  finished: number | null;
  /** Length of the audio that was made or read. */
  audio: number | null;
  /** Run time of the model over the length of the audio. */
  factor: number | null;
  /** How often the step that took the most attempts was begun. */
  attempts: number;
}

const MOST = 160;
const NONE: readonly string[] = [];

/** The row of a job. */
export function rowOf(job: Job): JobRow {
  const audio = audioSeconds(job);
  return {
    id: job.id,
    status: job.status,
    kind: job.kind,
    model: job.model,
    queue: job.queue,
    labels: labelsOf(job),
    what: short(whatOf(job)),
    code: job.error?.code ?? null,
    problem: problemOf(job),
    progress: job.progress,
    created: Date.parse(job.created_at),
    started: job.started_at === null ? null : Date.parse(job.started_at),
    finished: job.finished_at === null ? null : Date.parse(job.finished_at),
    audio,
    factor: factorOf(job, audio),
    attempts: Math.max(0, ...job.steps.map((step) => step.attempts)),
  };
}

/** Seconds from the submission to the first step; of a job that waits still, to `now`. */
export function waited(row: JobRow, now: number): number {
  return Math.max(0, ((row.started ?? row.finished ?? now) - row.created) / 1000);
}

/** Seconds from the first step to the end, or to `now`; null before it. */
export function ran(row: JobRow, now: number): number | null {
  if (row.started === null) return null;
  return Math.max(0, ((row.finished ?? now) - row.started) / 1000);
}

/** Whether its row changes with the clock. */
export function isMoving(row: JobRow): boolean {
  return !hasEnded(row.status);
}

function problemOf({ error }: Job): string | null {
  if (error === null) return null;
  const words = short(error.detail);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function labelsOf(job: Job): readonly string[] {
  const labels = Object.entries(job.labels);
  return labels.length === 0 ? NONE : labels.map(([key, value]) => `${key}:${value}`);
}

function whatOf(job: Job): string {
  const { result } = job;
  const input = (job.request.input ?? {}) as { text?: unknown; audio?: unknown };
  if (typeof input.text === "string") return input.text;
  if (typeof result?.text === "string" && result.text !== "") return result.text;
  if (typeof result?.speech_seconds === "number") return `${result.speech_seconds.toFixed(1)} s of speech`;
  if (result?.embedding) return `Embedding of ${result.embedding.dimensions} numbers`;
  return sourceOf(input.audio);
}

/** Where a recording came from, in words. */
function sourceOf(audio: unknown): string {
  const source = (typeof audio === "object" && audio !== null ? audio : {}) as Record<string, unknown>;
  if (typeof source.filename === "string") return source.filename;
  if (typeof source.url === "string") return source.url.split(/[?#]/)[0]?.split("/").pop() ?? source.url;
  if (typeof source.artifact === "string") return `Audio of ${source.artifact}`;
  return "A recording";
}

function short(text: string): string {
  const line = text
    .slice(0, MOST * 2)
    .replace(/\s+/g, " ")
    .trim();
  return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}

function audioSeconds(job: Job): number | null {
  const made = job.result?.artifacts.find((artifact) => artifact.seconds !== null);
  return made?.seconds ?? job.result?.duration ?? null;
}

function factorOf(job: Job, audio: number | null): number | null {
  if (audio === null || audio === 0) return null;
  const run = job.steps.reduce((sum, step) => sum + modelSeconds(step), 0);
  return run === 0 ? null : run / audio;
}

function modelSeconds(step: Step): number {
  if (step.model === null || step.started_at === null || step.finished_at === null) return 0;
  return (Date.parse(step.finished_at) - Date.parse(step.started_at)) / 1000;
}
