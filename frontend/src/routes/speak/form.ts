import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Model } from "@/api/types";
import { remember, remembered } from "@/lib/storage";
import { jobQuery } from "@/nouns/job/queries";
import { draftOf, emptyDraft, isDraft, withModel, type Draft } from "./draft";

interface Wanted {
  from?: string | undefined;
  model?: string | undefined;
  voice?: string | undefined;
}

/**
 * What stands on the form: what this browser last had there, or what the address asks for (a job to begin with, a
 * model, a voice). It is remembered while it is written.
 */
export function useDraft(models: readonly Model[], wanted: Wanted) {
  const [draft, setDraft] = useState<Draft>(() => begun(models, wanted));
  const from = useQuery({ ...jobQuery(wanted.from ?? ""), enabled: wanted.from !== undefined });
  const [filled, setFilled] = useState<string | undefined>();
  if (from.data !== undefined && from.data.id !== filled) {
    setFilled(from.data.id);
    setDraft(draftOf(from.data, draft) ?? draft);
  }
  useEffect(() => {
    remember("speak.draft", draft);
  }, [draft]);
  return { draft, setDraft, from };
}

function begun(models: readonly Model[], wanted: Wanted): Draft {
  const draft = remembered("speak.draft", isDraft, emptyDraft(models));
  const model = models.find((each) => each.id === (wanted.model ?? draft.sides[0].model));
  let first = draft.sides[0];
  if (model !== undefined && wanted.model !== undefined) first = withModel(first, model);
  if (wanted.voice !== undefined) first = { ...first, voice: wanted.voice };
  return { ...draft, sides: [first, draft.sides[1]] };
}
