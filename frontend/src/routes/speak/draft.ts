import { hasEnded, type Job, type Model } from "@/api/types";
import { sameLanguage } from "@/nouns/model/language";
import { isValue, optionsOf, toSend, type OptionValues } from "@/nouns/options/spec";
import type { More } from "@/nouns/submit/MoreFields";
import { isPriority, type Order } from "@/nouns/submit/submit";
import { parseLabels, writeLabels } from "@/nouns/submit/labels";
import { speaking, voicesOf } from "@/nouns/voice/voices";

/** Who speaks, and how. */
export interface Side {
  model: string;
  /** "" leaves it to the voice. */
  language: string;
  /** "" for models without voices. */
  voice: string;
  options: OptionValues;
}

/** What stands on the form. */
export interface Draft {
  text: string;
  compare: boolean;
  /** The first speaks alone; both when they are compared. */
  sides: readonly [Side, Side];
  format: string;
  more: More;
}

export const FORMATS = ["wav", "mp3", "flac", "opus", "aac", "pcm"] as const;

/** A side that begins with a model's first voice. */
export function firstSide(model: Model): Side {
  return { model: model.id, language: "", voice: voicesOf(model)[0]?.id ?? "", options: {} };
}

/** A form that nobody has written on: the second side has another voice than the first, to compare with. */
export function emptyDraft(models: readonly Model[]): Draft {
  const model = models[0];
  const first = model === undefined ? NOBODY : firstSide(model);
  const other = voicesOf(model).find((voice) => voice.id !== first.voice);
  return {
    text: "",
    compare: false,
    sides: [first, other === undefined ? first : { ...first, voice: other.id }],
    format: "wav",
    more: { priority: "normal", labels: "" },
  };
}

const NOBODY: Side = { model: "", language: "", voice: "", options: {} };

/** The side with another model: what the new one knows too is kept. */
export function withModel(side: Side, model: Model): Side {
  const voices = voicesOf(model);
  const language = model.languages.includes(side.language) ? side.language : "";
  const kept = voices.some((voice) => voice.id === side.voice) ? side.voice : undefined;
  return withLanguage({ ...side, model: model.id, voice: kept ?? voices[0]?.id ?? "" }, model, language);
}

/** The side in another language: a voice that does not speak it gives way to one that does. */
export function withLanguage(side: Side, model: Model, language: string): Side {
  const able = speaking(voicesOf(model), language);
  const fits = able.some((voice) => voice.id === side.voice);
  return { ...side, language, voice: fits ? side.voice : (able[0]?.id ?? side.voice) };
}

/** Why a side cannot speak, by the field as the API names it: what was remembered may be gone by now. */
export function sideProblems(side: Side, model: Model | undefined): Record<string, string> {
  if (model === undefined) return { model: `There is no model ${side.model} here any more. Choose another.` };
  const voices = voicesOf(model);
  const voice = voices.find((each) => each.id === side.voice);
  if (voices.length > 0 && voice === undefined)
    return { "options.voice": `${model.title} has no voice “${side.voice}” any more. Choose another.` };
  if (voice !== undefined && side.language !== "" && !sameLanguage(side.language, voice.language))
    return { "options.voice": `${voice.name} does not speak this language. Choose another voice.` };
  return {};
}

/** How many characters the server will count: code points, not UTF-16 units. */
export function characters(text: string): number {
  let count = 0;
  for (const character of text) count += character === "" ? 0 : 1;
  return count;
}

/** What is wrong with a text before it is sent. */
export function textProblem(text: string, limit: number | undefined): string | undefined {
  if (text.trim() === "") return "Write what is to be spoken first.";
  const count = characters(text);
  if (limit !== undefined && count > limit)
    return `The text has ${count.toLocaleString()} characters; ${limit.toLocaleString()} are taken at once. Shorten it or speak it in parts.`;
  return undefined;
}

/** The job that a side asks for. */
export function orderOf(draft: Draft, side: Side, model: Model): Order {
  const labels = parseLabels(draft.more.labels);
  return {
    kind: "speech",
    model: side.model,
    input: { text: draft.text },
    options: {
      ...toSend(optionsOf(model, "speech"), side.options),
      ...(side.voice === "" ? {} : { voice: side.voice }),
      ...(side.language === "" ? {} : { language: side.language }),
      ...(draft.format === "wav" ? {} : { format: draft.format }),
    },
    ...(draft.more.priority === "normal" ? {} : { priority: draft.more.priority }),
    ...(typeof labels === "string" || draft.more.labels.trim() === "" ? {} : { labels }),
  };
}

/** The form as an earlier job was asked for; undefined if it was no speech. */
export function draftOf(job: Job, draft: Draft): Draft | undefined {
  const text = textOf(job);
  if (job.kind !== "speech" || text === undefined) return undefined;
  const { voice, language, format, ...options } = optionsIn(job.request.options);
  const side: Side = {
    model: job.model,
    language: typeof language === "string" ? language : "",
    voice: typeof voice === "string" ? voice : "",
    options,
  };
  const labels = Object.fromEntries(Object.entries(job.labels).filter(([name]) => name !== "harmony"));
  return {
    text,
    compare: false,
    sides: [side, draft.sides[1]],
    format: typeof format === "string" ? format : "wav",
    more: { priority: isPriority(job.priority) ? job.priority : "normal", labels: writeLabels(labels) },
  };
}

function textOf(job: Job): string | undefined {
  const input: unknown = job.request.input;
  if (typeof input !== "object" || input === null || !("text" in input)) return undefined;
  return typeof input.text === "string" ? input.text : undefined;
}

function optionsIn(raw: unknown): Record<string, string | number | boolean> {
  if (typeof raw !== "object" || raw === null) return {};
  return Object.fromEntries(
    Object.entries(raw).filter((entry): entry is [string, string | number | boolean] => isValue(entry[1])),
  );
}

/** Whether a value that this browser remembered is a form. */
export function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const draft = value as Partial<Omit<Draft, "sides">> & { sides?: unknown };
  return (
    typeof draft.text === "string" &&
    typeof draft.compare === "boolean" &&
    typeof draft.format === "string" &&
    typeof draft.more?.labels === "string" &&
    isPriority(draft.more.priority) &&
    Array.isArray(draft.sides) &&
    draft.sides.length === 2 &&
    draft.sides.every(isSide)
  );
}

export function isSide(value: unknown): value is Side {
  if (typeof value !== "object" || value === null) return false;
  const side = value as Partial<Side>;
  return (
    typeof side.model === "string" &&
    typeof side.voice === "string" &&
    typeof side.language === "string" &&
    typeof side.options === "object" &&
    Object.values(side.options).every(isValue)
  );
}

/** Whether a job's audio can be heard. */
export function hasAudio(job: Job): boolean {
  return hasEnded(job.status) && job.result?.artifacts.some((artifact) => artifact.role === "audio") === true;
}
