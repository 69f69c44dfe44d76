import { chromium } from "@playwright/test";
import { FLAGS } from "./browser.ts";

/**
 * How long each page of the menu takes until it can be used, run by `python -m benchmarks pages`: prints
 * {"/speak": [milliseconds, …], …}. Every load is the first one: nothing is kept from the one before.
 */
const PAGES = { "/": "Jobs", "/speak": "Speak", "/transcribe": "Transcribe", "/system": "System" };
const rounds = Number(process.argv[2]);

const executablePath = process.env.CHROMIUM;
if (executablePath === undefined) throw new Error("CHROMIUM names no browser");
const browser = await chromium.launch({ executablePath, args: FLAGS });
const times: Record<string, number[]> = Object.fromEntries(Object.keys(PAGES).map((path) => [path, []]));
// The first round warms the browser and the API, and does not count.
for (let round = 0; round <= rounds; round++)
  for (const [path, title] of Object.entries(PAGES)) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${process.env.HARMONY_URL ?? ""}${path}`, { waitUntil: "commit" });
    await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
    // Answered when what the page is doing then is done; counted from the beginning of the navigation.
    const taken = await page.evaluate(() => performance.now());
    if (round > 0) times[path]?.push(taken);
    await page.close();
  }
await browser.close();
process.stdout.write(JSON.stringify(times));
