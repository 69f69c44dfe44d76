import type { QueryClient } from "@tanstack/react-query";
import { hasEnded, type JobEvent } from "@/api/types";
import {
  indexOf,
  listKey,
  shortened,
  statusAfter,
  withPage,
  type JobFilter,
  type JobList,
} from "@/nouns/job/list";
import type { JobRow } from "@/nouns/job/row";
import { mayJoin } from "./joins";
import { MOST, readPage } from "./useJobList";

/** Which rows are on the screen, first and last; whether the reader is at the head of the list. */
export interface Sight {
  first: number;
  last: number;
  atTop: boolean;
}

/** At most one request in this time, in milliseconds, however many jobs come; longer after one that failed. */
const PACE = 1_000;
const PACE_AWAY = 5_000;
/** Ids remembered; beyond that it is only known that there are many. */
export const MANY_FRESH = 10_000;
const LEAST = 20;
/** Who looks at the head needs no more rows than this; the others are read again by who scrolls down. */
const LONG = 2_000;
const SHORT = 1_000;

/**
 * Keeps a list fresh beyond what events say. At the head new jobs are put in by one request a second at most; further
 * down they are only counted (`waiting`). Rows on the screen whose job ended are read again: of what came of a job
 * events tell nothing. Nothing is asked while nobody looks.
 */
export class ListKeeper {
  waiting = 0;
  private readonly fresh = new Set<string>();
  private readonly ended = new Set<string>();
  private readonly watchers = new Set<() => void>();
  private sight: Sight = { first: 0, last: 0, atTop: true };
  private notBefore = 0;
  private busy = false;
  private timer: number | undefined;

  constructor(
    private readonly client: QueryClient,
    private readonly filter: JobFilter,
  ) {}

  /** Begins to watch the page; gives back how to end it. */
  readonly start = (): (() => void) => {
    document.addEventListener("visibilitychange", this.schedule);
    return () => {
      document.removeEventListener("visibilitychange", this.schedule);
      window.clearTimeout(this.timer);
      this.timer = undefined;
    };
  };

  /** For React's useSyncExternalStore: `waiting` changed. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly count = (): number => this.waiting;

  readonly look = (sight: Sight): void => {
    this.sight = sight;
    this.schedule();
  };

  readonly take = (events: readonly JobEvent[]): void => {
    const list = this.list();
    if (list === undefined) return;
    for (const event of events) this.note(list.rows, event);
    if (!this.sight.atTop) this.tell();
    this.schedule();
  };

  private note(rows: readonly JobRow[], event: JobEvent): void {
    const status = statusAfter(event);
    if (indexOf(rows, event.job_id) >= 0) {
      if (status !== undefined && hasEnded(status) && this.ended.size < MANY_FRESH)
        this.ended.add(event.job_id);
    } else if (this.fresh.size < MANY_FRESH && mayJoin(this.filter, event)) this.fresh.add(event.job_id);
  }

  private readonly schedule = (): void => {
    if (this.timer !== undefined || this.busy || document.hidden) return;
    if (this.fresh.size === 0 && this.ended.size === 0) return;
    const delay = Math.max(50, this.notBefore - Date.now());
    this.timer = window.setTimeout(() => void this.run(), delay);
  };

  private async run(): Promise<void> {
    this.timer = undefined;
    const asked = this.sight.atTop ? this.head() : this.seen();
    if (asked === undefined) return;
    this.busy = true;
    this.notBefore = Date.now() + PACE;
    try {
      await asked;
    } catch {
      // The server is away, which the page's frame says; what is wanted stays wanted.
      this.notBefore = Date.now() + PACE_AWAY;
    }
    this.busy = false;
    if (this.sight.atTop || this.seenPlaces().length > 0) this.schedule();
  }

  /** The head of the list, as far as something of it is wanted. */
  private head(): Promise<void> | undefined {
    const deep = 1 + Math.max(-1, ...this.places().filter((place) => place < MOST));
    if (this.fresh.size === 0 && deep === 0) {
      this.ended.clear();
      return undefined;
    }
    const fresh = [...this.fresh];
    const limit = Math.min(MOST, Math.max(LEAST, deep + fresh.length));
    return this.read(null, limit, () => {
      for (const id of fresh) this.fresh.delete(id);
      this.tell();
    });
  }

  /** The rows on the screen, as far as something of them is wanted. */
  private seen(): Promise<void> | undefined {
    const places = this.seenPlaces();
    if (places.length === 0) return undefined;
    const front = Math.min(...places);
    const after = this.list()?.rows[front - 1]?.id ?? null;
    return this.read(after, Math.min(MOST, Math.max(...places) - front + 1), () => undefined);
  }

  private async read(after: string | null, limit: number, then: () => void): Promise<void> {
    const page = await readPage(this.filter, after, limit);
    this.client.setQueryData<JobList>(listKey(this.filter), (before) => {
      const list = withPage(before, page);
      return this.sight.atTop && list.rows.length > LONG ? shortened(list, SHORT) : list;
    });
    for (const row of page.rows) this.ended.delete(row.id);
    then();
  }

  private list(): JobList | undefined {
    return this.client.getQueryData<JobList>(listKey(this.filter));
  }

  private places(): number[] {
    const rows = this.list()?.rows ?? [];
    return [...this.ended].map((id) => indexOf(rows, id)).filter((place) => place >= 0);
  }

  private seenPlaces(): number[] {
    return this.places().filter((place) => place >= this.sight.first && place <= this.sight.last);
  }

  private tell(): void {
    const waiting = this.sight.atTop ? 0 : this.fresh.size;
    if (waiting === this.waiting) return;
    this.waiting = waiting;
    for (const watcher of this.watchers) watcher();
  }
}
