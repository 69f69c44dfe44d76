import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { patiently } from "@/lib/patiently";

let server: Server;
let up = false;
const original = globalThis.fetch;

beforeEach(async () => {
  server = createServer((request, response) => {
    response.statusCode = up ? 200 : 503;
    response.end();
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  globalThis.fetch = (path, options) =>
    original(new URL(path as string, `http://127.0.0.1:${port}`), options);
});

afterEach(() => {
  globalThis.fetch = original;
  server.close();
});

test("it waits while the server is away, and then loads", async () => {
  up = false;
  let tries = 0;
  const pauses: number[] = [];
  const part = await patiently(
    () => (++tries < 3 ? Promise.reject(new Error("away")) : Promise.resolve("part")),
    (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  );
  expect(part).toBe("part");
  expect(pauses).toEqual([500, 1000]);
});

test("a part that the server does not have any more is told at once", async () => {
  up = true;
  const gone = patiently(() => Promise.reject(new Error("gone")));
  await expect(gone).rejects.toThrow("gone");
});
