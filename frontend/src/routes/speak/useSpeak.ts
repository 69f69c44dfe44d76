import { useState } from "react";
import type { Job, Model } from "@/api/types";
import { optionProblems, optionsOf } from "@/nouns/options/spec";
import { parseLabels } from "@/nouns/submit/labels";
import { fieldProblems, notAtAField, type FieldProblems } from "@/nouns/submit/problem";
import { useSubmitJob } from "@/nouns/submit/submit";
import { begin, sideKey } from "./compare";
import { orderOf, sideProblems, textProblem, type Draft, type Side } from "./draft";
import { addTakes, type Take } from "./history";

/** The fields that have a control on the form, as the API names them. */
function isShown(field: string): boolean {
  return (
    field === "input.text" ||
    field === "model" ||
    field === "priority" ||
    /^(options|labels)(\.|$)/.test(field)
  );
}

/** Speaks what stands on the form: says what is wrong with it, or submits one job, or two to compare. */
export function useSpeak(draft: Draft, models: readonly Model[], limit: number | undefined) {
  const submit = useSubmitJob();
  const [local, setLocal] = useState<FieldProblems>({});
  const [error, setError] = useState<unknown>(null);
  const [at, setAt] = useState<0 | 1>(0);
  const [busy, setBusy] = useState(false);

  /** The ids of the jobs that were made; none if there is something to mend first. */
  const speak = async (): Promise<readonly string[]> => {
    const sides: readonly Side[] = draft.compare ? draft.sides : [draft.sides[0]];
    const wrong = problemsOf(draft, sides, models, limit);
    setLocal(wrong.problems);
    setAt(wrong.at);
    setError(null);
    if (Object.keys(wrong.problems).length > 0) return [];
    setBusy(true);
    const jobs: Job[] = [];
    try {
      for (const [number, side] of sides.entries()) {
        setAt(number === 0 ? 0 : 1);
        const model = models.find((each) => each.id === side.model);
        if (model !== undefined) jobs.push(await submit.mutateAsync(orderOf(draft, side, model)));
      }
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
    return kept(draft, sides, jobs);
  };
  return {
    speak,
    busy,
    /** The fields that are wrong, and on which side. */
    problems: { ...local, ...fieldProblems(error) },
    at,
    /** What went wrong beside the fields. */
    error: notAtAField(error, isShown),
    forget: () => {
      setLocal({});
      setError(null);
    },
  };
}

/** Remembers the takes; those of a comparison only once it was voted on, or the history would tell which is which. */
function kept(draft: Draft, sides: readonly Side[], jobs: readonly Job[]): readonly string[] {
  const [one, other] = jobs;
  if (draft.compare && one !== undefined && other !== undefined)
    begin(draft.text, draft.sides, [one.id, other.id]);
  else addTakes(jobs.flatMap((job, at) => takeOf(draft.text, sides[at], job.id)));
  return jobs.map((job) => job.id);
}

export function takeOf(text: string, side: Side | undefined, job: string): Take[] {
  return side === undefined ? [] : [{ job, text, side, at: Date.now() }];
}

function problemsOf(
  draft: Draft,
  sides: readonly Side[],
  models: readonly Model[],
  limit: number | undefined,
): { problems: FieldProblems; at: 0 | 1 } {
  const problems: Record<string, string> = {};
  const text = textProblem(draft.text, limit);
  if (text !== undefined) problems["input.text"] = text;
  const labels = parseLabels(draft.more.labels);
  if (typeof labels === "string") problems.labels = labels;
  for (const [number, side] of sides.entries()) {
    const model = models.find((each) => each.id === side.model);
    const options = model === undefined ? {} : optionProblems(optionsOf(model, "speech"), side.options);
    const own = { ...sideProblems(side, model), ...options };
    if (Object.keys(own).length > 0)
      return {
        problems: { ...problems, ...sideProblems(side, model), ...prefixed(options) },
        at: number === 0 ? 0 : 1,
      };
  }
  if (draft.compare && sideKey(draft.sides[0]) === sideKey(draft.sides[1]))
    return {
      problems: {
        ...problems,
        "options.voice": "Both sides are the same. Choose another voice, model or option.",
      },
      at: 1,
    };
  return { problems, at: 0 };
}

function prefixed(problems: FieldProblems): FieldProblems {
  return Object.fromEntries(Object.entries(problems).map(([name, message]) => [`options.${name}`, message]));
}
