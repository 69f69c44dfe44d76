import type { Job, Kind, Model } from "@/api/types";
import { modelsFor } from "@/nouns/model/queries";
import { isValue, optionProblems, optionsOf, toSend, type OptionValues } from "@/nouns/options/spec";
import { parseLabels, writeLabels } from "@/nouns/submit/labels";
import { NO_MORE, type More } from "@/nouns/submit/MoreFields";
import type { FieldProblems } from "@/nouns/submit/problem";
import { isPriority, type Order } from "@/nouns/submit/submit";

export const LISTENING = [
  "transcription",
  "translation",
  "vad",
  "embedding",
] as const satisfies readonly Kind[];
export type Listening = (typeof LISTENING)[number];

/** What is done with recordings. */
export interface Settings {
  kind: Listening;
  /** "" is the first that can. */
  model: string;
  /** "" leaves it to the model to find out. */
  language: string;
  options: OptionValues;
  /** What else is made of the same recording. */
  also: readonly Listening[];
  more: More;
}

export const PLAIN: Settings = {
  kind: "transcription",
  model: "",
  language: "",
  options: {},
  also: [],
  more: NO_MORE,
};

export function isListening(value: unknown): value is Listening {
  return LISTENING.some((kind) => kind === value);
}

/** The model that is meant; undefined if there is none for the kind, or the one that was chosen is gone. */
export function modelOf(settings: Settings, models: readonly Model[]): Model | undefined {
  const able = modelsFor(models, settings.kind);
  return settings.model === "" ? able[0] : able.find((model) => model.id === settings.model);
}

/** Another kind: what only the old one had is let go. */
export function withKind(settings: Settings, kind: Listening): Settings {
  return { ...settings, kind, model: "", options: {}, also: settings.also.filter((each) => each !== kind) };
}

export function takesLanguage(kind: Listening): boolean {
  return kind === "transcription" || kind === "translation";
}

/** What is wrong with the settings, by the field as the API names it. */
export function settingsProblems(settings: Settings, models: readonly Model[]): FieldProblems {
  const model = modelOf(settings, models);
  const problems: Record<string, string> = {};
  if (model === undefined) problems.model = "There is no such model here any more. Choose another.";
  else
    for (const [name, message] of Object.entries(
      optionProblems(optionsOf(model, settings.kind), settings.options),
    ))
      problems[`options.${name}`] = message;
  const labels = parseLabels(settings.more.labels);
  if (typeof labels === "string") problems.labels = labels;
  return problems;
}

/** The order for a recording, without the recording. */
export function orderOf(settings: Settings, model: Model): Omit<Order, "input"> {
  const language = takesLanguage(settings.kind) ? settings.language : "";
  return {
    kind: settings.kind,
    model: model.id,
    options: {
      ...toSend(optionsOf(model, settings.kind), settings.options),
      ...(language === "" ? {} : { language }),
    },
    ...common(settings),
  };
}

/** The order for something else that is made of the same recording, by the default model of its kind. */
export function alsoOrder(settings: Settings, kind: Listening): Omit<Order, "input"> {
  return { kind, ...common(settings) };
}

function common({ more }: Settings): Pick<Order, "priority" | "labels"> {
  const labels = parseLabels(more.labels);
  return {
    ...(more.priority === "normal" ? {} : { priority: more.priority }),
    ...(typeof labels === "string" || more.labels.trim() === "" ? {} : { labels }),
  };
}

/** The settings of an earlier job; a speech job's are only that its audio is listened to. */
export function settingsOf(job: Job, before: Settings): Settings {
  if (!isListening(job.kind)) return before;
  const asked: unknown = job.request.options;
  const entries = typeof asked === "object" && asked !== null ? Object.entries(asked) : [];
  const { language, ...options } = Object.fromEntries(
    entries.filter(([, value]) => isValue(value)),
  ) as Record<string, string | number | boolean>;
  return {
    ...before,
    kind: job.kind,
    model: job.model,
    language: typeof language === "string" ? language : "",
    options,
    more: { priority: job.priority, labels: writeLabels(job.labels) },
  };
}

/** Whether a value that this browser remembered are settings. */
export function isSettings(value: unknown): value is Settings {
  if (typeof value !== "object" || value === null) return false;
  const one = value as { [Name in keyof Settings]?: unknown };
  const more = one.more as Partial<More> | undefined;
  return (
    isListening(one.kind) &&
    typeof one.model === "string" &&
    typeof one.language === "string" &&
    typeof one.options === "object" &&
    one.options !== null &&
    Object.values(one.options).every(isValue) &&
    Array.isArray(one.also) &&
    one.also.every(isListening) &&
    typeof more?.labels === "string" &&
    isPriority(more.priority)
  );
}
