import { useSyncExternalStore } from "react";
import type { Job } from "@/api/types";
import { isRemoved } from "@/nouns/job/advice";

/** Whether what the job took and made is no longer kept; looked at now and then, and told only when it changes. */
export function useRemoved(job: Job): boolean {
  return useSyncExternalStore(nowAndThen, () => isRemoved(job, Date.now()));
}

function nowAndThen(look: () => void): () => void {
  const timer = window.setInterval(look, 5_000);
  return () => window.clearInterval(timer);
}
