import type { Operation } from "./openapi";

/** What somebody filled in; it is sent as it stands, right or wrong: the API says what it does not like. */
export interface Filled {
  /** By place and name: “query status”. Several values stand on lines of their own. */
  fields: Readonly<Record<string, string>>;
  /** “Name: value” on each line. */
  headers: string;
  contentType: string | undefined;
  body: string;
  /** Parts of a form: texts and files. */
  parts: Readonly<Record<string, string | File>>;
}

/** A request that is ready to go. */
export interface Prepared {
  method: string;
  /** From the root of this server. */
  url: string;
  headers: [string, string][];
  body: string | FormData | undefined;
}

export const FORM = "multipart/form-data";

export function fieldName(place: string, name: string): string {
  return `${place} ${name}`;
}

/** The request that the fields make. Empty fields are left out, but for those of the path. */
export function prepare(operation: Operation, filled: Filled): Prepared {
  const query = new URLSearchParams();
  const headers: [string, string][] = [];
  let path = operation.path;
  for (const { name, in: place, schema } of operation.parameters) {
    const text = filled.fields[fieldName(place, name)] ?? "";
    if (place === "path") path = path.replace(`{${name}}`, () => encodeURIComponent(text));
    if (text === "") continue;
    if (place === "header") headers.push([name, text]);
    if (place === "query")
      for (const value of schema?.type === "array" ? linesOf(text) : [text]) query.append(name, value);
  }
  for (const line of linesOf(filled.headers)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  const body = bodyOf(operation, filled);
  if (typeof body === "string" && filled.contentType !== undefined)
    headers.push(["Content-Type", filled.contentType]);
  const text = query.toString();
  return { method: operation.method, url: path + (text === "" ? "" : `?${text}`), headers, body };
}

function bodyOf(operation: Operation, filled: Filled): string | FormData | undefined {
  if (operation.body === undefined) return undefined;
  if (filled.contentType !== FORM) return filled.body === "" ? undefined : filled.body;
  const form = new FormData();
  for (const [name, part] of Object.entries(filled.parts)) if (part !== "") form.append(name, part);
  return form;
}

/** The same request for a shell. */
export function curl(prepared: Prepared, origin: string): string {
  const words = ["curl -sS -i"];
  if (prepared.method !== "GET") words.push(`-X ${prepared.method}`);
  words.push(quoted(origin + prepared.url));
  for (const [name, value] of prepared.headers) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (typeof prepared.body === "string") words.push(`--data-raw ${quoted(prepared.body)}`);
  else if (prepared.body !== undefined)
    for (const [name, part] of prepared.body)
      words.push(
        part instanceof File
          ? `-F ${quoted(`${name}=@${part.name}`)}`
          : `--form-string ${quoted(`${name}=${part}`)}`,
      );
  return words.join(" \\\n  ");
}

/** A word that a shell takes as it stands. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
