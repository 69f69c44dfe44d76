import { useReconnect, useLiveState } from "@/live/context";
import { timeOfDay } from "@/lib/time";
import { cx } from "@/ui/cx";

const DOTS = { live: "bg-good", reconnecting: "bg-warn animate-pulse", stopped: "bg-bad" } as const;

/** Whether what is on the screen is true now. A press on it tries again at once. */
export function LiveBadge() {
  const live = useLiveState();
  const reconnect = useReconnect();
  const words =
    live.state === "live"
      ? "Live"
      : live.state === "reconnecting"
        ? "Reconnecting…"
        : `Stopped at ${timeOfDay(live.since)}`;
  const inside = (
    <>
      <span aria-hidden className={cx("size-2 rounded-full", DOTS[live.state])} />
      <span>{words}</span>
    </>
  );
  const look =
    "inline-flex h-7 items-center gap-2 rounded-full border bg-surface px-2.5 text-xs font-medium text-muted";
  return (
    <div role="status" data-live={live.state}>
      {live.state === "live" ? (
        <span className={look}>{inside}</span>
      ) : (
        <button
          type="button"
          onClick={reconnect}
          title="Try again now"
          className={cx(look, "hover:text-ink")}
        >
          {inside}
        </button>
      )}
    </div>
  );
}
