import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, RotateCw, Webhook } from "lucide-react";
import { useState } from "react";
import type { Job } from "@/api/types";
import { useLiveEvents } from "@/live/context";
import { plural } from "@/lib/numbers";
import { Badge, type Tone } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Panel } from "@/ui/Panel";
import { Empty, Failure, Loading, Skeleton } from "@/ui/States";
import { Time } from "@/ui/Time";
import { useFailureToast, useToast } from "@/ui/toast";
import { deliveriesQuery, useRedeliver, type Delivery } from "./deliveries";
import { DeliveryDetails } from "./DeliveryDetails";

const STATES: Record<Delivery["status"], { tone: Tone; label: string }> = {
  pending: { tone: "running", label: "Under way" },
  delivered: { tone: "good", label: "Delivered" },
  failed: { tone: "bad", label: "Failed" },
  held: { tone: "warn", label: "Held" },
};

/** The webhook messages that tell of this job, of its own webhook and of endpoints. */
export function Deliveries({ job }: { job: Job }) {
  const query = useQuery(deliveriesQuery(job.id));
  useLiveEvents((events) => {
    if (events.some((event) => event.job_id === job.id && event.type !== "step.progress"))
      void query.refetch();
  });
  if (query.data === undefined)
    return query.error === null ? (
      <Loading what="the deliveries">
        <Skeleton className="h-40" />
      </Loading>
    ) : (
      <Failure error={query.error} onRetry={() => void query.refetch()} />
    );
  const deliveries = query.data.data;
  if (deliveries.length === 0)
    return (
      <Panel>
        <Empty icon={<Webhook aria-hidden />} title="Nobody is told of this job">
          It was submitted without a <code className="font-mono text-xs">webhook</code>, and no endpoint asks
          for its events. Messages appear here with everything that was sent and answered.
        </Empty>
      </Panel>
    );
  return (
    <Panel flush title={plural(deliveries.length, "message")}>
      <ol aria-label="Webhook messages" className="divide-y">
        {deliveries.map((delivery) => (
          <Line key={delivery.id} jobId={job.id} delivery={delivery} />
        ))}
      </ol>
    </Panel>
  );
}

function Line({ jobId, delivery }: { jobId: string; delivery: Delivery }) {
  const [open, setOpen] = useState(false);
  const state = STATES[delivery.status];
  return (
    <li className="px-4 py-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex min-w-0 flex-1 basis-72 items-center gap-2 text-left [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-faint"
        >
          {open ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden />}
          <span className="font-medium">{delivery.type}</span>
          <span className="min-w-0 truncate text-muted" title={delivery.url}>
            to {delivery.url}
          </span>
        </button>
        <span className="text-xs text-muted">{lastWords(delivery)}</span>
        <Badge tone={state.tone}>{state.label}</Badge>
        <Redeliver jobId={jobId} delivery={delivery} />
      </div>
      {delivery.status === "pending" && delivery.next_attempt_at !== null && delivery.attempts > 0 && (
        <p className="mt-1 pl-6 text-xs text-muted">
          Next attempt <Time at={delivery.next_attempt_at} />
        </p>
      )}
      {delivery.status === "held" && (
        <p className="mt-1 pl-6 text-xs text-muted">
          Its endpoint is switched off; it goes on when that is enabled.
        </p>
      )}
      {open && <DeliveryDetails jobId={jobId} delivery={delivery} />}
    </li>
  );
}

function lastWords(delivery: Delivery): string {
  const tries = plural(delivery.attempts, "attempt");
  if (delivery.last_status !== null) return `${tries}, last answer ${delivery.last_status}`;
  return delivery.last_error === null ? tries : `${tries}, no answer`;
}

function Redeliver({ jobId, delivery }: { jobId: string; delivery: Delivery }) {
  const redeliver = useRedeliver(jobId);
  const failed = useFailureToast();
  const toast = useToast();
  const ended = delivery.status === "delivered" || delivery.status === "failed";
  return (
    <Button
      small
      disabled={!ended}
      busy={redeliver.isPending}
      icon={<RotateCw aria-hidden />}
      title={ended ? "The same message with the same id" : "It is still being tried"}
      onClick={() =>
        redeliver.mutate(delivery.id, {
          onError: failed("The message could not be sent again"),
          onSuccess: () => toast({ title: "The message is on its way again" }),
        })
      }
    >
      Send again
    </Button>
  );
}
