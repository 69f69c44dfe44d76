import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { makeQueryClient } from "@/api/query";
import type { Artifact, Job } from "@/api/types";
import { isCut, useWholeJob } from "./queries";
import { Unread } from "./Unread";

/** What the server has; undefined: that it cannot. */
let stored: object | undefined;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? "");
  const headers = { "access-control-allow-origin": "*", "content-type": "application/json" };
  if (stored === undefined)
    response.writeHead(409, headers).end(JSON.stringify({ title: "Too large", detail: "It is too large." }));
  else response.writeHead(200, headers).end(JSON.stringify(stored));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  stored = undefined;
  asked.length = 0;
  // A page's links have no host; here there is no page.
  const { port } = server.address() as AddressInfo;
  const fetched = globalThis.fetch;
  vi.stubGlobal("fetch", (link: string, options?: RequestInit) =>
    fetched(`http://127.0.0.1:${port}${link}`, options),
  );
  return () => vi.unstubAllGlobals();
});

const artifacts = [{ id: "art_1", role: "transcript" }] as Artifact[];

function jobWith(result: object | null, more: Partial<Job> = {}): Job {
  const job = { id: "job_1", kind: "transcription", status: "succeeded", result, ...more };
  return job as Job;
}

function Text({ job: told }: { job: Job }) {
  const whole = useWholeJob(told);
  if (isCut(whole.job)) return <Unread whole={whole} />;
  return (
    <p>
      {whole.job.result?.segments?.map(({ text }) => text).join(" ")}, {whole.job.result?.artifacts[0]?.id}
    </p>
  );
}

function show(job: Job): void {
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <Text job={job} />
    </QueryClientProvider>,
  );
}

test("a result that the job's document leaves out is read, says so, and is asked for again", async () => {
  show(jobWith({ artifacts }));
  expect(screen.getByRole("status").textContent).toContain("Loading what was found");
  expect((await screen.findByRole("alert")).textContent).toContain("It is too large.");
  stored = { text: "a b", segments: [{ text: "a" }, { text: "b" }] };
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("a b, art_1")).toBeTruthy();
  expect(asked).toEqual(Array(2).fill("/v1/jobs/job_1/result?format=json"));
});

test("a result that stands in the document is not asked for", () => {
  show(jobWith({ artifacts, text: "c", segments: [{ text: "c" }] }));
  expect(screen.getByText("c, art_1")).toBeTruthy();
  expect(asked).toEqual([]);
});

test("nothing is left out before the end, of speech, of silence, and of what is no longer kept", () => {
  expect(isCut(jobWith({ artifacts }))).toBe(true);
  expect(isCut(jobWith({ artifacts }, { kind: "vad" }))).toBe(true);
  expect(isCut(jobWith(null, { status: "running" }))).toBe(false);
  expect(isCut(jobWith({ artifacts }, { kind: "speech" }))).toBe(false);
  expect(isCut(jobWith({ artifacts, text: "", segments: [] }))).toBe(false);
  expect(isCut(jobWith({ artifacts: [] }))).toBe(false);
});
