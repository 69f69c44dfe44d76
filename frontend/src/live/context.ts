import { createContext, useContext, useEffect, useEffectEvent, useSyncExternalStore } from "react";
import type { JobEvent } from "@/api/types";
import { LiveStream, type LiveState } from "./stream";

/** The one stream of this page. */
export const LiveContext = createContext(new LiveStream());

/** How fresh what is shown is. */
export function useLiveState(): LiveState {
  const stream = useContext(LiveContext);
  return useSyncExternalStore(stream.watch, stream.state);
}

/** Tries at once to reach the server again. */
export function useReconnect(): () => void {
  return useContext(LiveContext).retry;
}

/** Calls with each bundle of events (about ten a second at most), as long as the component is there. */
export function useLiveEvents(listener: (events: readonly JobEvent[]) => void): void {
  const stream = useContext(LiveContext);
  const told = useEffectEvent(listener);
  useEffect(() => stream.subscribe((events) => told(events)), [stream]);
}

/** Calls when events may have been missed. */
export function useGap(listener: () => void): void {
  const stream = useContext(LiveContext);
  const told = useEffectEvent(listener);
  useEffect(() => stream.onGap(() => told()), [stream]);
}
