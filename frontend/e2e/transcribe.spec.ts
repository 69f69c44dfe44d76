import { chromium, expect, test, type Browser, type Page } from "@playwright/test";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { accessible, ended, submit, tone, useTheme } from "./stack";

/** Real models on a busy machine take their time. */
const SLOW = 120_000;
const SPEECH = resolve(import.meta.dirname, "../../tests/data/speech/librivox-austen-en.flac");
const SPANISH = resolve(import.meta.dirname, "../../tests/data/speech/asterisk-conference-es.flac");
/** What is said in it, as far as any recogniser gets it. */
const SAID = /John Dashwood had then leisure to consider/;

let folder = "";
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "harmony-e2e-"));
});
test.afterAll(() => rm(folder, { recursive: true }));

async function choose(page: Page, ...files: string[]): Promise<void> {
  await page.getByLabel("Recordings", { exact: true }).setInputFiles(files);
}

function send(page: Page): Promise<void> {
  return page.getByRole("button", { name: /^Send/ }).click();
}

function what(page: Page, kind: string): Promise<unknown> {
  return page.getByLabel("What to do").selectOption(kind);
}

async function exported(page: Page, format: string): Promise<string> {
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: new RegExp(`^${format}`) }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`librivox-austen-en.${format}`);
  return readFile(await download.path(), "utf8");
}

test("a file becomes words beside its waveform: heard, edited, exported, and there after a reload", async ({
  page,
}) => {
  test.setTimeout(3 * SLOW);
  await page.goto("/transcribe");
  await choose(page, SPEECH);
  await page.getByLabel("Also mark where somebody speaks").check();
  await page.getByLabel("Also describe the voice (speaker embedding)").check();
  await send(page);
  const card = page.locator("[data-recording]").first();
  await expect(card.locator("[data-job-state]").first()).toBeVisible();
  const transcript = card.getByRole("region", { name: "Transcript", exact: true });
  await expect(transcript).toContainText(SAID, { timeout: SLOW });
  await expect(card.getByRole("region", { name: "Speech in it" })).toBeVisible({ timeout: SLOW });
  await expect(card.getByText("Voice described")).toContainText("Voice described", { timeout: SLOW });

  await transcript.getByText("leisure", { exact: false }).first().scrollIntoViewIfNeeded();
  await transcript
    .locator("[data-start]")
    .filter({ hasText: /^leisure$/ })
    .click();
  const audio = card.locator("audio");
  await expect.poll(() => audio.evaluate((each: HTMLAudioElement) => each.currentTime)).toBeGreaterThan(1);
  await expect.poll(() => audio.evaluate((each: HTMLAudioElement) => !each.paused || each.ended)).toBe(true);

  expect(await exported(page, "srt")).toMatch(/^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n/);
  await transcript.getByRole("button", { name: /^Edit/ }).first().click();
  const field = transcript.getByRole("textbox");
  await field.fill((await field.inputValue()).replace("leisure", "pleasure"));
  await field.press("Enter");
  await expect(transcript).toContainText("then pleasure to");
  await expect(card.getByText("Edited", { exact: true })).toBeVisible();
  expect(await exported(page, "srt")).toMatch(/pleasure/);
  expect(await exported(page, "vtt")).toMatch(/^WEBVTT\n/);
  const json = JSON.parse(await exported(page, "json")) as {
    segments: { words: { word: string; end: number }[] }[];
  };
  expect(json.segments[0]?.words.find(({ word }) => word.includes("pleasure"))?.end).toBeGreaterThan(0);
  expect(await exported(page, "txt")).toMatch(/pleasure/);

  await page.reload();
  await expect(transcript).toContainText("then pleasure to", { timeout: 30_000 });
  await card.getByRole("button", { name: "As it was recognised" }).click();
  await expect(transcript).toContainText("leisure");
  await accessible(page);
});

test("several at once: each is a job of its own, and voices are compared", async ({ page }) => {
  test.setTimeout(2 * SLOW);
  await page.goto("/transcribe");
  await what(page, "embedding");
  await choose(page, SPEECH, SPANISH);
  await page.getByRole("button", { name: "Send 2 recordings" }).click();
  await expect(page.locator("[data-recording]")).toHaveCount(2);
  await expect(page.getByText("Voice described")).toHaveCount(2, { timeout: SLOW });
  const row = page.getByRole("row", { name: /librivox.*asterisk|asterisk.*librivox/ });
  const value = Number(await row.getByRole("cell").last().innerText());
  expect(value).toBeGreaterThan(-1);
  expect(value).toBeLessThan(0.6);
});

test("a file that is not audio says so, and what to do", async ({ page }) => {
  const file = join(folder, "notes.mp3");
  await writeFile(file, "These are notes, not sounds.");
  await page.goto("/transcribe");
  await choose(page, file);
  await send(page);
  const alert = page.locator("[data-recording]").getByRole("alert");
  await expect(alert).toContainText(/not audio/, { timeout: 60_000 });
  await expect(alert).toContainText(/Send another file/);
  await expect(page.getByText("Failed").first()).toBeVisible();
});

test("two gigabytes are refused at once, with the limit named, and nothing is sent", async ({ page }) => {
  const file = join(folder, "huge.wav");
  const handle = await open(file, "w");
  await handle.truncate(2 * 2 ** 30);
  await handle.close();
  let sent = 0;
  page.on("request", (each) => (sent += each.method() === "POST" ? 1 : 0));
  await page.goto("/transcribe");
  await expect(page.getByRole("button", { name: "Choose files" })).toBeVisible();
  await choose(page, file);
  await expect(page.getByRole("alert")).toContainText("2.0 GiB; at most 1.0 GiB", { timeout: 5_000 });
  await expect(page.getByRole("button", { name: /^Send/ })).toBeDisabled();
  expect(sent).toBe(0);
});

