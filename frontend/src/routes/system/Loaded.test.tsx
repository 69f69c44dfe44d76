import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "@/api/client";
import { makeQueryClient } from "@/api/query";
import { Loaded } from "./Loaded";

/** What the server says; undefined: that it cannot. */
let said: string | undefined;
const server = createServer((_, response) => {
  const headers = { "access-control-allow-origin": "*", "content-type": "application/problem+json" };
  const problem = { status: 409, code: "busy", title: "Busy", detail: "The store is being moved." };
  if (said === undefined) response.writeHead(409, headers).end(JSON.stringify(problem));
  else response.writeHead(200, headers).end(said);
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

function Part() {
  const query = useQuery({ queryKey: ["part"], queryFn: async () => (await send(origin)).text() });
  return (
    <>
      <button type="button" onClick={() => void query.refetch()}>
        Refresh
      </button>
      <Loaded query={query} what="the part">
        {(text) => <p>{text}</p>}
      </Loaded>
    </>
  );
}

test("a part says that it loads, what went wrong, goes on, and keeps what it had when it fails again", async () => {
  const user = userEvent.setup();
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <Part />
    </QueryClientProvider>,
  );
  expect(screen.getByText("Loading the part")).toBeTruthy();
  expect((await screen.findByRole("alert")).textContent).toContain("The store is being moved.");

  said = "all is well";
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("all is well")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();

  said = undefined;
  await user.click(screen.getByRole("button", { name: "Refresh" }));
  expect((await screen.findByRole("status")).textContent).toMatch(/^As of .*The store is being moved\.$/);
  expect(screen.getByText("all is well")).toBeTruthy();
});
