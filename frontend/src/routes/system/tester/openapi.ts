/** The API's description (OpenAPI 3.1), as far as the tester needs it. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  example?: unknown;
  examples?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  minLength?: number;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Content {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { value?: unknown }>;
}

interface RawOperation {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Content> };
}

export interface Description {
  info: { title: string; version: string };
  paths: Record<string, Record<string, unknown>>;
  components?: { schemas?: Record<string, Schema> };
}

/** One thing that can be asked of the API. */
export interface Operation {
  /** “GET /v1/models”: also its name in the address. */
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  tag: string;
  parameters: Parameter[];
  /** Content types of the body, and whether it may be left out. */
  body: { required: boolean; content: Record<string, Content> } | undefined;
}

const METHODS = ["get", "post", "put", "patch", "delete", "head"];

/** Every operation, in the order of the description. */
export function operationsOf(description: Description): Operation[] {
  return Object.entries(description.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => {
      const raw = item[method] as RawOperation;
      const shared = (item.parameters ?? []) as Parameter[];
      return {
        id: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        summary: raw.summary ?? "",
        description: raw.description ?? "",
        tag: raw.tags?.[0] ?? "other",
        parameters: [...shared, ...(raw.parameters ?? [])],
        body:
          raw.requestBody === undefined
            ? undefined
            : { required: raw.requestBody.required ?? false, content: raw.requestBody.content },
      };
    }),
  );
}

/** Operations in whose method, path or words every word occurs. */
export function findOperations(operations: readonly Operation[], text: string): Operation[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return operations.filter((operation) => {
    const all = `${operation.id} ${operation.summary} ${operation.tag}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** What a name stands for. */
export function resolve(schema: Schema | undefined, description: Description): Schema {
  let found = schema ?? {};
  // A chain of names ends somewhere; one that does not is cut.
  for (let hops = 0; found.$ref !== undefined && hops < 16; hops += 1)
    found = description.components?.schemas?.[found.$ref.split("/").at(-1) ?? ""] ?? {};
  return found;
}

/** The part of a schema that says what a value looks like, without “or null”. */
export function plainSchema(schema: Schema | undefined, description: Description): Schema {
  const found = resolve(schema, description);
  const choices = found.anyOf ?? found.oneOf ?? found.allOf;
  if (choices === undefined) return found;
  const first = choices.map((each) => resolve(each, description)).find((each) => each.type !== "null");
  return { ...first, ...(found.description === undefined ? {} : { description: found.description }) };
}

/** The values that a field may have, where they are counted. */
export function choicesOf(schema: Schema | undefined, description: Description): string[] {
  const found = plainSchema(schema, description);
  const values = found.type === "array" ? plainSchema(found.items, description).enum : found.enum;
  if (found.type === "boolean") return ["true", "false"];
  return (values ?? []).filter((value) => value !== null).map(String);
}

/** Whether a field takes several values. */
export function isMany(schema: Schema | undefined, description: Description): boolean {
  return plainSchema(schema, description).type === "array";
}
