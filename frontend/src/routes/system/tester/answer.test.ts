// @vitest-environment node
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pretty, sendIt, type Answer } from "./answer";

const server = createServer((request, response) => {
  if (request.url === "/json") {
    response.writeHead(422, { "content-type": "application/problem+json" }).end('{"code":"x"}');
  } else if (request.url === "/audio") {
    response.writeHead(200, { "content-type": "audio/wav" }).end(Buffer.from([1, 2, 3]));
  } else if (request.url === "/stream") {
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
  } else {
    response.writeHead(204).end();
  }
});
let origin = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function ask(
  path: string,
  stopper = new AbortController(),
  onPart: (part: Answer) => void = () => undefined,
) {
  const prepared = { method: "GET", url: origin + path, headers: [], body: undefined };
  return sendIt(prepared, stopper.signal, onPart);
}

test("a refusal is an answer like any other, and JSON is set out", async () => {
  const answer = await ask("/json");
  expect(answer).toMatchObject({ status: 422, size: 12, complete: true, blob: undefined });
  expect(pretty(answer)).toBe('{\n  "code": "x"\n}');
});

test("audio is kept as bytes, and no body is none", async () => {
  const answer = await ask("/audio");
  expect(answer.text).toBeUndefined();
  expect(answer.blob?.size).toBe(3);
  expect(pretty(await ask("/nothing"))).toBe("");
});

test("what goes on for ever is shown as it comes, until it is stopped", async () => {
  const stopper = new AbortController();
  const answer = await ask("/stream", stopper, (part) => {
    expect(part.text).toBe("data: 1\n\n");
    stopper.abort();
  });
  expect(answer).toMatchObject({ text: "data: 1\n\n", complete: false });
});

test("a server that is gone is told as such", async () => {
  const prepared = { method: "GET", url: "http://127.0.0.1:9/", headers: [], body: undefined };
  await expect(sendIt(prepared, new AbortController().signal, () => undefined)).rejects.toMatchObject({
    code: "unreachable",
  });
});
