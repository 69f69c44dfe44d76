import { expect, test } from "vitest";
import type { Worker } from "./queries";
import { inOrder, megabytes, workerState } from "./state";

function worker(id: string, more: Partial<Worker> = {}): Worker {
  return {
    id,
    queues: ["cpu"],
    host: "here",
    pid: 1,
    device: "cpu",
    device_name: null,
    threads: 1,
    memory: { used_mb: null, total_mb: null, budget_mb: null },
    loaded_models: [],
    started_at: "2026-11-23T08:00:00Z",
    last_beat_at: "2026-11-23T08:00:00Z",
    alive: true,
    draining: false,
    step: null,
    ...more,
  };
}

const step = {
  job_id: "job_1",
  name: "synthesize",
  number: 0,
  model: "tone",
  started_at: "2026-11-23T08:00:00Z",
  progress: 0.5,
};

test("workers keep their places whatever they do; those that are gone come last, and ten after nine", () => {
  const all = [
    worker("cpu-10"),
    worker("cpu-0", { alive: false, step }),
    worker("cpu-9"),
    worker("cpu-11", { draining: true, step }),
    worker("cpu-12", { step }),
  ];
  expect(inOrder(all).map((each) => `${each.id} ${workerState(each)}`)).toEqual([
    "cpu-9 idle",
    "cpu-10 idle",
    "cpu-12 working",
    "cpu-11 draining",
    "cpu-0 gone",
  ]);
});

test.each([
  [176, "176 MB"],
  [25_276, "25.3 GB"],
  [512_000, "512 GB"],
])("%s MB are %s", (mb, words) => {
  expect(megabytes(mb)).toBe(words);
});
