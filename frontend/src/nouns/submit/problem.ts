import { ApiProblem, asProblem } from "@/api/problem";

/** What a refused request says of its fields: `input.text`, `options.voice`, `labels.project` … → the sentence. */
export type FieldProblems = Readonly<Record<string, string>>;

/** The sentences of a problem, by field; a sentence begins with a capital letter and ends with a full stop. */
export function fieldProblems(error: unknown): FieldProblems {
  if (!(error instanceof ApiProblem)) return {};
  const found: Record<string, string> = {};
  for (const { field, message } of error.fields) found[field] ??= sentence(message);
  return found;
}

/** Those of one part of the request, by the name behind it: `("options", …)` → `{speed: "Must be at most 2."}`. */
export function under(part: string, problems: FieldProblems): FieldProblems {
  const prefix = `${part}.`;
  return Object.fromEntries(
    Object.entries(problems)
      .filter(([field]) => field.startsWith(prefix))
      .map(([field, message]) => [field.slice(prefix.length), message]),
  );
}

/** The error, if it is about something that has no control of its own on the form. */
export function notAtAField(error: unknown, shown: (field: string) => boolean): unknown {
  if (error === null || error === undefined) return null;
  const fields = asProblem(error).fields;
  return fields.length > 0 && fields.every(({ field }) => shown(field)) ? null : error;
}

function sentence(message: string): string {
  const first = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
