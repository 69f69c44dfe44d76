import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Job, Model } from "@/api/types";
import { jobKeys } from "@/nouns/job/queries";
import { newKey, postJob } from "@/nouns/submit/submit";
import { useFailureToast } from "@/ui/toast";
import { addRecording, setJob } from "./recordings";
import { alsoOrder, modelOf, orderOf, type Settings } from "./settings";
import { upload } from "./upload";

/** Something to listen to that was not sent yet. */
export interface Item {
  id: string;
  name: string;
  /** The sound itself, or the id of what the server has of it. */
  source: Blob | { artifact: string };
  /** Recorded here: it is nowhere else. */
  recorded: boolean;
  /** Why it cannot be sent. */
  refused: string | undefined;
}

/** An item on its way. */
export interface Sending extends Item {
  share: number;
  error: unknown;
  settings: Settings;
  stop: AbortController;
}

/** So many are sent at a time; the others wait. */
const AT_ONCE = 2;

/** Sends items, each as a job of its own, with what else is asked of the same recording. */
export function useSending(models: readonly Model[], onStopped: (item: Item) => void) {
  const client = useQueryClient();
  const failed = useFailureToast();
  const [items, setItems] = useState<readonly Sending[]>([]);
  const slots = useRef(new Slots(AT_ONCE));
  const change = (id: string, part: Partial<Sending>): void =>
    setItems((before) => before.map((each) => (each.id === id ? { ...each, ...part } : each)));
  const drop = (id: string): void => setItems((before) => before.filter((each) => each.id !== id));

  const run = async (item: Sending): Promise<void> => {
    const { settings } = item;
    const model = modelOf(settings, models);
    if (model === undefined) return;
    await slots.current.enter();
    try {
      const job = await first(item, orderOf(settings, model), (share) => change(item.id, { share }));
      client.setQueryData(jobKeys.one(job.id), job);
      addRecording({ id: item.id, name: item.name, jobs: { [settings.kind]: job.id } });
      drop(item.id);
      await others(item, job);
    } catch (error) {
      if (item.stop.signal.aborted) {
        drop(item.id);
        onStopped(item);
      } else change(item.id, { error });
    } finally {
      slots.current.leave();
    }
  };

  const others = async (item: Sending, job: Job): Promise<void> => {
    const artifact = job.inputs?.[0]?.id;
    if (artifact === undefined) return;
    for (const kind of item.settings.also)
      try {
        const order = { ...alsoOrder(item.settings, kind), input: { audio: { artifact } } };
        const also = await postJob(order, `${item.id}-${kind}`);
        client.setQueryData(jobKeys.one(also.id), also);
        setJob(item.id, kind, also.id);
      } catch (error) {
        failed(`${item.name}: not everything could be asked for`)(error);
      }
  };

  return {
    items,
    send: (staged: readonly Item[], settings: Settings): void => {
      const added = staged.map((item) => ({
        ...item,
        settings,
        share: 0,
        error: null,
        stop: new AbortController(),
      }));
      setItems((before) => [...before, ...added]);
      for (const item of added) void run(item);
    },
    again: (item: Sending): void => {
      const fresh = { ...item, share: 0, error: null, stop: new AbortController() };
      change(item.id, fresh);
      void run(fresh);
    },
    stop: (item: Sending): void => {
      item.stop.abort();
      // What failed has nothing to break off.
      if (item.error !== null) {
        drop(item.id);
        onStopped(item);
      }
    },
  };
}

function first(
  item: Sending,
  order: ReturnType<typeof orderOf>,
  onProgress: (share: number) => void,
): Promise<Job> {
  const { source, name, id, stop } = item;
  if (!(source instanceof Blob)) return postJob({ ...order, input: { audio: source } }, id);
  return upload({ order, file: source, name, key: id, signal: stop.signal, onProgress });
}

export function newItem(part: Omit<Item, "id">): Item {
  return { ...part, id: newKey() };
}

/** Lets a few in at a time. */
export class Slots {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(count: number) {
    this.free = count;
  }

  enter(): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
