/** The checks of `/readyz` in words: what each is, and what to do when it is not fine. */

export interface Check {
  id: string;
  name: string;
  /** What it is there for. */
  about: string;
  fine: boolean;
  /** What is wrong, in words; undefined when nothing is. */
  wrong?: string;
  /** What to do about it. */
  remedy?: string;
}

interface Words {
  name: string;
  about: string;
  remedy: string;
}

const KNOWN: Record<string, Words> = {
  database: {
    name: "Database",
    about: "Holds every job, step and event",
    remedy:
      "Start the database, or correct HARMONY_DATABASE_URL, and bring its tables up to date with python -m migrations. Accepted jobs are kept.",
  },
  artifacts: {
    name: "Storage",
    about: "Holds audio and results",
    remedy:
      "Look whether its folder can be written and its disk has room, or whether the S3 server answers. Jobs try again by themselves.",
  },
  dispatcher: {
    name: "Dispatcher",
    about: "Hands waiting jobs to the broker and finds lost ones",
    remedy:
      "Start it: python -m workers.dispatcher (harmony up runs one). Until then jobs are accepted and wait; what runs goes on to its end.",
  },
  broker: {
    name: "Broker",
    about: "Carries messages to the workers",
    remedy:
      "Start the Redis or Valkey server, or correct HARMONY_BROKER_URL. No job is lost: lost messages are sent again.",
  },
  process: {
    name: "This API process",
    about: "Answers requests",
    remedy: "It was told to stop and finishes what it has. Another one takes over, or start it again.",
  },
};

const STATES: Record<string, string> = {
  "no live slot": "no worker is alive",
  "no dispatcher has written in the last seconds": "none is at work",
  "the dispatcher does not reach it": "not reached",
  unknown: "not known, because the database does not answer",
  leaving: "is being stopped",
  not_migrated: "its tables are of another version",
  database_unavailable: "does not answer",
  storage_unavailable: "does not answer",
};

/** Every check, those that are not fine first. */
export function checksOf(checks: Readonly<Record<string, string>>): Check[] {
  const dispatcher = (checks.dispatcher ?? "ok") === "ok";
  return Object.entries(checks)
    .map(([id, state]) =>
      id === "broker" && state !== "ok" && !dispatcher ? UNSEEN_BROKER : checkOf(id, state),
    )
    .toSorted((one, other) => Number(one.fine) - Number(other.fine));
}

function checkOf(id: string, state: string): Check {
  const words = id.startsWith("queue:") ? ofQueue(id.slice("queue:".length)) : KNOWN[id];
  const { name, about, remedy } = words ?? { name: id, about: "", remedy: "The server’s log says more." };
  if (state === "ok") return { id, name, about, fine: true };
  return { id, name, about, fine: false, wrong: STATES[state] ?? state, remedy };
}

/** It is the dispatcher that looks at the broker. */
const UNSEEN_BROKER: Check = {
  id: "broker",
  name: "Broker",
  about: "Carries messages to the workers",
  fine: false,
  wrong: "not known",
  remedy: "Only the dispatcher looks at it: start that first.",
};

function ofQueue(queue: string): Words {
  return {
    name: `Workers of ${queue}`,
    about:
      queue === "io" ? "Decode and encode audio" : queue === "webhook" ? "Deliver webhooks" : "Run models",
    remedy: `Start a worker for it: ${startWorker(queue)}. What waits for it begins by itself.`,
  };
}

/** How a worker of a queue is started. */
export function startWorker(queue: string): string {
  return `python -m workers.slot --queue ${queue}`;
}
