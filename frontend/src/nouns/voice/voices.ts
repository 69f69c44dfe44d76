import type { Model } from "@/api/types";
import { sameLanguage } from "@/nouns/model/language";

/** A speaker built into a model. */
export interface Voice {
  id: string;
  name: string;
  language: string;
  gender: string;
}

export function voicesOf(model: Model | undefined): Voice[] {
  return (model?.voices ?? []).flatMap((raw) => {
    if (typeof raw.id !== "string") return [];
    const text = (value: unknown, otherwise: string): string =>
      typeof value === "string" ? value : otherwise;
    return [
      {
        id: raw.id,
        name: text(raw.name, raw.id),
        language: text(raw.language, "und"),
        gender: text(raw.gender, "neutral"),
      },
    ];
  });
}

/** Those that speak a language; "" is any. */
export function speaking(voices: readonly Voice[], language: string): Voice[] {
  return voices.filter((voice) => language === "" || sameLanguage(language, voice.language));
}

/** The name of a model's voice, else its id. */
export function voiceName(model: Model | undefined, id: string): string {
  return voicesOf(model).find((voice) => voice.id === id)?.name ?? id;
}
