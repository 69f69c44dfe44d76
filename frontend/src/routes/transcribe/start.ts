import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Job, Model } from "@/api/types";
import { remember, remembered } from "@/lib/storage";
import { jobQuery } from "@/nouns/job/queries";
import { modelsFor } from "@/nouns/model/queries";
import { newItem, type Item } from "./sending";
import { isListening, isSettings, LISTENING, PLAIN, settingsOf, type Settings } from "./settings";

export interface Wanted {
  from?: string | undefined;
  kind?: string | undefined;
  model?: string | undefined;
}

/** The settings and what is to be sent, as the address asks for: a job to begin with brings its recording. */
export function useStart(models: readonly Model[], wanted: Wanted) {
  const [settings, setSettings] = useState<Settings>(() => begun(models, wanted));
  const [staged, setStaged] = useState<readonly Item[]>([]);
  const from = useQuery({ ...jobQuery(wanted.from ?? ""), enabled: wanted.from !== undefined });
  const [filled, setFilled] = useState<string | undefined>();
  if (from.data !== undefined && from.data.id !== filled) {
    setFilled(from.data.id);
    setSettings(settingsOf(from.data, settings));
    const artifact = recordingOf(from.data);
    if (artifact !== undefined)
      setStaged([
        newItem({
          name: "Recording of an earlier job",
          source: { artifact },
          recorded: false,
          refused: undefined,
        }),
        ...staged,
      ]);
  }
  useEffect(() => {
    remember("transcribe.settings", settings);
  }, [settings]);
  return { settings, setSettings, staged, setStaged, from };
}

/** What a job listened to, or what it spoke; undefined if that is no longer kept. */
export function recordingOf(job: Job): string | undefined {
  if (job.kind !== "speech") return job.inputs?.[0]?.id;
  return job.result?.artifacts.find((artifact) => artifact.role === "audio")?.id;
}

function begun(models: readonly Model[], wanted: Wanted): Settings {
  const before = remembered("transcribe.settings", isSettings, PLAIN);
  const kind = isListening(wanted.kind) ? wanted.kind : before.kind;
  const possible =
    modelsFor(models, kind).length > 0 ? kind : LISTENING.find((each) => modelsFor(models, each).length > 0);
  const settings =
    possible === undefined || possible === before.kind
      ? before
      : { ...before, kind: possible, model: "", options: {} };
  return wanted.model === undefined ? settings : { ...settings, model: wanted.model, options: {} };
}
