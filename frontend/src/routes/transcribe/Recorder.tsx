import { Mic, Pause, Play, Square } from "lucide-react";
import { position } from "@/lib/time";
import { Button } from "@/ui/Button";
import { useMicrophone } from "./microphone";

/** Records from the microphone. */
export function Recorder({ onDone }: { onDone: (sound: Blob) => void }) {
  const { now, start, pause, resume, stop } = useMicrophone(onDone);
  if (now.state !== "recording" && now.state !== "paused")
    return (
      <div className="flex flex-col gap-2">
        <Button icon={<Mic aria-hidden />} busy={now.state === "asking"} onClick={start}>
          {now.state === "asking" ? "Allow the microphone in the browser…" : "Record from the microphone"}
        </Button>
        {now.state === "refused" && (
          <p role="alert" className="rounded-md bg-warn-soft px-3 py-2 text-sm">
            {now.why}
          </p>
        )}
      </div>
    );
  const paused = now.state === "paused";
  return (
    <div className="flex flex-col gap-3 rounded-lg border p-3" role="group" aria-label="Recording">
      <div className="flex items-center justify-between gap-3 text-sm">
        <p role="status" className="flex items-center gap-2 font-medium">
          <span
            aria-hidden
            className={`size-2.5 rounded-full ${paused ? "bg-warn" : "animate-pulse bg-bad"}`}
          />
          {paused ? "Paused" : "Recording"}
        </p>
        <span className="tabular-nums" data-seconds={Math.floor(now.seconds)}>
          {position(now.seconds)}
        </span>
      </div>
      <div
        role="meter"
        aria-label="Level"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(now.level * 100)}
        className="h-2 overflow-hidden rounded-full bg-sunken"
      >
        <div className="h-full rounded-full bg-good" style={{ width: `${now.level * 100}%` }} />
      </div>
      <div className="flex gap-2">
        <Button
          small
          icon={paused ? <Play aria-hidden /> : <Pause aria-hidden />}
          onClick={paused ? resume : pause}
        >
          {paused ? "Go on" : "Pause"}
        </Button>
        <Button small look="primary" icon={<Square aria-hidden />} onClick={stop}>
          Stop
        </Button>
      </div>
    </div>
  );
}
