import type { components } from "@/api/schema";

type Queue = components["schemas"]["Queue"];

/** A queue, and since when (milliseconds) its broker holds another number of messages than was handed to it. */
export interface SeenQueue extends Queue {
  driftSince: number | null;
}

/** How long a disagreement must last to be one: the broker is counted once a second, claims come at any time. */
const DRIFT_LASTS = 10_000;
const FEW = 3;

/** What stands in its way; the first that is true. */
export type QueueState = "paused" | "unserved" | "running" | "waiting" | "idle";

export function queueState(queue: Queue): QueueState {
  if (queue.paused_at !== null) return "paused";
  if (queue.slots === 0) return "unserved";
  if (queue.running > 0) return "running";
  return queue.waiting + queue.published > 0 ? "waiting" : "idle";
}

/** Seconds until what is there now is done at the rate of the last minutes; null if nobody can tell. */
export function timeToEmpty(queue: Queue): number | null {
  const left = queue.waiting + queue.published + queue.running;
  if (left === 0) return 0;
  if (queue.paused_at !== null || queue.slots === 0 || queue.rate_per_minute <= 0) return null;
  return (left / queue.rate_per_minute) * 60;
}

/**
 * How far the broker is from what was handed to it: below 0, messages are missing; above, some are left over.
 * 0 where the difference is what claims under way explain. Deliveries of webhooks ring by other rules.
 */
export function driftOf(queue: Queue): number {
  if (queue.depth === null || queue.purpose === "webhooks") return 0;
  const difference = queue.depth - queue.published;
  const usual = FEW + queue.slots + 0.2 * queue.published;
  return Math.abs(difference) > usual ? difference : 0;
}

/** What was read now, with the moment at which each disagreement was first seen in what was read before. */
export function withDrift(
  before: readonly SeenQueue[] | undefined,
  now: readonly Queue[],
  at: number,
): SeenQueue[] {
  return now.map((queue) => {
    const drift = driftOf(queue);
    const last = before?.find((each) => each.name === queue.name);
    const same = last !== undefined && Math.sign(driftOf(last)) === Math.sign(drift);
    return { ...queue, driftSince: drift === 0 ? null : ((same ? last.driftSince : null) ?? at) };
  });
}

/** Whether it has lasted: then people must know. */
export function isDrifting(queue: SeenQueue, now: number): boolean {
  return queue.driftSince !== null && now - queue.driftSince >= DRIFT_LASTS;
}

/** What the queue is for, in words. */
export function purposeOf(queue: Pick<Queue, "name" | "purpose">): string {
  if (queue.purpose === "media") return "Decodes and encodes audio";
  if (queue.purpose === "webhooks") return "Delivers webhooks";
  const devices: Record<string, string> = {
    cpu: "Runs models on processors",
    "gpu-nvidia": "Runs models on NVIDIA GPUs",
    "gpu-amd": "Runs models on AMD GPUs",
  };
  return devices[queue.name] ?? "Runs models";
}
