import { send } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import type { JobEvent } from "@/api/types";
import { EventReader } from "./sse";

/**
 * `live`: bytes arrived lately. `reconnecting`: the stream broke, we are at it. `stopped`: we have been at it for a
 * while; what is shown is as of `since`.
 */
export type LiveState = { state: "live" } | { state: "reconnecting" | "stopped"; since: number };

type Listener = (events: readonly JobEvent[]) => void;

/** The server sends a heartbeat every 15 s; two and a bit without a byte is a dead connection. */
const SILENCE = 35_000;
const GIVE_UP = 30_000;
const FIRST_DELAY = 500;
const LAST_DELAY = 8_000;
/** Events are told in bundles, so that a burst draws the page once, not a thousand times. */
const BUNDLE = 100;

/** The one stream of `/v1/events` that all of the dashboard hangs on. It keeps no event once it was told. */
export class LiveStream {
  private readonly listeners = new Set<Listener>();
  private readonly watchers = new Set<() => void>();
  private readonly joiners = new Set<() => void>();
  private current: LiveState = { state: "reconnecting", since: Date.now() };
  private bundle: JobEvent[] = [];
  private timer: number | undefined;
  private lastId: string | undefined;
  private heard = Date.now();
  private wake: (() => void) | undefined;
  private stopper: AbortController | undefined;

  /** Opens the stream and keeps it open until `stop`. */
  start(): void {
    if (this.stopper !== undefined) return;
    this.stopper = new AbortController();
    window.addEventListener("online", this.retry);
    void this.run(this.stopper.signal);
  }

  stop(): void {
    this.stopper?.abort();
    this.stopper = undefined;
    window.removeEventListener("online", this.retry);
    window.clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Tries again now, without waiting for the next turn. */
  readonly retry = (): void => this.wake?.();

  /** Calls with every bundle of events, oldest first; gives back how to end it. */
  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Calls when events may have been missed, so that what is shown must be asked for anew. */
  readonly onGap = (joiner: () => void): (() => void) => {
    this.joiners.add(joiner);
    return () => this.joiners.delete(joiner);
  };

  /** For React's useSyncExternalStore. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly state = (): LiveState => this.current;

  private async run(signal: AbortSignal): Promise<void> {
    let delay = FIRST_DELAY;
    while (!signal.aborted) {
      const opened = await this.listen(signal);
      delay = opened ? FIRST_DELAY : Math.min(delay * 2, LAST_DELAY);
      this.lost();
      // Half of it by chance: a thousand dashboards do not come back in the same moment.
      await this.pause(delay / 2 + (Math.random() * delay) / 2, signal);
    }
  }

  /** Follows one connection to its end; whether it ever opened. */
  private async listen(outer: AbortSignal): Promise<boolean> {
    const inner = new AbortController();
    const signal = AbortSignal.any([outer, inner.signal]);
    let opened = false;
    let silence: number | undefined;
    const beat = (): void => {
      this.heard = Date.now();
      window.clearTimeout(silence);
      silence = window.setTimeout(() => inner.abort(), SILENCE);
    };
    beat();
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (this.lastId !== undefined) headers["last-event-id"] = this.lastId;
      const response = await send("/v1/events", { headers, signal, cache: "no-store" });
      const resumed = this.lastId !== undefined;
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      if (reader === undefined) return false;
      const events = new EventReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return opened;
        beat();
        if (!opened) {
          opened = true;
          this.set({ state: "live" });
          if (!resumed) this.gap();
        }
        for (const message of events.push(value)) this.take(message.id, message.data);
      }
    } catch (error) {
      // The server's history is shorter than we remember (a database was restored): begin anew.
      if (error instanceof ApiProblem && error.code === "invalid_event_id") this.lastId = undefined;
      return opened;
    } finally {
      window.clearTimeout(silence);
    }
  }

  private take(id: string | undefined, data: string): void {
    this.lastId = id ?? this.lastId;
    this.bundle.push(JSON.parse(data) as JobEvent);
    this.timer ??= window.setTimeout(() => {
      const told = this.bundle;
      this.bundle = [];
      this.timer = undefined;
      for (const listener of this.listeners) listener(told);
    }, BUNDLE);
  }

  private gap(): void {
    for (const joiner of this.joiners) joiner();
  }

  private lost(): void {
    const since = this.current.state === "live" ? this.heard : this.current.since;
    this.set({ state: Date.now() - since > GIVE_UP ? "stopped" : "reconnecting", since });
  }

  private set(state: LiveState): void {
    const now = this.current;
    if (
      now.state === state.state &&
      ("since" in now ? now.since : 0) === ("since" in state ? state.since : 0)
    )
      return;
    this.current = state;
    for (const watcher of this.watchers) watcher();
  }

  private pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = window.setTimeout(resolve, milliseconds);
      const go = (): void => {
        window.clearTimeout(timer);
        resolve();
      };
      this.wake = go;
      signal.addEventListener("abort", go, { once: true });
    });
  }
}
