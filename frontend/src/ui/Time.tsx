import { useNow } from "@/lib/clock";
import { exactTime, relativeTime } from "@/lib/time";

/** A moment, told from now; the exact one when the pointer rests on it. */
export function Time({ at, className }: { at: string | number; className?: string }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)} className={className}>
      {relativeTime(at, now)}
    </time>
  );
}
