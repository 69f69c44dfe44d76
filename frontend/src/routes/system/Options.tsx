import type { Kind } from "@/api/types";
import { kindLabel } from "@/nouns/job/status";

type Schema = Record<string, unknown>;

/** The options that jobs of a kind may set, as the catalog describes them. */
export function Options({ kind, options }: { kind: Kind; options: Record<string, unknown> }) {
  const names = Object.keys(options);
  return (
    <section>
      <h3 className="mb-1 text-sm font-semibold">Options of {kindLabel(kind).toLowerCase()}</h3>
      {names.length === 0 ? (
        <p className="text-sm text-muted">None of its own.</p>
      ) : (
        <dl className="divide-y rounded-lg border">
          {names.map((name) => (
            <Option key={name} name={name} schema={asSchema(options[name])} />
          ))}
        </dl>
      )}
    </section>
  );
}

function Option({ name, schema }: { name: string; schema: Schema }) {
  return (
    <div className="flex flex-col gap-0.5 px-3 py-2 text-sm">
      <dt className="flex flex-wrap items-baseline justify-between gap-x-3">
        <code className="font-mono text-xs font-medium text-ink">{name}</code>
        <span className="text-xs text-muted">{boundsOf(schema)}</span>
      </dt>
      <dd className="text-muted">{textOf(schema.description)}</dd>
    </div>
  );
}

/** “integer, 1 to 10, else 5”: the type, what is allowed, and what holds when it is left out. */
export function boundsOf(schema: Schema): string {
  const parts = [textOf(schema.type)];
  const choices = Array.isArray(schema.choices) ? schema.choices.map(textOf).filter(Boolean) : [];
  if (choices.length > 0) parts.push(`one of ${choices.join(", ")}`);
  const low = textOf(schema.minimum);
  const high = textOf(schema.maximum);
  if (low !== "" && high !== "") parts.push(`${low} to ${high}`);
  else if (low !== "") parts.push(`at least ${low}`);
  else if (high !== "") parts.push(`at most ${high}`);
  if (schema.max_length !== undefined) parts.push(`at most ${textOf(schema.max_length)} characters`);
  const otherwise = textOf(schema.default);
  if (otherwise !== "") parts.push(`else ${otherwise}`);
  return parts.filter(Boolean).join(", ");
}

function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null ? (value as Schema) : {};
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
