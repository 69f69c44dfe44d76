import { expect, test, type Page } from "@playwright/test";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, stat } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { accessible, ended, submit, tone, type Job } from "./stack";

const run = promisify(execFile);
const SENTENCE = "Good morning. The quick brown fox jumps over the lazy dog.";

/** Jobs that several tests look at; none of them changes them. */
let speech: Job;
let transcription: Job;
let stretches: Job;
let voice: Job;
let failed: Job;
let long: Job;

test.beforeAll(async ({ playwright, baseURL }) => {
  const request = await playwright.request.newContext({ baseURL: baseURL ?? "" });
  const make = async (body: object): Promise<Job> => ended(request, (await submit(request, body)).id, 80);
  const nonsense = Buffer.from("this is no sound at all ".repeat(40)).toString("base64");
  const read = await readFile(join(import.meta.dirname, "../../tests/data/speech/librivox-austen-en.flac"));
  const input = { audio: { data: read.toString("base64") } };
  [speech, transcription, stretches, voice, failed, long] = await Promise.all([
    make(tone(SENTENCE, {}, { labels: { spec: "job" } })),
    make({ kind: "transcription", model: "whisper-base", input }),
    make({ kind: "vad", model: "silero-vad", input }),
    make({ kind: "embedding", input }),
    make({ kind: "transcription", model: "tone", input: { audio: { data: nonsense } } }),
    // A note a second, in a document of more than 64 KiB.
    make({
      kind: "transcription",
      model: "tone",
      input: { audio: { data: silence(900).toString("base64") } },
    }),
  ]);
  await request.dispose();
});

/** So many seconds of nothing: a WAV of 8 bits, 8000 times a second. */
function silence(seconds: number): Buffer {
  const bytes = seconds * 8000;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(bytes, 40);
  return Buffer.concat([head, Buffer.alloc(bytes, 128)]);
}

const outcome = (page: Page) => page.locator("[data-outcome]").first();
/** What of the recording has been heard, in seconds; 0 and 0 before anything was. */
const played = (page: Page) =>
  page.locator("audio").evaluate(({ played: heard }: HTMLAudioElement) => {
    const any = heard.length > 0;
    return { start: any ? heard.start(0) : 0, end: any ? heard.end(heard.length - 1) : 0 };
  });
const currentTime = (page: Page) =>
  page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentTime);

