import { exampleOf, sampleOf } from "./example";
import { plainSchema, type Content, type Description, type Operation } from "./openapi";
import { FORM, type Filled } from "./request";

/** What a route's form begins with. */
export function emptyFilled(operation: Operation, description: Description): Filled {
  const contentType = Object.keys(operation.body?.content ?? {})[0];
  return { fields: {}, headers: "", ...filledBody(operation, description, contentType) };
}

/** The body that a content type begins with: an optional one is left out. */
export function filledBody(
  operation: Pick<Operation, "body">,
  description: Description,
  contentType: string | undefined,
): Pick<Filled, "contentType" | "body" | "parts"> {
  const content = operation.body?.content[contentType ?? ""];
  if (contentType === undefined || content === undefined) return { contentType, body: "", parts: {} };
  if (contentType === FORM) return { contentType, body: "", parts: partsOf(content, description) };
  const body = operation.body?.required === true ? asJson(exampleOf(content, description)) : "";
  return { contentType, body, parts: {} };
}

export function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** Whether a part of a form is a file. */
export function isFile(name: string, content: Content, description: Description): boolean {
  const schema = plainSchema(content.schema, description).properties?.[name];
  return plainSchema(schema, description).format === "binary";
}

function partsOf(content: Content, description: Description): Record<string, string> {
  const properties = plainSchema(content.schema, description).properties ?? {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [
      name,
      isFile(name, content, description) ? "" : asJson(sampleOf(schema, description, 0)),
    ]),
  );
}
