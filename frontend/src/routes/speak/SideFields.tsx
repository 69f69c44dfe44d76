import type { Model } from "@/api/types";
import { LanguageField, ModelField } from "@/nouns/model/fields";
import { OptionFields } from "@/nouns/options/OptionFields";
import { optionsOf } from "@/nouns/options/spec";
import { under, type FieldProblems } from "@/nouns/submit/problem";
import { speaking, voicesOf } from "@/nouns/voice/voices";
import { VoiceField } from "@/nouns/voice/VoiceField";
import { sideProblems, withLanguage, withModel, type Side } from "./draft";

interface Props {
  models: readonly Model[];
  side: Side;
  onChange: (side: Side) => void;
  /** What the server said, by field. */
  problems: FieldProblems;
  /** “first”, “second”, where there are two. */
  which?: string;
}

/** More options than this are folded away; two of them, pace and normalising, every model has. */
const FEW = 6;

/** Who speaks: model, language, voice and the model's own options. */
export function SideFields({ models, side, onChange, problems, which }: Props) {
  const model = models.find((each) => each.id === side.model);
  const wrong = { ...sideProblems(side, model), ...problems };
  const specs = model === undefined ? [] : optionsOf(model, "speech");
  const voices = speaking(voicesOf(model), side.language);
  const named = (name: string): string =>
    which === undefined ? name : `${which.charAt(0).toUpperCase()}${which.slice(1)} ${name.toLowerCase()}`;
  const options = (
    <OptionFields
      specs={specs}
      values={side.options}
      onChange={(values) => onChange({ ...side, options: values })}
      errors={under("options", problems)}
    />
  );
  return (
    <div className="@container flex min-w-0 flex-col gap-4">
      <div className="grid gap-x-6 gap-y-4 @md:grid-cols-2">
        <ModelField
          label={named("Model")}
          models={models}
          value={side.model}
          error={wrong.model}
          onChange={(id) => {
            const next = models.find((each) => each.id === id);
            if (next !== undefined) onChange(withModel(side, next));
          }}
        />
        {model !== undefined && model.languages.length > 0 && (
          <LanguageField
            languages={model.languages}
            value={side.language}
            otherwise="As the voice speaks"
            hint="Shows the voices of this language."
            error={wrong["options.language"]}
            onChange={(language) => onChange(withLanguage(side, model, language))}
          />
        )}
      </div>
      {model !== undefined && (
        <VoiceField
          label={named("Voice")}
          model={side.model}
          voices={voices}
          value={side.voice}
          error={wrong["options.voice"]}
          onChange={(voice) => onChange({ ...side, voice })}
        />
      )}
      {specs.length > FEW ? (
        <details className="group">
          <summary className="cursor-pointer text-sm font-medium">Options</summary>
          <div className="pt-3">{options}</div>
        </details>
      ) : (
        specs.length > 0 && options
      )}
    </div>
  );
}
