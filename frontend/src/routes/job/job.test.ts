import { expect, test } from "vitest";
import type { Job, JobEvent, Step } from "@/api/types";
import { appended, eventWords } from "./history";
import { outcomeWords, retrySteps, titleOf } from "./outcome";
import { pythonLiteral, requestOf, snippet } from "./snippets";
import { extent, rowsOf, ticks, totals } from "./waterfall";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();

function step(more: Partial<Step>): Step {
  return {
    id: "step_1",
    name: "synthesize",
    model: "kokoro",
    queue: "cpu",
    status: "pending",
    attempts: 0,
    worker: null,
    queued_at: null,
    started_at: null,
    finished_at: null,
    error: null,
    tries: [],
    ...more,
  };
}

function tried(number: number, from: number, to: number, outcome: "succeeded" | "failed" | "lost") {
  const times = { started_at: at(from), finished_at: at(to) };
  return { number, worker: "cpu-1", ...times, outcome, cause: null, code: null, detail: null };
}

function job(more: Partial<Job>): Job {
  return {
    id: "job_1",
    kind: "speech",
    model: "kokoro",
    queue: "cpu",
    status: "running",
    progress: 0.5,
    priority: "normal",
    labels: {},
    request: { kind: "speech", input: { text: "Hello." }, options: { format: "mp3" } },
    created_at: at(0),
    started_at: at(1),
    finished_at: null,
    deadline: null,
    expires_at: null,
    retry_of: null,
    queue_position: null,
    estimate: null,
    attempts: 1,
    steps: [],
    streams: false,
    inputs: [],
    result: null,
    error: null,
    links: { self: "", events: "", result: "", cancel: "", retry: "" },
    ...more,
  };
}

test("each attempt is a row: a wait, then a run; the one that runs reaches to now", () => {
  const running = step({
    status: "running",
    attempts: 2,
    queued_at: at(0),
    started_at: at(5),
    worker: "cpu-2",
    tries: [tried(1, 1, 3, "lost")],
  });
  const rows = rowsOf(job({ steps: [running, step({ id: "step_2", name: "encode" })] }), T0 + 9000);
  const shown = rows.map(({ outcome, attempt, wait, run }) => [
    outcome,
    attempt,
    wait && [wait.from - T0, wait.to - T0],
    run && [run.from - T0, run.to - T0],
  ]);
  expect(shown).toEqual([
    ["lost", 1, [0, 1000], [1000, 3000]],
    ["running", 2, [3000, 5000], [5000, 9000]],
    ["pending", null, null, null],
  ]);
  expect(totals(rows)).toEqual({ wait: 3, run: 6 });
});

test("what waits grows until now; what a retry took over made no attempt here", () => {
  const steps = [
    step({ status: "succeeded", worker: "io-1" }),
    step({ id: "step_2", queued_at: at(0), tries: [tried(1, 1, 2, "failed")] }),
  ];
  const rows = rowsOf(job({ steps, status: "queued" }), T0 + 4000);
  expect(rows.map((row) => row.outcome)).toEqual(["taken_over", "failed", "waiting"]);
  expect(rows[2]?.wait).toEqual({ from: T0 + 2000, to: T0 + 4000 });
});

test("the picture reaches from the submission to the end, also if clocks disagree", () => {
  const done = step({ status: "succeeded", queued_at: at(0), tries: [tried(1, 1, 6, "succeeded")] });
  const ended = job({ steps: [done], status: "succeeded", finished_at: at(5) });
  const rows = rowsOf(ended, T0 + 1e9);
  expect(extent(ended, rows, T0 + 1e9)).toEqual({ from: T0, to: T0 + 6000 });
  const early = job({ created_at: at(10) });
  const all = extent(early, [], T0);
  expect(all.to).toBeGreaterThan(all.from);
});

test.each([1, 37, 86, 1234, 15_000, 366_000, 86_400_000, 3_000_000_000])(
  "%s ms have a few round ticks",
  (length) => {
    const lines = ticks(length);
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines.length).toBeLessThanOrEqual(7);
    expect(lines[0]).toBe(0);
  },
);

test("outcomes are sentences with the cause and what to do", () => {
  const error = {
    type: "",
    title: "",
    status: 422,
    detail: "",
    code: "audio_silent",
    cause: "permanent" as const,
    errors: null,
    request_id: null,
    workers: null,
  };
  expect(outcomeWords(job({ status: "failed", error }))).toBe(
    "The recording is silent. Look at the microphone or the volume, and record again.",
  );
  expect(outcomeWords(job({ status: "queued", queue_position: "1000+" }))).toBe(
    "Number 1000+ in line for the queue cpu.",
  );
  const heard = { artifacts: [], text: "one two", duration: 4 };
  expect(
    outcomeWords(job({ kind: "transcription", status: "succeeded", result: heard, finished_at: at(3) })),
  ).toBe("2 words from 4.0 s of audio, 3.0 s after it was submitted.");
});

