import type { Worker } from "./queries";

export type WorkerState = "gone" | "draining" | "working" | "idle";

/** How a worker stands. One that left on order is gone too once it beats no more. */
export function workerState(worker: Worker): WorkerState {
  if (!worker.alive) return "gone";
  if (worker.draining) return "draining";
  return worker.step === null ? "idle" : "working";
}

const ORDER: Record<WorkerState, number> = { working: 0, idle: 0, draining: 1, gone: 2 };

/** By name, so that rows keep their places while work comes and goes; those that leave, then those that are gone, last. */
export function inOrder(workers: readonly Worker[]): Worker[] {
  return workers.toSorted(
    (one, other) =>
      ORDER[workerState(one)] - ORDER[workerState(other)] ||
      one.id.localeCompare(other.id, undefined, { numeric: true }),
  );
}

/** The device in words: “Processor”, “NVIDIA GPU”. */
export function deviceName(device: string): string {
  const names: Record<string, string> = {
    cpu: "Processor",
    "gpu-nvidia": "NVIDIA GPU",
    "gpu-amd": "AMD GPU",
  };
  return names[device] ?? device;
}

/** “176 MB”, “25.3 GB”: decimal units, as the API counts. */
export function megabytes(mb: number): string {
  return mb < 1000 ? `${Math.round(mb)} MB` : `${(mb / 1000).toFixed(mb < 100_000 ? 1 : 0)} GB`;
}
