import type { Kind, Model } from "@/api/types";

export type OptionValue = string | number | boolean;
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** One option of a model, as the catalog says it. */
export interface OptionSpec {
  name: string;
  type: "number" | "integer" | "boolean" | "string";
  description: string;
  default: OptionValue | undefined;
  minimum: number | undefined;
  maximum: number | undefined;
  maxLength: number | undefined;
  choices: readonly string[];
}

const TYPES = ["number", "integer", "boolean", "string"] as const;

/** The options that a model takes for a kind of job; what a newer server says of one and we do not know is left out. */
export function optionsOf(model: Model, kind: Kind): OptionSpec[] {
  return Object.entries(model.options[kind] ?? {}).flatMap(([name, value]) => {
    if (typeof value !== "object" || value === null) return [];
    const raw = value as Record<string, unknown>;
    const type = TYPES.find((each) => each === raw.type);
    if (type === undefined) return [];
    return [
      {
        name,
        type,
        description: typeof raw.description === "string" ? raw.description : "",
        default: isValue(raw.default) ? raw.default : undefined,
        minimum: typeof raw.minimum === "number" ? raw.minimum : undefined,
        maximum: typeof raw.maximum === "number" ? raw.maximum : undefined,
        maxLength: typeof raw.max_length === "number" ? raw.max_length : undefined,
        choices: Array.isArray(raw.choices)
          ? raw.choices.filter((choice): choice is string => typeof choice === "string")
          : [],
      },
    ];
  });
}

export function isValue(value: unknown): value is OptionValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** “beam_size” → “Beam size”, “min_speech_duration_ms” → “Min speech duration (ms)”. */
export function optionLabel(name: string): string {
  const words = name.replace(/_ms$/, " (ms)").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What is wrong with a value, before the server has to say it; undefined if nothing is. */
export function valueProblem(spec: OptionSpec, value: OptionValue): string | undefined {
  if (typeof value === "number") {
    if (Number.isNaN(value)) return "Enter a number.";
    if (spec.type === "integer" && !Number.isInteger(value)) return "Enter a whole number.";
    if (spec.minimum !== undefined && value < spec.minimum) return `At least ${spec.minimum}.`;
    if (spec.maximum !== undefined && value > spec.maximum) return `At most ${spec.maximum}.`;
  }
  if (typeof value === "string" && spec.maxLength !== undefined && value.length > spec.maxLength)
    return `At most ${spec.maxLength} characters; these are ${value.length}.`;
  return undefined;
}

/** The first problem among the values, by the option's name. */
export function optionProblems(specs: readonly OptionSpec[], values: OptionValues): Record<string, string> {
  const found: Record<string, string> = {};
  for (const spec of specs) {
    const value = values[spec.name];
    const problem = value === undefined ? undefined : valueProblem(spec, value);
    if (problem !== undefined) found[spec.name] = problem;
  }
  return found;
}

/** What is worth sending: values of options that the model has and that are not its defaults. */
export function toSend(specs: readonly OptionSpec[], values: OptionValues): Record<string, OptionValue> {
  const sent: Record<string, OptionValue> = {};
  for (const spec of specs) {
    const value = values[spec.name];
    if (value !== undefined && value !== spec.default && !(value === "" && spec.default === undefined))
      sent[spec.name] = value;
  }
  return sent;
}

/** The step of a slider: whole numbers for integers, else a hundredth of the range rounded to 1, 2 or 5. */
export function stepOf(spec: OptionSpec): number {
  if (spec.type === "integer" || spec.minimum === undefined || spec.maximum === undefined) return 1;
  const raw = (spec.maximum - spec.minimum) / 100;
  const size = 10 ** Math.floor(Math.log10(raw));
  const nice = [1, 2, 5, 10].find((each) => each * size >= raw * 0.999) ?? 10;
  return Number((nice * size).toPrecision(1));
}