test("a long title ends between two words, also where there are none", () => {
  const long = job({ request: { input: { text: "word ".repeat(40) } } });
  expect(titleOf(long)).toMatch(/word…$/);
  expect(titleOf(job({ request: { input: { text: "字".repeat(200) } } }))).toHaveLength(80);
  expect(titleOf(job({ request: { input: { audio: {} } } }))).toBeNull();
});

test("a retry can begin with every step up to the one that did not succeed", () => {
  const steps = [
    step({ status: "succeeded", name: "a" }),
    step({ status: "failed", name: "b" }),
    step({ name: "c" }),
  ];
  expect(retrySteps(job({ status: "failed", steps }))).toEqual([
    { name: "a", first: false },
    { name: "b", first: true },
  ]);
  expect(retrySteps(job({ status: "running", steps }))).toEqual([]);
});

test("the code asks for the same: recordings by id, labels and priority too", () => {
  const artifact = {
    id: "art_1",
    role: "audio",
    media_type: "audio/wav",
    bytes: 1,
    sha256: "",
    seconds: 1,
    sample_rate: 1,
    url: "",
  };
  const asked = job({
    kind: "vad",
    request: { kind: "vad", input: { audio: { bytes: 3 } }, options: {} },
    inputs: [artifact],
    labels: { a: "b" },
    priority: "high",
  });
  expect(requestOf(asked)).toEqual({
    kind: "vad",
    model: "kokoro",
    input: { audio: { artifact: "art_1" } },
    options: {},
    labels: { a: "b" },
    priority: "high",
  });
});

test("each recording is asked for in its place, and a voice that is named needs none", () => {
  const recording = (id: string, role: string) => ({
    id,
    role,
    media_type: "audio/wav",
    bytes: 1,
    sha256: "",
    seconds: 1,
    sample_rate: 1,
    url: "",
  });
  const segments = [{ start: 0, end: 2 }];
  const asked = (target: Record<string, unknown>) =>
    requestOf(
      job({
        kind: "voice_conversion",
        request: { kind: "voice_conversion", input: { audio: { bytes: 3 }, target }, options: {} },
        inputs: [recording("art_1", "audio"), recording("art_2", "target")],
      }),
    ).input;
  expect(asked({ audio: { bytes: 4 }, segments })).toEqual({
    audio: { artifact: "art_1" },
    target: { audio: { artifact: "art_2" }, segments },
  });
  expect(asked({ voice: "voice_1" })).toEqual({ audio: { artifact: "art_1" }, target: { voice: "voice_1" } });
});

test("values are written as Python writes them, and quotes survive a shell", () => {
  expect(pythonLiteral({ a: [true, null, 1.5, "x\n'\""], b: {} })).toBe(
    '{\n    "a": [\n        True,\n        None,\n        1.5,\n        "x\\n\'\\"",\n    ],\n    "b": {},\n}',
  );
  expect(snippet("curl", job({ request: { input: { text: "it's" } } }), "http://h")).toContain(`it'\\''s`);
});

test("live events are put behind the history, each once, and only behind its end", () => {
  const event = (seq: number): JobEvent => ({
    job_id: "job_1",
    seq,
    position: seq,
    type: "job.started",
    at: at(seq),
    data: {},
  });
  const pages = (next: number | null) => ({ pages: [{ data: [event(1), event(2)], next }], pageParams: [0] });
  const after = appended(pages(null), [event(2), event(3)]);
  expect(after.pages[0]?.data.map((each) => each.seq)).toEqual([1, 2, 3]);
  const partly = pages(2);
  expect(appended(partly, [event(9)])).toBe(partly);
});

test("events are told in words", () => {
  const event = (type: JobEvent["type"], data: JobEvent["data"]): JobEvent => ({
    job_id: "j",
    seq: 1,
    position: 1,
    type,
    at: at(0),
    data,
  });
  const words = (type: JobEvent["type"], data: JobEvent["data"]) =>
    eventWords(event(type, data), ["decode", "transcribe"]);
  expect(words("step.started", { step: 1, worker: "cpu-1", queue: "cpu" })).toBe(
    "transcribe began on cpu-1 (queue cpu)",
  );
  expect(words("step.retrying", { step: 0, code: "media_io", delay: 5 })).toBe(
    "decode met media_io and is tried again in 5.0 s",
  );
  expect(words("job.cancelling", { cause: "deadline" })).toContain("deadline");
});
