import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { Checkbox, Field, Input, Select, Textarea } from "@/ui/Field";
import { IconButton } from "@/ui/IconButton";
import {
  optionLabel,
  stepOf,
  valueProblem,
  type OptionSpec,
  type OptionValue,
  type OptionValues,
} from "./spec";

interface Props {
  specs: readonly OptionSpec[];
  /** What was set by hand; the rest stands at its default. */
  values: OptionValues;
  onChange: (values: OptionValues) => void;
  /** What the server said of them, by name. */
  errors?: Readonly<Record<string, string>>;
}

/** A control for each option that a model has, made of what the catalog says: no model has a form of its own. */
export function OptionFields({ specs, values, onChange, errors = {} }: Props) {
  const set = (name: string, value: OptionValue | undefined): void => {
    const rest = Object.fromEntries(Object.entries(values).filter(([each]) => each !== name));
    onChange(value === undefined ? rest : { ...rest, [name]: value });
  };
  return (
    <div className="grid gap-x-6 gap-y-4 @md:grid-cols-2">
      {specs.map((spec) => (
        <Option
          key={spec.name}
          spec={spec}
          value={values[spec.name]}
          error={errors[spec.name]}
          onChange={(value) => set(spec.name, value)}
        />
      ))}
    </div>
  );
}

interface OptionProps {
  spec: OptionSpec;
  value: OptionValue | undefined;
  error: string | undefined;
  onChange: (value: OptionValue | undefined) => void;
}

function Option({ spec, value, error, onChange }: OptionProps) {
  const shown = value ?? spec.default;
  const wrong = error ?? (value === undefined ? undefined : valueProblem(spec, value));
  const label = optionLabel(spec.name);
  const changed = value !== undefined && value !== spec.default;
  if (spec.type === "boolean")
    return (
      <div className="flex flex-col gap-1">
        <Checkbox
          label={<span className="font-medium">{label}</span>}
          checked={shown === true}
          onChange={(event) => onChange(event.target.checked)}
        />
        <p className={wrong === undefined ? "pl-6 text-xs text-muted" : "pl-6 text-xs text-bad"}>
          {wrong ?? spec.description}
        </p>
      </div>
    );
  return (
    <Field label={label} hint={spec.description} error={wrong}>
      {(wiring) => (
        <div className="flex items-center gap-2">
          <Control spec={spec} shown={shown} onChange={onChange} wiring={wiring} />
          {changed && (
            <IconButton small label={`${label}: back to the default`} onClick={() => onChange(undefined)}>
              <RotateCcw aria-hidden />
            </IconButton>
          )}
        </div>
      )}
    </Field>
  );
}

interface ControlProps {
  spec: OptionSpec;
  shown: OptionValue | undefined;
  onChange: (value: OptionValue | undefined) => void;
  wiring: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean | undefined };
}

/** Longer texts than this get more than a line. */
const LINE = 120;

function Control({ spec, shown, onChange, wiring }: ControlProps) {
  if (spec.type === "number" || spec.type === "integer")
    return <NumberControl spec={spec} shown={shown} onChange={onChange} wiring={wiring} />;
  const text = typeof shown === "string" ? shown : "";
  if (spec.choices.length > 0)
    return (
      <Select {...wiring} value={text} onChange={(event) => onChange(event.target.value)}>
        {!spec.choices.includes(text) && <option value={text}>{text === "" ? "Default" : text}</option>}
        {spec.choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice === "" ? "None" : choice}
          </option>
        ))}
      </Select>
    );
  const change = (written: string): void => onChange(written === "" ? undefined : written);
  return (spec.maxLength ?? 0) > LINE ? (
    <Textarea
      {...wiring}
      rows={2}
      className="min-h-9"
      value={text}
      onChange={(e) => change(e.target.value)}
    />
  ) : (
    <Input {...wiring} value={text} onChange={(event) => change(event.target.value)} />
  );
}

/** Ranges wider than this are no use as a slider. */
const SLIDABLE = 2_000;

function NumberControl({ spec, shown, onChange, wiring }: ControlProps) {
  // While somebody types, the field holds what was typed: emptied, it must not fill itself with the default.
  const [typed, setTyped] = useState<string | null>(null);
  const { minimum, maximum } = spec;
  const range = minimum !== undefined && maximum !== undefined;
  const number = typeof shown === "number" && !Number.isNaN(shown) ? shown : undefined;
  const change = (text: string): void => onChange(text === "" ? undefined : Number(text));
  const limits = {
    ...(minimum === undefined ? {} : { min: minimum }),
    ...(maximum === undefined ? {} : { max: maximum }),
  };
  return (
    <>
      {range && maximum - minimum <= SLIDABLE && (
        <input
          type="range"
          aria-label={optionLabel(spec.name)}
          {...limits}
          step={stepOf(spec)}
          value={number ?? minimum}
          onChange={(event) => change(event.target.value)}
          className="h-9 min-w-0 flex-1 accent-(--accent)"
        />
      )}
      <Input
        {...wiring}
        type="number"
        inputMode={spec.type === "integer" ? "numeric" : "decimal"}
        {...limits}
        step={spec.type === "integer" ? 1 : "any"}
        value={typed ?? number ?? ""}
        onChange={(event) => {
          setTyped(event.target.value);
          change(event.target.value);
        }}
        onBlur={() => setTyped(null)}
        className="w-24! shrink-0 num"
      />
    </>
  );
}
