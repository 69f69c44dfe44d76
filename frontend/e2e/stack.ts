import AxeBuilder from "@axe-core/playwright";
import { expect, type APIRequestContext, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";

/** What specs ask of the stack beside the page: jobs by the API, and processes to kill. */

export interface Job {
  id: string;
  status: string;
  result: { text?: string; artifacts: { id: string; url: string; media_type: string }[] } | null;
}

const ENDED = ["succeeded", "failed", "cancelled", "expired"];

/** Submits a job through the API; the body is that of POST /v1/jobs. */
export async function submit(request: APIRequestContext, body: object): Promise<Job> {
  const answer = await request.post("/v1/jobs", { data: body });
  expect(answer.status(), await answer.text()).toBe(202);
  return (await answer.json()) as Job;
}

/** The job once it has ended. */
export async function ended(request: APIRequestContext, id: string, seconds = 60): Promise<Job> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await request.get(`/v1/jobs/${id}`, { params: { wait: 20 } });
    const job = (await answer.json()) as Job;
    if (ENDED.includes(job.status)) return job;
    expect(Date.now(), `${id} has not ended: ${job.status}`).toBeLessThan(until);
  }
}

/** A job of the weightless engine; `seconds` is how much sound it makes. */
export function tone(text: string, options: object = {}, more: object = {}): object {
  return { kind: "speech", model: "tone", input: { text }, options, ...more };
}

/** No violation of WCAG 2.2 AA on the page as it stands. */
export async function accessible(page: Page): Promise<void> {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  // In the page itself, as there are no frames of elsewhere; what is in order need not be told node by node.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).withTags(tags);
  const { violations } = await axe.setLegacyMode().analyze();
  const told = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.target.join(" ")} (${node.failureSummary ?? ""})`).join("; ")}`,
  );
  expect(told).toEqual([]);
}

/** The theme, chosen before the page is opened. */
export async function useTheme(page: Page, theme: "light" | "dark"): Promise<void> {
  await page.addInitScript((value) => localStorage.setItem("harmony.theme", JSON.stringify(value)), theme);
}

/** The process ids of the stack's programs of that name: `api`, `workers.slot`, `workers.dispatcher`. */
export function processes(module: string): number[] {
  const supervisor = process.env.HARMONY_STACK_PID;
  if (supervisor === undefined) throw new Error("HARMONY_STACK_PID names no stack: run by tests/frontend");
  const lines = execFileSync("ps", ["--ppid", supervisor, "-o", "pid=,args="], { encoding: "utf8" }).split(
    "\n",
  );
  return lines
    .filter((line) => new RegExp(`-m ${module.replace(".", "\\.")}( |$)`).test(line))
    .map((line) => Number(line.trim().split(" ")[0]));
}

/** SIGKILL; the supervisor starts the program anew. */
export function kill(module: string): number[] {
  const found = processes(module);
  expect(found.length, `no process of ${module}`).toBeGreaterThan(0);
  for (const pid of found) process.kill(pid, "SIGKILL");
  return found;
}
