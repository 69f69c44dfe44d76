import type { Model } from "@/api/types";
import { Field, Select } from "@/ui/Field";
import { namedLanguages } from "./language";

/** Which model does it; a model that is gone is still named, with what to do. */
export function ModelField({
  models,
  value,
  onChange,
  error,
  label = "Model",
}: {
  models: readonly Model[];
  value: string;
  onChange: (id: string) => void;
  error?: string | undefined;
  label?: string;
}) {
  const chosen = models.find((model) => model.id === value);
  const gone = chosen === undefined ? `There is no model ${value} here any more. Choose another.` : undefined;
  return (
    <Field label={label} hint={chosen?.description} error={error ?? gone}>
      {(wiring) => (
        <Select {...wiring} value={value} onChange={({ target }) => onChange(target.value)}>
          {chosen === undefined && <option value={value}>{value} (gone)</option>}
          {models.map((model) => (
            <option key={model.id} value={model.id}>
              {model.title} · {model.id}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

/** A language out of those that a model has; "" leaves it to the model. */
export function LanguageField({
  languages,
  value,
  onChange,
  otherwise,
  hint,
  error,
}: {
  languages: readonly string[];
  value: string;
  onChange: (tag: string) => void;
  /** What it means to choose none. */
  otherwise: string;
  hint?: string | undefined;
  error?: string | undefined;
}) {
  const gone = value !== "" && !languages.includes(value);
  return (
    <Field label="Language" hint={hint} error={error}>
      {(wiring) => (
        <Select {...wiring} value={value} onChange={({ target }) => onChange(target.value)}>
          <option value="">{otherwise}</option>
          {gone && <option value={value}>{value}</option>}
          {namedLanguages(languages).map(({ tag, name }) => (
            <option key={tag} value={tag}>
              {name} ({tag})
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