test("a speech job can be heard, also by the keyboard, and shows where its time went", async ({ page }) => {
  await page.goto(`/jobs/${speech.id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(SENTENCE);
  await expect(outcome(page)).toContainText(/Succeeded: .* of speech/);
  await page.getByRole("button", { name: "Play speech" }).click();
  await expect.poll(async () => (await played(page)).end).toBeGreaterThan(0.2);
  await expect(page.locator("[data-wave] >> canvas").first()).toBeVisible();
  expect(await loudness(page)).toBeGreaterThan(0.01);
  await expect(page.locator("[data-waterfall] [data-bar=wait]").first()).toBeVisible();
  const bar = page.locator("[data-waterfall] [data-bar=run]").first();
  await bar.focus();
  await expect(page.getByRole("tooltip")).toContainText(
    /synthesize.* ran on cpu-\d+, done: .*, from \d\d:\d\d:\d\d/,
  );
  const place = page.getByRole("slider", { name: "Position in speech" });
  await place.focus();
  await page.keyboard.press("End");
  await expect.poll(() => currentTime(page)).toBeGreaterThan(1);
  await page.keyboard.press("Home");
  // It may be played meanwhile.
  await expect.poll(() => currentTime(page)).toBeLessThan(1);
  const plays = page.getByRole("button", { name: "Play speech" });
  const pauses = page.getByRole("button", { name: "Pause speech" });
  if (await pauses.isVisible()) await page.keyboard.press("Space");
  await expect(plays).toBeVisible();
  await page.keyboard.press("Space");
  await expect(pauses).toBeVisible();
  await page.keyboard.press("Space");
  await expect(plays).toBeVisible();
});

/** The root mean square of what the page plays, 0 to 1. */
function loudness(page: Page): Promise<number> {
  return page.locator("audio").evaluate(async (audio: HTMLAudioElement) => {
    const bytes = await (await fetch(audio.currentSrc)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(bytes);
    const samples = sound.getChannelData(0);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  });
}

test("a word of a transcript is heard when it is clicked, and marked while it is spoken", async ({
  page,
}) => {
  await page.goto(`/jobs/${transcription.id}`);
  const transcript = page.getByRole("region", { name: "Transcript" });
  const word = transcript.getByRole("button", { name: /^leisure/ });
  const start = Number(await word.getAttribute("data-start"));
  expect(start).toBeGreaterThan(0.5);
  await word.click();
  await expect.poll(async () => (await played(page)).end).toBeGreaterThan(start);
  expect((await played(page)).start).toBeCloseTo(start, 1);
  // Behind the last word the mark stays on it for a second, so there is one however slow this machine is.
  await expect(transcript.locator("[aria-current=true]")).toHaveText(/leisure|to|consider|how|much|there/);
  await page.getByRole("tab", { name: "Subtitles" }).click();
  await expect(page).toHaveURL(/tab=subtitles/);
  await expect(page.getByRole("list", { name: "All subtitles" })).toContainText("had then leisure");
});

test("a transcript that is too long for the job's document is read from its result", async ({ page }) => {
  expect(long.result).toMatchObject({ artifacts: [expect.anything()] });
  expect(long.result?.text).toBeUndefined();
  await page.goto(`/jobs/${long.id}`);
  await expect(outcome(page)).toContainText("900 words from 15 min");
  const transcript = page.getByRole("region", { name: "Transcript" });
  await expect(transcript.getByRole("button").first()).toBeVisible();
  await page.getByRole("tab", { name: "Subtitles" }).click();
  await expect(page.getByRole("list", { name: "All subtitles" }).getByRole("listitem").last()).toContainText(
    /14:5\d\.\d – 15:00/,
  );
});

test("stretches of speech and a voice's numbers are shown beside the recording", async ({ page }) => {
  await page.goto(`/jobs/${stretches.id}`);
  await expect(outcome(page)).toContainText(/\d+ stretch(es)? of speech/);
  await page
    .getByRole("button", { name: /^Play from/ })
    .first()
    .click();
  await expect.poll(async () => (await played(page)).end).toBeGreaterThan(0.3);
  await page.goto(`/jobs/${voice.id}`);
  await expect(page.getByRole("img", { name: /^192 numbers between/ })).toBeVisible();
});

test("a job that failed says why and what to do", async ({ page }) => {
  await page.goto(`/jobs/${failed.id}`);
  await expect(outcome(page)).toContainText(
    "Failed: The recording could not be decoded. Nothing was heard in it.",
  );
  await expect(outcome(page)).toContainText("Send another file");
  const why = page.getByRole("region", { name: "What went wrong" });
  await expect(why).toContainText("audio_undecodable");
  await expect(why).toContainText("permanent");
  const again = page.getByRole("link", { name: "Run again with changes" });
  await expect(again).toHaveAttribute("href", new RegExp(`/transcribe\\?from=${failed.id}`));
});

test("the code runs as it is copied", async ({ page, request, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const text = `It's "quoted", costs $HOME \\ and \`more\`,\nin two lines: Grüße 日本`;
  const job = await ended(request, (await submit(request, tone(text))).id);
  await page.goto(`/jobs/${job.id}`);
  const runs: Promise<void>[] = [];
  for (const [name, command, file] of [
    ["curl", ["bash", "-c"], "speech.wav"],
    ["Python", [process.env.PYTHON ?? "python3", "-c"], "speech.wav"],
    ["JavaScript", [process.execPath, "-e"], null],
  ] as const) {
    await page.getByRole("button", { name: "Copy as" }).click();
    await page.getByRole("menuitem", { name }).click();
    await expect(page.getByText(`Copied as ${name}`, { exact: true })).toBeVisible();
    const code = await page.evaluate(() => navigator.clipboard.readText());
    runs.push(
      ran(command[0], [command[1], code]).then(async ({ made, folder }) => {
        expect(made).not.toBe(job.id);
        const answer = await request.get(`/v1/jobs/${made}`);
        expect(await answer.json()).toMatchObject({ request: { input: { text } } });
        if (file !== null)
          expect((await readFile(join(folder, file))).subarray(0, 4).toString()).toBe("RIFF");
      }),
    );
  }
  await Promise.all(runs);
});

/** Runs a program that was copied, in a folder of its own; the job that it made. */
async function ran(program: string, rest: readonly string[]): Promise<{ made: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "snippet-"));
  const { stdout } = await run(program, rest, { cwd: folder, timeout: 60_000 });
  const made = /(job_\S+) succeeded/.exec(stdout)?.[1] ?? "";
  expect(made, stdout).not.toBe("");
  return { made, folder };
}

test("the code of a job that took a recording names it by its id", async ({ page, request }) => {
  await page.goto(`/jobs/${transcription.id}?tab=code`);
  const code = await page.getByLabel("The job as curl").textContent();
  const { made, folder } = await ran("sh", ["-c", code ?? ""]);
  expect((await ended(request, made)).result?.text).toBe(transcription.result?.text);
  expect((await stat(join(folder, "transcript.txt"))).size).toBeGreaterThan(20);
});

