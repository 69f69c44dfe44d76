import type { Model } from "@/api/types";
import { LanguageField, ModelField } from "@/nouns/model/fields";
import { modelsFor } from "@/nouns/model/queries";
import { OptionFields } from "@/nouns/options/OptionFields";
import { optionsOf } from "@/nouns/options/spec";
import { MoreFields } from "@/nouns/submit/MoreFields";
import { under, type FieldProblems } from "@/nouns/submit/problem";
import { Checkbox, Field, Select } from "@/ui/Field";
import {
  isListening,
  LISTENING,
  modelOf,
  takesLanguage,
  withKind,
  type Listening,
  type Settings,
} from "./settings";

const WORDS: Record<Listening, string> = {
  transcription: "Write down what is said",
  translation: "Translate it to English",
  vad: "Find where somebody speaks",
  embedding: "Describe the voice (speaker embedding)",
};

const ALSO: Record<Listening, string> = {
  transcription: "Also write down what is said",
  translation: "Also translate it to English",
  vad: "Also mark where somebody speaks",
  embedding: "Also describe the voice (speaker embedding)",
};

/** What is done with the recordings, out of what the models here can do. */
export function SettingsFields({
  models,
  value,
  onChange,
  problems,
}: {
  models: readonly Model[];
  value: Settings;
  onChange: (settings: Settings) => void;
  problems: FieldProblems;
}) {
  const able = modelsFor(models, value.kind);
  const model = modelOf(value, models);
  const specs = model === undefined ? [] : optionsOf(model, value.kind);
  const possible = LISTENING.filter((kind) => modelsFor(models, kind).length > 0);
  return (
    <div className="@container flex flex-col gap-4">
      <Field label="What to do">
        {(wiring) => (
          <Select
            {...wiring}
            value={value.kind}
            onChange={({ target }) => {
              if (isListening(target.value)) onChange(withKind(value, target.value));
            }}
          >
            {possible.map((kind) => (
              <option key={kind} value={kind}>
                {WORDS[kind]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <div className="flex flex-col gap-2">
        {possible
          .filter((kind) => kind !== value.kind)
          .map((kind) => (
            <Checkbox
              key={kind}
              label={ALSO[kind]}
              checked={value.also.includes(kind)}
              onChange={({ target }) =>
                onChange({
                  ...value,
                  also: target.checked ? [...value.also, kind] : value.also.filter((each) => each !== kind),
                })
              }
            />
          ))}
      </div>
      <ModelField
        models={able}
        value={model?.id ?? value.model}
        error={problems.model}
        onChange={(id) => onChange({ ...value, model: id, options: {} })}
      />
      {takesLanguage(value.kind) && model !== undefined && model.languages.length > 0 && (
        <LanguageField
          languages={model.languages}
          value={value.language}
          otherwise="Find out from the recording"
          hint="Naming it is faster, and surer for short recordings."
          error={problems["options.language"]}
          onChange={(language) => onChange({ ...value, language })}
        />
      )}
      {specs.length > 0 && (
        <details>
          <summary className="cursor-pointer text-sm font-medium">Options</summary>
          <div className="pt-3">
            <OptionFields
              specs={specs}
              values={value.options}
              onChange={(options) => onChange({ ...value, options })}
              errors={under("options", problems)}
            />
          </div>
        </details>
      )}
      <details>
        <summary className="cursor-pointer text-sm font-medium">More</summary>
        <div className="pt-3">
          <MoreFields
            value={value.more}
            onChange={(more) => onChange({ ...value, more })}
            errors={{ priority: problems.priority, labels: problems.labels }}
          />
        </div>
      </details>
    </div>
  );
}