/** A WAV file of a recording, as the fake microphone wants it. */
async function wav(page: Page, flac: string): Promise<string> {
  const file = join(folder, "spoken.wav");
  const base64 = await page.evaluate(
    async (bytes) => {
      const data = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(data.buffer);
      const samples = sound.getChannelData(0);
      const out = new DataView(new ArrayBuffer(44 + 2 * samples.length));
      const text = (at: number, letters: string): void => {
        for (let place = 0; place < letters.length; place += 1)
          out.setUint8(at + place, letters.charCodeAt(place));
      };
      text(0, "RIFF");
      out.setUint32(4, 36 + 2 * samples.length, true);
      text(8, "WAVEfmt ");
      out.setUint32(16, 16, true);
      out.setUint16(20, 1, true);
      out.setUint16(22, 1, true);
      out.setUint32(24, 48_000, true);
      out.setUint32(28, 96_000, true);
      out.setUint16(32, 2, true);
      out.setUint16(34, 16, true);
      text(36, "data");
      out.setUint32(40, 2 * samples.length, true);
      for (const [at, sample] of samples.entries())
        out.setInt16(44 + 2 * at, Math.max(-1, Math.min(1, sample)) * 32_767, true);
      let binary = "";
      for (const byte of new Uint8Array(out.buffer)) binary += String.fromCharCode(byte);
      return btoa(binary);
    },
    (await readFile(flac)).toString("base64"),
  );
  await writeFile(file, Buffer.from(base64, "base64"));
  return file;
}

/** A browser whose microphone is a file. */
async function withMicrophone(file: string): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--mute-audio",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${file}`,
    ],
  });
}

test("what is recorded is heard before it is sent, asked about on leaving, and becomes words", async ({
  page,
  baseURL,
}) => {
  test.setTimeout(3 * SLOW);
  await page.goto("/transcribe");
  const browser = await withMicrophone(await wav(page, SPEECH));
  try {
    const spoken = await browser.newPage({ ...(baseURL === undefined ? {} : { baseURL }) });
    await spoken.goto("/transcribe");
    await spoken.getByRole("button", { name: "Record from the microphone" }).click();
    const recording = spoken.getByRole("group", { name: "Recording" });
    await expect(recording).toBeVisible();
    const level = recording.getByRole("meter", { name: "Level" });
    await expect
      .poll(async () => Number(await level.getAttribute("aria-valuenow")), { timeout: 20_000 })
      .toBeGreaterThan(20);
    const seconds = recording.locator("[data-seconds]");
    const recorded = async (): Promise<number> => Number(await seconds.getAttribute("data-seconds"));
    await expect.poll(recorded, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
    await recording.getByRole("button", { name: "Pause" }).click();
    await expect(recording.getByText("Paused")).toBeVisible();
    await recording.getByRole("button", { name: "Go on" }).click();
    await expect.poll(recorded, { timeout: 30_000 }).toBeGreaterThanOrEqual(9);
    await recording.getByRole("button", { name: "Stop" }).click();
    await expect(spoken.getByRole("group", { name: /^Recording of/ })).toBeVisible();

    await spoken.getByRole("link", { name: "Jobs", exact: true }).first().click();
    await expect(spoken.getByRole("dialog", { name: "Leave this page?" })).toBeVisible();
    await spoken.getByRole("button", { name: "Stay" }).click();
    await expect(spoken).toHaveURL(/\/transcribe/);

    await send(spoken);
    await expect(spoken.getByRole("region", { name: "Transcript", exact: true })).toContainText(
      /Dashwood|leisure|prudently/,
      {
        timeout: SLOW,
      },
    );
    await spoken.getByRole("link", { name: "Jobs", exact: true }).first().click();
    await expect(spoken).not.toHaveURL(/\/transcribe/);
  } finally {
    await browser.close();
  }
});

test("a refused microphone is explained", async ({ page }) => {
  await page.goto("/transcribe");
  await page.getByRole("button", { name: "Record from the microphone" }).click();
  await expect(page.getByRole("alert")).toContainText(/microphone/);
});

test("an earlier job brings its recording, and its speech can be listened to", async ({ page, request }) => {
  test.setTimeout(SLOW);
  const made = await submit(request, tone("Listen to this"));
  await ended(request, made.id);
  await page.goto(`/transcribe?from=${made.id}&kind=vad`);
  await expect(page.getByText("Recording of an earlier job", { exact: true })).toBeVisible();
  await page.getByLabel("Model", { exact: true }).selectOption("tone");
  await send(page);
  await expect(
    page
      .locator("[data-recording]")
      .getByText(/speech|Nobody speaks/)
      .first(),
  ).toBeVisible({ timeout: 60_000 });
  await page.goto("/transcribe?from=job_00000000-0000-7000-8000-000000000000");
  await expect(page.getByText(/was deleted, or never was/)).toBeVisible();
});

for (const theme of ["light", "dark"] as const)
  test(`the page with a recording is accessible in the ${theme} theme, wide and narrow`, async ({ page }) => {
    test.setTimeout(SLOW);
    await useTheme(page, theme);
    await page.goto("/transcribe");
    await what(page, "vad");
    await choose(page, SPEECH);
    await send(page);
    await expect(page.getByRole("region", { name: "Speech in it" })).toBeVisible({ timeout: 60_000 });
    await accessible(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await accessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
