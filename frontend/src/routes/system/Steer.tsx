import { Pause, Play } from "lucide-react";
import { useState } from "react";
import { plural } from "@/lib/numbers";
import { useSteerQueue, type Queue } from "@/nouns/queue/queries";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Failure } from "@/ui/States";
import { useToast } from "@/ui/toast";

/** Pauses a queue after a question, and resumes it at once. */
export function Steer({ queue }: { queue: Queue }) {
  const [asking, setAsking] = useState(false);
  const steer = useSteerQueue();
  const toast = useToast();
  const paused = queue.paused_at !== null;
  const change = (): void =>
    steer.mutate(
      { name: queue.name, pause: !paused },
      {
        onSuccess: () => {
          setAsking(false);
          toast({ title: paused ? `${queue.name} goes on` : `${queue.name} is paused` });
        },
      },
    );
  const close = (open: boolean): void => {
    setAsking(open);
    if (!open) steer.reset();
  };
  const deliveries = queue.purpose === "webhooks";
  const words = paused
    ? {
        title: `Resume ${queue.name}?`,
        text: `It goes on at once with ${plural(queue.waiting + queue.published, deliveries ? "delivery" : "job", deliveries ? "deliveries" : "jobs")} that ${queue.waiting + queue.published === 1 ? "waits" : "wait"}.`,
        button: `Resume ${queue.name}`,
      }
    : {
        title: `Pause ${queue.name}?`,
        text: deliveries
          ? "Deliveries under way are finished, no new one is begun. Webhooks wait until somebody resumes the queue, for everybody who uses this service."
          : `What runs goes on to its end (${plural(queue.running, "job")} now), nothing new begins. Jobs are still accepted and wait until somebody resumes the queue. This holds for everybody, and over restarts.`,
        button: `Pause ${queue.name}`,
      };
  return (
    <>
      <Button
        small
        onClick={() => setAsking(true)}
        aria-label={`${paused ? "Resume" : "Pause"} ${queue.name}`}
        icon={paused ? <Play aria-hidden /> : <Pause aria-hidden />}
      >
        {paused ? "Resume" : "Pause"}
      </Button>
      <Dialog
        open={asking}
        onOpenChange={close}
        title={words.title}
        description={words.text}
        actions={
          <>
            <Button onClick={() => close(false)}>Leave it</Button>
            <Button look={paused ? "primary" : "danger"} busy={steer.isPending} onClick={change}>
              {words.button}
            </Button>
          </>
        }
      >
        {steer.error !== null && <Failure error={steer.error} onRetry={change} />}
      </Dialog>
    </>
  );
}
