import type { ReactNode } from "react";
import { cx } from "./cx";

export type Tone = "neutral" | "queued" | "running" | "good" | "bad" | "warn" | "ended" | "accent";

const TONES: Record<Tone, string> = {
  neutral: "bg-sunken text-muted",
  queued: "bg-queued-soft text-queued",
  running: "bg-running-soft text-running",
  good: "bg-good-soft text-good",
  bad: "bg-bad-soft text-bad",
  warn: "bg-warn-soft text-warn",
  ended: "bg-ended-soft text-ended",
  accent: "bg-accent-soft text-accent-strong",
};

/** A few words on a coloured ground; the colour repeats what the words say and is never all there is. */
export function Badge({
  tone = "neutral",
  icon,
  children,
}: {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
}) {
  return (
    <span
      className={cx(
        "inline-flex h-5.5 items-center gap-1 rounded-full px-2 text-xs font-medium whitespace-nowrap [&_svg]:size-3",
        TONES[tone],
      )}
    >
      {icon}
      {children}
    </span>
  );
}
