import { Play, TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Artifact } from "@/api/types";
import { Player, type PlayerHandle } from "@/nouns/audio/Player";
import { IconButton } from "@/ui/IconButton";
import { useToast } from "@/ui/toast";
import { useSample } from "./samples";
import type { Voice } from "./voices";

/** Plays a short sentence in a voice; the first time it must be made, which takes a moment. */
export function SampleButton({
  model,
  voice,
  tabIndex,
}: {
  model: string;
  voice: Voice;
  tabIndex?: number | undefined;
}) {
  const { state, audio, error, ask } = useSample(model, voice);
  const toast = useToast();
  useEffect(() => {
    if (state !== "failed") return;
    const detail = error instanceof Error ? error.message : typeof error === "string" ? error : undefined;
    toast({ tone: "bad", title: `The sample of ${voice.name} could not be made`, detail });
  }, [state, error, toast, voice.name]);
  if (audio !== undefined) return <Ready audio={audio} voice={voice} />;
  const making = state === "making";
  return (
    <IconButton
      small
      label={making ? `Making the sample of ${voice.name}…` : `Hear ${voice.name}`}
      disabled={making}
      aria-busy={making}
      onClick={ask}
      {...(tabIndex === undefined ? {} : { tabIndex })}
    >
      {state === "failed" ? (
        <TriangleAlert aria-hidden className="text-warn" />
      ) : (
        <Play aria-hidden className={making ? "animate-pulse" : ""} />
      )}
    </IconButton>
  );
}

/** A sample that was asked for just now: it plays at once. */
function Ready({ audio, voice }: { audio: Artifact; voice: Voice }) {
  const player = useRef<PlayerHandle>(null);
  useEffect(() => player.current?.play(), []);
  return (
    <Player
      ref={player}
      src={audio.url}
      seconds={audio.seconds}
      label={`sample of ${voice.name}`}
      controls="button"
    />
  );
}
