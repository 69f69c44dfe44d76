import { useQuery } from "@tanstack/react-query";
import { AudioLines } from "lucide-react";
import { useRef, useState } from "react";
import type { Model } from "@/api/types";
import { versionQuery } from "@/nouns/health/queries";
import { MoreFields } from "@/nouns/submit/MoreFields";
import { SubmitFailure } from "@/nouns/submit/SubmitFailure";
import { useKeys } from "@/shell/keys";
import { Button } from "@/ui/Button";
import { Field, Select } from "@/ui/Field";
import { Empty } from "@/ui/States";
import { useComparison } from "./compare";
import { ComparePanel } from "./ComparePanel";
import { FORMATS, type Draft, type Side } from "./draft";
import { useDraft } from "./form";
import { FromNotice } from "./FromNotice";
import { useHistory, type Take } from "./history";
import { HistoryList } from "./HistoryList";
import { ModeSwitch } from "./ModeSwitch";
import { SideFields } from "./SideFields";
import { TakeCard } from "./TakeCard";
import { TextField } from "./TextField";
import { useSpeak } from "./useSpeak";

interface Props {
  models: readonly Model[];
  search: { from?: string | undefined; model?: string | undefined; voice?: string | undefined };
}

/** The form beside what came of it. */
export function SpeakForm({ models, search }: Props) {
  const { draft, setDraft, from } = useDraft(models, search);
  const limit = useQuery(versionQuery).data?.limits.text_characters;
  const { speak, busy, problems, at, error, forget } = useSpeak(draft, models, limit);
  const takes = useHistory();
  const comparison = useComparison();
  const [chosen, setChosen] = useState<string | undefined>();
  const text = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const results = useRef<HTMLDivElement>(null);
  const take = takes.find((each) => each.job === chosen) ?? takes[0];
  const change = (part: Partial<Draft>): void => {
    setDraft({ ...draft, ...part });
    forget();
  };
  const submit = async (): Promise<void> => {
    if (busy) return;
    const made = await speak();
    if (made[0] !== undefined) setChosen(made[0]);
    // When it is drawn: go to what came of it where that is below, else to what must be mended.
    window.requestAnimationFrame(() => {
      if (made[0] === undefined) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
      else if (!window.matchMedia("(width >= 64rem)").matches) results.current?.scrollIntoView();
    });
  };
  useKeys({ "mod+enter": () => void submit() });
  const reuse = (old: Take): void => {
    change({ text: old.text, compare: false, sides: [old.side, draft.sides[1]] });
    text.current?.focus();
  };
  const setSide = (number: 0 | 1) => (side: Side) =>
    change({ sides: number === 0 ? [side, draft.sides[1]] : [draft.sides[0], side] });
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_26rem]">
      <form
        ref={form}
        noValidate
        className="flex min-w-0 flex-col gap-5 rounded-lg border bg-surface p-4 md:p-5"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <FromNotice from={from} />
        <TextField
          ref={text}
          value={draft.text}
          limit={limit}
          error={problems["input.text"]}
          onChange={(value) => change({ text: value })}
        />
        <div className="flex flex-wrap items-center justify-between gap-3">
          <ModeSwitch compare={draft.compare} onChange={(compare) => change({ compare })} />
          <Button type="submit" look="primary" busy={busy} icon={<AudioLines aria-hidden />}>
            {draft.compare ? "Speak both" : "Speak"}
          </Button>
        </div>
        {error !== null && <SubmitFailure error={error} onRetry={() => void submit()} />}
        {draft.compare ? (
          <div className="grid gap-5 xl:grid-cols-2">
            {([0, 1] as const).map((number) => (
              <section
                key={number}
                aria-label={number === 0 ? "First side" : "Second side"}
                className="rounded-lg border p-3"
              >
                <SideFields
                  which={number === 0 ? "first" : "second"}
                  models={models}
                  side={draft.sides[number]}
                  onChange={setSide(number)}
                  problems={at === number ? problems : {}}
                />
              </section>
            ))}
          </div>
        ) : (
          <SideFields models={models} side={draft.sides[0]} onChange={setSide(0)} problems={problems} />
        )}
        <details>
          <summary className="cursor-pointer text-sm font-medium">More</summary>
          <div className="flex flex-col gap-4 pt-3">
            <MoreFields
              value={draft.more}
              onChange={(more) => change({ more })}
              errors={{ priority: problems.priority, labels: problems.labels }}
            />
            <Field
              label="Kept as"
              hint="The format in which the result is stored; it can be downloaded in every other one."
              error={problems["options.format"]}
              className="sm:w-1/2 sm:pr-3"
            >
              {(wiring) => (
                <Select
                  {...wiring}
                  value={draft.format}
                  onChange={({ target }) => change({ format: target.value })}
                >
                  {FORMATS.map((format) => (
                    <option key={format}>{format}</option>
                  ))}
                </Select>
              )}
            </Field>
          </div>
        </details>
      </form>
      <div
        ref={results}
        className="flex min-w-0 scroll-mt-16 flex-col gap-5 lg:sticky lg:top-18 lg:max-h-[calc(100dvh-5.5rem)] lg:overflow-y-auto"
      >
        {comparison !== null && <ComparePanel comparison={comparison} models={models} />}
        {take !== undefined && (comparison === null || chosen === take.job) && (
          <TakeCard
            key={take.job}
            take={take}
            models={models}
            onReuse={() => reuse(take)}
            onShow={setChosen}
          />
        )}
        {takes.length > 0 && (
          <HistoryList takes={takes} models={models} shown={take?.job} onShow={setChosen} onReuse={reuse} />
        )}
        {takes.length === 0 && comparison === null && (
          <div className="rounded-lg border border-dashed">
            <Empty title="Nothing spoken yet" icon={<AudioLines aria-hidden />}>
              Write a text, choose a voice and press Speak. The audio appears here, to hear and to download.
            </Empty>
          </div>
        )}
      </div>
    </div>
  );
}
