import type { Job, Step } from "@/api/types";

type Try = NonNullable<Step["tries"]>[number];

export type Outcome =
  | Try["outcome"]
  | "running"
  | "waiting"
  /** A step before it goes first. */
  | "pending"
  /** A retry found it done. */
  | "taken_over"
  | "skipped";

/** How an attempt ended or stands, in words. */
export const OUTCOMES: Record<Outcome, string> = {
  succeeded: "done",
  failed: "failed",
  lost: "worker lost",
  cancelled: "cancelled",
  handed_back: "handed back",
  running: "running",
  waiting: "waiting",
  pending: "not yet",
  taken_over: "taken over",
  skipped: "left out",
};

/** From and to in milliseconds since the epoch. */
export interface Span {
  from: number;
  to: number;
}

/** One attempt at a step, or the step itself where none was made. */
export interface Row {
  key: string;
  step: string;
  model: string | null;
  queue: string;
  worker: string | null;
  /** From 1; null where none was made. */
  attempt: number | null;
  outcome: Outcome;
  wait: Span | null;
  run: Span | null;
  code: string | null;
  detail: string | null;
}

/** One row for each attempt in the order of the steps; what goes on reaches to `now`. */
export function rowsOf(job: Job, now: number): Row[] {
  const end = job.finished_at === null ? null : Date.parse(job.finished_at);
  return job.steps.flatMap((step) => rowsOfStep(step, end, now));
}

function rowsOfStep(step: Step, end: number | null, now: number): Row[] {
  const tries = step.tries ?? [];
  const common = { step: step.name, model: step.model, queue: step.queue };
  let free = step.queued_at === null ? null : Date.parse(step.queued_at);
  const rows = tries.map((each): Row => {
    const run = span(Date.parse(each.started_at), Date.parse(each.finished_at));
    const wait = free === null ? null : span(free, run.from);
    free = run.to;
    const { worker, outcome, code, detail } = each;
    return {
      ...common,
      key: `${step.id} ${each.number}`,
      attempt: each.number,
      worker,
      outcome,
      wait,
      run,
      code,
      detail,
    };
  });
  const last = lastRow(step, tries, free, end, now);
  if (last !== null)
    rows.push({ ...common, worker: null, run: null, wait: null, code: null, detail: null, ...last });
  return rows;
}

type Last = Pick<Row, "key" | "attempt" | "outcome"> & Partial<Row>;

/** What is behind the attempts that have ended: one that runs, a wait, or nothing at all. */
function lastRow(
  step: Step,
  tries: readonly Try[],
  free: number | null,
  end: number | null,
  now: number,
): Last | null {
  const next = tries.length + 1;
  const key = `${step.id} ${next}`;
  const until = end ?? now;
  if (step.status === "running" && step.started_at !== null) {
    const from = Date.parse(step.started_at);
    const wait = free === null ? null : span(free, from);
    return { key, attempt: next, outcome: "running", worker: step.worker, wait, run: span(from, until) };
  }
  if (step.status === "pending" && end === null) {
    if (free === null) return { key, attempt: null, outcome: "pending" };
    return { key, attempt: null, outcome: "waiting", wait: span(free, until) };
  }
  if (tries.length > 0) return null;
  if (step.status === "succeeded") return { key, attempt: null, outcome: "taken_over", worker: step.worker };
  if (step.status === "cancelled" && free !== null)
    return { key, attempt: null, outcome: "cancelled", wait: span(free, until) };
  return { key, attempt: null, outcome: step.status === "cancelled" ? "cancelled" : "skipped" };
}

/** Clocks of two machines may disagree by a little: nothing ends before it began. */
function span(from: number, to: number): Span {
  return { from, to: Math.max(from, to) };
}

/** From the job's submission to its end, or to now. */
export function extent(job: Job, rows: readonly Row[], now: number): Span {
  const from = Date.parse(job.created_at);
  const end = job.finished_at === null ? now : Date.parse(job.finished_at);
  const ends = rows.flatMap((row) => [row.wait?.to ?? from, row.run?.to ?? from]);
  return { from, to: Math.max(from + 1, end, ...ends) };
}

/** Milliseconds from the start at which a line is drawn: three to six, at round numbers. */
export function ticks(length: number): number[] {
  const steps = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
  ].concat([600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000, 604_800_000, 2_592_000_000]);
  const step = steps.find((each) => length / each <= 6) ?? length;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, number) => number * step);
}

/** Seconds in which the job waited and ran: of all its attempts, those at work side by side counted once each. */
export function totals(rows: readonly Row[]): { wait: number; run: number } {
  const sum = (spans: (Span | null)[]): number =>
    spans.reduce((total, each) => total + (each === null ? 0 : each.to - each.from), 0) / 1000;
  return { wait: sum(rows.map((row) => row.wait)), run: sum(rows.map((row) => row.run)) };
}
