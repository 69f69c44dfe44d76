import { plainSchema, resolve, type Content, type Description, type Schema } from "./openapi";

/** How deep an example goes: schemas may hold themselves. */
const DEEPEST = 6;

/** A body to begin with: the example that the description gives, else one made from the schema. */
export function exampleOf(content: Content, description: Description): unknown {
  if (content.example !== undefined) return content.example;
  const named = Object.values(content.examples ?? {})[0]?.value;
  return named ?? sampleOf(content.schema, description, 0);
}

/** A value that fits: examples and defaults first, then what is required, then the least that the type allows. */
export function sampleOf(schema: Schema | undefined, description: Description, depth: number): unknown {
  const outer = resolve(schema, description);
  const given = givenBy(outer);
  if (given !== undefined && given !== null) return given;
  const found = plainSchema(outer, description);
  const inner = givenBy(found);
  if (inner !== undefined && inner !== null) return inner;
  const type = Array.isArray(found.type) ? found.type.find((each) => each !== "null") : found.type;
  if (type === "object" || found.properties !== undefined)
    return depth >= DEEPEST ? {} : sampleObject(found, description, depth);
  if (type === "array") return [];
  if (type === "integer" || type === "number") return found.minimum ?? 0;
  if (type === "boolean") return false;
  if (type === "string") return sampleString(found);
  return null;
}

function givenBy(schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  return schema.const ?? schema.default ?? schema.enum?.[0];
}

/** What is required and what has a default that says something; all of it where nothing is required. */
function sampleObject(schema: Schema, description: Description, depth: number): Record<string, unknown> {
  const entries = Object.entries(schema.properties ?? {});
  const required = schema.required ?? [];
  const wanted = entries.filter(
    ([name, property]) =>
      required.includes(name) || (required.length === 0 && depth === 0) || property.default === false,
  );
  return Object.fromEntries(
    wanted.map(([name, property]) => [name, sampleOf(property, description, depth + 1)]),
  );
}

function sampleString(schema: Schema): string {
  if (schema.format === "date-time") return new Date().toISOString();
  if (schema.format === "uri") return "https://example.org/";
  return (schema.minLength ?? 0) > 0 ? "text" : "";
}
