import type { Model } from "@/api/types";
import { kindLabel } from "@/nouns/job/status";
import { languageName } from "./languages";

/** The models in whose id, title, words, kinds, languages, voices or licence every word occurs. */
export function findModels(models: readonly Model[], text: string): Model[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...models];
  return models.filter((model) => {
    const all = [
      model.id,
      model.title,
      model.family,
      model.description,
      model.licence,
      model.queue,
      model.device,
      ...model.capabilities.flatMap((kind) => [kind, kindLabel(kind)]),
      ...model.languages.flatMap((code) => [code, languageName(code)]),
      ...model.voices.map((voice) => `${String(voice.id)} ${String(voice.name)}`),
    ]
      .join("\n")
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
