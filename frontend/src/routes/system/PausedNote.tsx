import { useQuery } from "@tanstack/react-query";
import { Pause } from "lucide-react";
import { plural } from "@/lib/numbers";
import { queuesQuery, type Queue } from "@/nouns/queue/queries";
import { Time } from "@/ui/Time";
import { Steer } from "./Steer";

/** Says on every tab which queues stand still because somebody paused them, and lets one end it. */
export function PausedNote() {
  const { data } = useQuery(queuesQuery);
  const paused = data?.filter((queue) => queue.paused_at !== null) ?? [];
  if (paused.length === 0) return null;
  return (
    <ul aria-label="Paused queues" className="mb-4 flex flex-col gap-2">
      {paused.map((queue) => (
        <Note key={queue.name} queue={queue} />
      ))}
    </ul>
  );
}

function Note({ queue }: { queue: Queue }) {
  const what = queue.purpose === "webhooks" ? ["delivery", "deliveries"] : ["job", "jobs"];
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-warn/40 bg-warn-soft px-4 py-2.5 text-sm">
      <Pause className="size-4 shrink-0 text-warn" aria-hidden />
      <p className="min-w-0 flex-1 basis-60">
        <strong className="font-semibold">The queue {queue.name} is paused.</strong>{" "}
        {queue.paused_at !== null && (
          <>
            Somebody paused it <Time at={queue.paused_at} />.{" "}
          </>
        )}
        What runs goes on, nothing new begins;{" "}
        {plural(queue.waiting + queue.published, what[0] ?? "", what[1])}{" "}
        {queue.waiting + queue.published === 1 ? "waits" : "wait"}.
      </p>
      <Steer queue={queue} />
    </li>
  );
}
