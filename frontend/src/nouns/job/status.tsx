import {
  ArrowLeftRight,
  AudioLines,
  Ban,
  Check,
  Clock,
  FileText,
  Fingerprint,
  Hourglass,
  Languages,
  LoaderCircle,
  Radar,
  TimerOff,
  X,
} from "lucide-react";
import type { ReactNode } from "react";
import type { JobStatus, Kind } from "@/api/types";
import { Badge, type Tone } from "@/ui/Badge";

interface Look {
  tone: Tone;
  label: string;
  icon: ReactNode;
}

/** A status that is new in the API does not compile here until it has a look. */
const LOOKS: Record<JobStatus, Look> = {
  queued: { tone: "queued", label: "Queued", icon: <Clock aria-hidden /> },
  running: { tone: "running", label: "Running", icon: <LoaderCircle className="animate-spin" aria-hidden /> },
  cancelling: { tone: "warn", label: "Cancelling", icon: <Hourglass aria-hidden /> },
  succeeded: { tone: "good", label: "Succeeded", icon: <Check aria-hidden /> },
  failed: { tone: "bad", label: "Failed", icon: <X aria-hidden /> },
  cancelled: { tone: "ended", label: "Cancelled", icon: <Ban aria-hidden /> },
  expired: { tone: "warn", label: "Expired", icon: <TimerOff aria-hidden /> },
};

const KINDS: Record<Kind, { label: string; icon: ReactNode }> = {
  speech: { label: "Speech", icon: <AudioLines aria-hidden /> },
  transcription: { label: "Transcription", icon: <FileText aria-hidden /> },
  translation: { label: "Translation", icon: <Languages aria-hidden /> },
  embedding: { label: "Embedding", icon: <Fingerprint aria-hidden /> },
  vad: { label: "Voice activity", icon: <Radar aria-hidden /> },
  voice_conversion: { label: "Voice conversion", icon: <ArrowLeftRight aria-hidden /> },
};

export function statusLabel(status: JobStatus): string {
  return LOOKS[status].label;
}

/** The CSS colour of a status, for charts. */
export function statusColor(status: JobStatus): string {
  return `var(--${LOOKS[status].tone})`;
}

export function StatusBadge({ status }: { status: JobStatus }) {
  const look = LOOKS[status];
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {look.label}
    </Badge>
  );
}

export function kindLabel(kind: Kind): string {
  return KINDS[kind].label;
}

export const ALL_KINDS = Object.keys(KINDS) as Kind[];

/** The kind of a job, as picture and word. */
export function KindMark({ kind }: { kind: Kind }) {
  const { label, icon } = KINDS[kind];
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap [&_svg]:size-4 [&_svg]:text-faint">
      {icon}
      {label}
    </span>
  );
}
