import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { modelsQuery } from "@/nouns/model/queries";
import { queuesQuery } from "@/nouns/queue/queries";
import { Field, Input, Textarea } from "@/ui/Field";
import { choicesOf, isMany, type Description, type Parameter } from "./openapi";
import { fieldName } from "./request";

const TITLES = { path: "Path", query: "Query", header: "Headers" } as const;

/** A field for each parameter, grouped by where it goes. Any text may be sent; known values are offered. */
export function ParameterFields({
  parameters,
  description,
  fields,
  onChange,
}: {
  parameters: readonly Parameter[];
  description: Description;
  fields: Readonly<Record<string, string>>;
  onChange: (name: string, text: string) => void;
}) {
  return (["path", "query", "header"] as const).map((place) => {
    const group = parameters.filter((parameter) => parameter.in === place);
    if (group.length === 0) return null;
    return (
      <fieldset key={place}>
        <legend className="mb-2 text-sm font-semibold">{TITLES[place]}</legend>
        <div className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
          {group.map((parameter) => {
            const name = fieldName(place, parameter.name);
            return (
              <ParameterField
                key={name}
                parameter={parameter}
                description={description}
                value={fields[name] ?? ""}
                onChange={(text) => onChange(name, text)}
              />
            );
          })}
        </div>
      </fieldset>
    );
  });
}

function ParameterField({
  parameter,
  description,
  value,
  onChange,
}: {
  parameter: Parameter;
  description: Description;
  value: string;
  onChange: (text: string) => void;
}) {
  const list = useId();
  const many = isMany(parameter.schema, description);
  const offered = useOffered(parameter.name, choicesOf(parameter.schema, description));
  const told = parameter.description ?? parameter.schema?.description ?? "";
  const hints = [
    told.replaceAll("`", ""),
    many ? "One value on each line." : "",
    many ? offered.join(", ") : "",
  ];
  const hint = hints.filter(Boolean).join(" ");
  const label = (
    <>
      <code className="font-mono text-xs">{parameter.name}</code>
      {parameter.required === true && <span className="font-normal text-muted"> required</span>}
    </>
  );
  return (
    <Field label={label} hint={hint === "" ? undefined : hint}>
      {(wiring) =>
        many ? (
          <Textarea
            {...wiring}
            rows={1}
            className="field-sizing-content min-h-9! py-1.5! font-mono text-xs"
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <>
            <Input
              {...wiring}
              className="font-mono text-xs"
              autoComplete="off"
              spellCheck={false}
              value={value}
              list={offered.length > 0 ? list : undefined}
              onChange={(event) => onChange(event.target.value)}
            />
            {offered.length > 0 && (
              <datalist id={list}>
                {offered.map((each) => (
                  <option key={each} value={each} />
                ))}
              </datalist>
            )}
          </>
        )
      }
    </Field>
  );
}

/** Values to choose from: what the description lists, else the models and queues that there are. */
function useOffered(name: string, choices: string[]): string[] {
  const models = useQuery({ ...modelsQuery, enabled: name === "model_id" || name === "model" });
  const queues = useQuery({
    ...queuesQuery,
    enabled: name === "name" || name === "queue",
    refetchInterval: false,
  });
  if (choices.length > 0) return choices;
  if (name === "model_id" || name === "model") return models.data?.data.map((model) => model.id) ?? [];
  if (name === "name" || name === "queue") return queues.data?.map((queue) => queue.name) ?? [];
  return [];
}

/** Any other header. */
export function HeaderLines({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  return (
    <details>
      <summary className="w-fit cursor-pointer text-sm font-medium text-muted hover:text-ink">
        More headers
      </summary>
      <Field
        className="mt-2"
        label="Headers of your own"
        hint="One on each line, such as Accept: text/event-stream. Stop ends an answer that goes on."
      >
        {(wiring) => (
          <Textarea
            {...wiring}
            className="min-h-16! font-mono text-xs"
            placeholder="Name: value"
            value={text}
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Field>
    </details>
  );
}
