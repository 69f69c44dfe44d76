import { CircleDashed, CircleSlash, Clock, LoaderCircle, Pause } from "lucide-react";
import type { ReactNode } from "react";
import { Badge, type Tone } from "@/ui/Badge";
import type { QueueState } from "./state";

const LOOKS: Record<QueueState, { tone: Tone; label: string; icon: ReactNode }> = {
  paused: { tone: "warn", label: "Paused", icon: <Pause aria-hidden /> },
  unserved: { tone: "bad", label: "No worker", icon: <CircleSlash aria-hidden /> },
  running: { tone: "running", label: "Running", icon: <LoaderCircle className="animate-spin" aria-hidden /> },
  waiting: { tone: "queued", label: "Waiting", icon: <Clock aria-hidden /> },
  idle: { tone: "neutral", label: "Idle", icon: <CircleDashed aria-hidden /> },
};

export function QueueBadge({ state }: { state: QueueState }) {
  const look = LOOKS[state];
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {look.label}
    </Badge>
  );
}
