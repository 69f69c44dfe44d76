import { useLiveState, useReconnect } from "@/live/context";
import { timeOfDay } from "@/lib/time";
import { Button } from "@/ui/Button";

/** Says plainly that the page is not true any more, and since when. */
export function Offline() {
  const live = useLiveState();
  const reconnect = useReconnect();
  if (live.state !== "stopped") return null;
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-3 border-b border-bad/40 bg-bad-soft px-4 py-2 text-sm md:px-6"
    >
      <p className="min-w-0 flex-1">
        <strong className="font-semibold">The server does not answer.</strong> What you see is as of{" "}
        {timeOfDay(live.since)}. Nothing that was accepted is lost; this page goes on by itself when it is
        back.
      </p>
      <Button small onClick={reconnect}>
        Try again now
      </Button>
    </div>
  );
}
