import { expect, test } from "vitest";
import { exampleOf } from "./example";
import { emptyFilled } from "./filled";
import { findOperations, operationsOf, type Description } from "./openapi";
import { curl, prepare } from "./request";

const description: Description = {
  info: { title: "Test", version: "1" },
  paths: {
    "/v1/things": {
      get: {
        summary: "List things",
        tags: ["things"],
        parameters: [
          { name: "status", in: "query", schema: { type: "array", items: { type: "string" } } },
          { name: "limit", in: "query", schema: { type: "integer" } },
        ],
      },
      post: {
        summary: "Make a thing",
        tags: ["things"],
        requestBody: {
          required: true,
          content: {
            "application/json": { schema: { $ref: "#/components/schemas/Thing" } },
            "multipart/form-data": {
              schema: {
                type: "object",
                properties: {
                  thing: { $ref: "#/components/schemas/Thing" },
                  file: { type: "string", format: "binary" },
                },
              },
            },
          },
        },
      },
    },
    "/v1/things/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
      delete: { summary: "Delete a thing", tags: ["things"] },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: "object",
        required: ["kind", "inner", "many", "maybe"],
        properties: {
          kind: { type: "string", enum: ["first", "second"] },
          inner: { $ref: "#/components/schemas/Inner" },
          many: { type: "array", items: { type: "string" } },
          maybe: { anyOf: [{ type: "null" }, { type: "integer", minimum: 3 }] },
          left: { type: "string" },
          dry: { type: "boolean", default: false },
        },
      },
      Inner: {
        type: "object",
        required: ["self"],
        properties: { self: { $ref: "#/components/schemas/Inner" } },
      },
    },
  },
};

const operations = operationsOf(description);
const named = (id: string) => {
  const found = operations.find((each) => each.id === id);
  if (found === undefined) throw new Error(id);
  return found;
};

test("every operation is found by method, path and words", () => {
  expect(operations.map((each) => each.id)).toEqual([
    "GET /v1/things",
    "POST /v1/things",
    "DELETE /v1/things/{id}",
  ]);
  expect(findOperations(operations, "delete THING").map((each) => each.id)).toEqual([
    "DELETE /v1/things/{id}",
  ]);
  expect(findOperations(operations, "")).toHaveLength(3);
});

test("a body begins with what is required, and schemas that hold themselves end", () => {
  const content = named("POST /v1/things").body?.content["application/json"];
  expect(exampleOf(content ?? {}, description)).toMatchObject({
    kind: "first",
    inner: { self: { self: {} } },
    many: [],
    maybe: 3,
    dry: false,
  });
  expect(exampleOf({ example: { a: 1 }, ...content }, description)).toEqual({ a: 1 });
});

test("fields go where they belong, as they stand", () => {
  const list = named("GET /v1/things");
  const empty = emptyFilled(list, description);
  const asked = prepare(list, {
    ...empty,
    fields: { "query status": "failed\n queued ", "query limit": "a lot" },
    headers: "X-One: 1\nnonsense\nAccept: text/event-stream",
  });
  expect(asked.url).toBe("/v1/things?status=failed&status=queued&limit=a+lot");
  expect(asked.headers).toEqual([
    ["X-One", "1"],
    ["Accept", "text/event-stream"],
  ]);
  const one = named("DELETE /v1/things/{id}");
  const gone = prepare(one, { ...emptyFilled(one, description), fields: { "path id": "a/b $& c" } });
  expect(gone.url).toBe("/v1/things/a%2Fb%20%24%26%20c");
});

test("the shell is given the same request", () => {
  const make = named("POST /v1/things");
  const filled = { ...emptyFilled(make, description), body: '{"text": "It\'s"}' };
  expect(curl(prepare(make, filled), "http://here")).toBe(
    [
      "curl -sS -i",
      "-X POST",
      "'http://here/v1/things'",
      "-H 'Content-Type: application/json'",
      `--data-raw '{"text": "It'\\''s"}'`,
    ].join(" \\\n  "),
  );
});

test("a form has its texts and its files", () => {
  const make = named("POST /v1/things");
  const parts = { thing: "{}", file: new File(["sound"], "a.wav") };
  const filled = { ...emptyFilled(make, description), contentType: "multipart/form-data", parts };
  const prepared = prepare(make, filled);
  expect(prepared.headers).toEqual([]);
  expect(curl(prepared, "")).toContain("--form-string 'thing={}' \\\n  -F 'file=@a.wav'");
});
