import { expect, test, type Browser, type Page } from "@playwright/test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const PAST = 50_000;
/** Each has five events. */
const LIVE = 2_000;

/** Jobs written straight into the database of the stack, by the tables that the server uses. */
async function fill(when: "past" | "live", count: number): Promise<void> {
  const folder = process.env.HARMONY_DATA_DIR;
  if (folder === undefined) throw new Error("HARMONY_DATA_DIR names no stack's data: run by tests/frontend");
  const python = process.env.PYTHON ?? "python";
  await promisify(execFile)(python, ["e2e/fill.py", folder, when, String(count)], {
    env: { ...process.env, PYTHONPATH: ".." },
  });
}

/** Bytes of JavaScript objects that are in use, after everything else was thrown away. */
async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds that its thread computed. */
  tdur?: number;
  args: { name?: string };
}

/**
 * The longest task of the page's main thread while something is done, in milliseconds of computing: by the clock it
 * would be the longer the more else the machine has to do.
 */
async function longestTask(browser: Browser, page: Page, done: () => Promise<void>): Promise<number> {
  const categories = ["-*", "disabled-by-default-devtools.timeline"];
  await browser.startTracing(page, { screenshots: false, categories });
  await done();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[];
  };
  const thread = (event: TraceEvent): string => `${event.pid}/${event.tid}`;
  const main = new Set(
    traceEvents
      .filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain")
      .map(thread),
  );
  const tasks = traceEvents.filter((event) => event.name === "RunTask" && main.has(thread(event)));
  expect(tasks.length, "tasks that were traced").toBeGreaterThan(100);
  return Math.max(...tasks.map((task) => task.tdur ?? 0)) / 1000;
}

test.describe.configure({ timeout: 240_000 });
// A trace photographs the page all the time: what is measured here would be that.
test.use({ trace: "off" });

test("fifty thousand jobs are scrolled smoothly, and ten thousand events leave the heap flat", async ({
  page,
  browser,
}) => {
  await fill("past", PAST);
  await page.goto("/?label=fill:past");
  const rows = page.getByRole("row");
  await expect(rows.nth(10)).toBeVisible();
  const scrolling = await longestTask(browser, page, async () => {
    const began = Date.now();
    let reached = 0;
    while (reached < 10_000) {
      await page.mouse.move(700, 500);
      await page.mouse.wheel(0, 6_000);
      reached = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            requestAnimationFrame(() => {
              const last = [...document.querySelectorAll("[aria-rowindex]")].at(-1);
              resolve(Number(last?.getAttribute("aria-rowindex") ?? 0));
            });
          }),
      );
      expect(await rows.count()).toBeLessThan(80);
      expect(Date.now() - began, `only row ${reached} was reached`).toBeLessThan(100_000);
    }
    await expect(rows.nth(10)).toBeVisible();
  });
  expect(scrolling, "a task while scrolling, in milliseconds").toBeLessThanOrEqual(200);

  await test.step("Back from a job returns to the place", async () => {
    const place = await page.evaluate(() => window.scrollY);
    const link = rows.nth(15).getByRole("link");
    const href = await link.getAttribute("href");
    await link.click();
    await expect(page).toHaveURL(new RegExp(`${href ?? "?"}$`));
    await page.goBack();
    await expect(page.locator(`a[href="${href ?? "?"}"]`)).toBeVisible();
    expect(Math.abs((await page.evaluate(() => window.scrollY)) - place)).toBeLessThan(100);
  });

  await test.step("ten thousand events", async () => {
    await page.goto("/");
    await expect(rows.nth(10)).toBeVisible();
    // What the first events bring with them is not growth: code, the first full list.
    await fill("live", 200);
    await expect(page.getByRole("row", { name: /Number 199:/ }).first()).toBeVisible({ timeout: 30_000 });
    const before = await heap(page);
    const telling = await longestTask(browser, page, async () => {
      await fill("live", LIVE);
      await expect(page.getByRole("row", { name: new RegExp(`Number ${LIVE - 1}:`) })).toBeVisible({
        timeout: 60_000,
      });
    });
    const after = await heap(page);
    expect(after / before, `the heap grew from ${before} to ${after} bytes`).toBeLessThanOrEqual(1.2);
    expect(telling, "a task while events came, in milliseconds").toBeLessThanOrEqual(200);
  });
});
