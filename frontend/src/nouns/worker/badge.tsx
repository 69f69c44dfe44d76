import { CircleDashed, LoaderCircle, LogOut, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { Badge, type Tone } from "@/ui/Badge";
import type { WorkerState } from "./state";

const LOOKS: Record<WorkerState, { tone: Tone; label: string; icon: ReactNode }> = {
  working: { tone: "running", label: "Working", icon: <LoaderCircle className="animate-spin" aria-hidden /> },
  idle: { tone: "neutral", label: "Idle", icon: <CircleDashed aria-hidden /> },
  draining: { tone: "warn", label: "Draining", icon: <LogOut aria-hidden /> },
  gone: { tone: "bad", label: "Gone", icon: <Unplug aria-hidden /> },
};

export function WorkerBadge({ state }: { state: WorkerState }) {
  const look = LOOKS[state];
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {look.label}
    </Badge>
  );
}
