import { useId, useState } from "react";
import { cx } from "@/ui/cx";
import { Input } from "@/ui/Field";
import { languageName } from "@/nouns/model/language";
import { SampleButton } from "./Sample";
import type { Voice } from "./voices";

interface Props {
  model: string;
  voices: readonly Voice[];
  value: string;
  onChange: (id: string) => void;
  error?: string | undefined;
  /** Names the group, where a page has two. */
  label?: string;
}

/** So many can be looked over without a search. */
const FEW = 8;

/** The voices of a model to choose from and to hear: arrow keys choose, Tab goes to the sample of the chosen one. */
export function VoiceField({ model, voices, value, onChange, error, label = "Voice" }: Props) {
  const id = useId();
  const [wanted, setWanted] = useState("");
  const found = voices.filter((voice) => matches(voice, wanted));
  const chosen = voices.find((voice) => voice.id === value);
  return (
    <fieldset className="min-w-0" aria-describedby={`${id}-told`}>
      <div className="mb-1 flex items-baseline justify-between gap-3">
        <legend className="float-left text-sm font-medium whitespace-nowrap">{label}</legend>
        <span className="truncate text-xs text-muted">{chosen === undefined ? "" : about(chosen)}</span>
      </div>
      <div className={cx("overflow-hidden rounded-md border", error !== undefined && "border-bad")}>
        {voices.length > FEW && (
          <Input
            type="search"
            aria-label={`Find a ${label.toLowerCase()}`}
            placeholder={`Find among ${voices.length}: name, language, female, male…`}
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            className="rounded-none border-0 border-b"
          />
        )}
        <div className="grid max-h-52 grid-cols-[repeat(auto-fill,minmax(9.5rem,1fr))] gap-0.5 overflow-y-auto bg-surface p-1">
          {found.map((voice) => (
            <Choice
              key={voice.id}
              group={id}
              model={model}
              voice={voice}
              chosen={voice.id === value}
              onChoose={() => onChange(voice.id)}
            />
          ))}
          {found.length === 0 && (
            <p className="col-span-full px-2 py-3 text-sm text-muted">
              {wanted === "" ? "This model has no voices to choose from." : "No voice of that name."}
            </p>
          )}
        </div>
      </div>
      <p id={`${id}-told`} className={cx("mt-1 text-xs", error === undefined ? "text-muted" : "text-bad")}>
        {error ?? "The play button speaks a short sentence in that voice."}
      </p>
    </fieldset>
  );
}

function Choice({
  group,
  model,
  voice,
  chosen,
  onChoose,
}: {
  group: string;
  model: string;
  voice: Voice;
  chosen: boolean;
  onChoose: () => void;
}) {
  return (
    <div
      className={cx(
        "flex h-11 items-center gap-1 rounded-md pr-1 has-focus-visible:outline-2 has-focus-visible:outline-accent",
        chosen ? "bg-accent-soft" : "hover:bg-sunken",
      )}
    >
      <label className="flex h-full min-w-0 flex-1 cursor-pointer items-center gap-2 pl-2">
        <input
          type="radio"
          name={group}
          value={voice.id}
          checked={chosen}
          onChange={onChoose}
          className="size-3.5 shrink-0 accent-(--accent) outline-none"
        />
        <span className="min-w-0">
          <span className="block truncate text-sm leading-4">{voice.name}</span>
          <span className="block truncate text-xs text-muted">{short(voice)}</span>
        </span>
      </label>
      <SampleButton model={model} voice={voice} tabIndex={chosen ? undefined : -1} />
    </div>
  );
}

/** “US, female”: the region says enough where the list is long. */
function short(voice: Voice): string {
  const tag = voice.language === "und" ? "any" : voice.language;
  return voice.gender === "neutral" ? tag : `${tag} · ${voice.gender}`;
}

function about(voice: Voice): string {
  return `${voice.name} · ${languageName(voice.language)} · ${voice.id}`;
}

function matches(voice: Voice, wanted: string): boolean {
  const words = wanted.toLowerCase().split(/\s+/);
  const text = `${voice.name} ${voice.id} ${voice.language} ${languageName(voice.language)}`.toLowerCase();
  return words.every((word) =>
    word === "male" || word === "female" ? voice.gender === word : text.includes(word),
  );
}