test("webhook messages show what was sent and answered, and are sent again", async ({ page, request }) => {
  const port = Number(process.env.HARMONY_RECEIVER_PORT);
  const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  const receiver = createServer((message, answer) => {
    let body = "";
    message.on("data", (part: Buffer) => (body += part.toString()));
    message.on("end", () => {
      heard.push({ headers: message.headers, body });
      answer.writeHead(200, { "x-receiver": "spec" }).end("thank you");
    });
  });
  await new Promise<void>((listening) => receiver.listen(port, "127.0.0.1", listening));
  try {
    const url = `http://127.0.0.1:${port}/hook`;
    const job = await submit(request, tone("tell me", {}, { webhook: { url, events: ["job.succeeded"] } }));
    await page.goto(`/jobs/${job.id}?tab=webhooks`);
    const message = page.getByRole("list", { name: "Webhook messages" }).getByRole("listitem");
    await expect(message).toContainText("Delivered", { timeout: 30_000 });
    await message.getByRole("button", { name: /job.succeeded/ }).click();
    await expect(page.getByLabel("Body that was sent")).toContainText(job.id);
    await expect(page.getByLabel("Request of attempt 1")).toContainText("webhook-signature: v1,");
    await expect(page.getByLabel("Response of attempt 1")).toContainText(/x-receiver: spec[^]*thank you/);
    await message.getByRole("button", { name: "Send again" }).click();
    await expect(message).toContainText("2 attempts", { timeout: 30_000 });
    await expect(page.getByLabel("Response of attempt 2")).toContainText("thank you");
    // Messages of other jobs may come here, too.
    const own = heard.filter(({ body }) => body.includes(job.id));
    expect(own).toHaveLength(2);
    expect(own[1]?.headers["webhook-id"]).toBe(own[0]?.headers["webhook-id"]);
    expect(own[1]?.body).toBe(own[0]?.body);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});

test("a running job is watched, cancelled and run again from its page", async ({ page, request }) => {
  const job = await submit(request, tone("a long one", { chunks: 100, delay_ms: 500 }));
  await page.goto(`/jobs/${job.id}`);
  await expect(outcome(page)).toContainText(/Running: Step synthesize on cpu-\d+/);
  const growing = page.locator("[data-outcome=running] [data-bar=run]");
  await expect(growing).toHaveAttribute("aria-label", /, from \d\d:\d\d:\d\d\.\d+ on$/);
  await expect(page.getByRole("progressbar", { name: "Progress of the job" })).not.toHaveAttribute(
    "aria-valuenow",
    "0",
  );
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await expect(outcome(page)).toContainText("Cancelled: Somebody asked for it.");
  await expect(page.locator("[data-waterfall]")).toContainText("cancelled");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page).not.toHaveURL(new RegExp(job.id));
  await expect(page.getByRole("link", { name: job.id })).toBeVisible();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await expect(outcome(page)).toContainText("Cancelled");
});

test("a job ends on the page without a reload, and its events come as they happen", async ({
  page,
  request,
}) => {
  const job = await submit(request, tone("watch me", { chunks: 10, delay_ms: 200, stages: 2 }));
  await page.goto(`/jobs/${job.id}?tab=events`);
  const events = page.getByRole("list", { name: "Events" }).getByRole("listitem");
  await expect(events.first()).toContainText("Submitted");
  await expect(events.last()).toContainText("Succeeded");
  await expect(outcome(page)).toContainText("Succeeded:");
  await page.getByRole("tab", { name: "Overview" }).click();
  await expect(page.getByRole("button", { name: "Play speech" })).toBeVisible();
  await expect(page.locator("[data-waterfall] [data-bar=run]")).toHaveCount(2);
});

test("a deleted job's link says so and leads back", async ({ page, request }) => {
  const job = await ended(request, (await submit(request, tone("soon gone"))).id);
  await page.goto(`/jobs/${job.id}`);
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this job?" });
  await dialog.getByRole("button", { name: "Keep it" }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL("/");
  await page.goto(`/jobs/${job.id}`);
  await expect(page.getByText("This job was deleted, or never was")).toBeVisible();
  await page.getByRole("link", { name: "Go to the jobs" }).click();
  await expect(page).toHaveURL("/");
});

test("tabs are in the address, and Back leads to the list as it was", async ({ page }) => {
  await page.goto("/?label=spec%3Ajob");
  await page.goto(`/jobs/${speech.id}`);
  await page.getByRole("tab", { name: "JSON" }).click();
  await expect(page).toHaveURL(/tab=json/);
  await expect(page.getByLabel("The job as JSON")).toContainText(`"id": "${speech.id}"`);
  await page.reload();
  await expect(page.getByRole("tab", { name: "JSON" })).toHaveAttribute("aria-selected", "true");
  await page.goBack();
  await expect(page).toHaveURL(/label=spec/);
});

test("the page is accessible in both themes, and no tab scrolls sideways at 360 px", async ({ page }) => {
  await page.goto(`/jobs/${failed.id}`);
  await expect(page.getByRole("region", { name: "What went wrong" })).toBeVisible();
  await expect(page.getByText(/^Loading/)).toHaveCount(0);
  await accessible(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`/jobs/${transcription.id}?tab=subtitles`);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("tabpanel", { name: "Subtitles" })).toBeVisible();
  await expect(page.getByText(/^Loading/)).toHaveCount(0);
  await accessible(page);
  await page.setViewportSize({ width: 360, height: 740 });
  for (const tab of ["Overview", "Subtitles", "Events", "Webhooks", "Code", "JSON"]) {
    await page.getByRole("tab", { name: tab }).click();
    await expect(page.getByRole("tabpanel", { name: tab })).toBeVisible();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, `${tab} scrolls sideways at 360 px`).toBeLessThanOrEqual(360);
  }
});
