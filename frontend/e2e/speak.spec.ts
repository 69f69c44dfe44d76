import { expect, test, type APIRequestContext, type Locator, type Page } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { accessible, ended, submit, tone, useTheme } from "./stack";

/** Real models on a busy machine take their time. */
const SLOW = 120_000;
/** A job of no work may still wait behind one of much. */
const DONE = { timeout: 60_000 };

async function write(page: Page, text: string, model = "tone"): Promise<void> {
  await page.getByRole("textbox", { name: "Text", exact: true }).fill(text);
  await page.getByLabel("Model", { exact: true }).selectOption(model);
}

function press(page: Page): Promise<void> {
  return page.getByRole("button", { name: "Speak", exact: true }).click();
}

/** The id of the job whose take is shown. */
async function shownJob(page: Page): Promise<string> {
  return (await page.locator("[data-take]").getAttribute("data-take")) ?? "";
}

/** Length in seconds and loudness (root mean square) of audio, as the browser decodes it. */
function heard(page: Page, bytes: Buffer): Promise<{ seconds: number; loudness: number }> {
  return page.evaluate(async (base64) => {
    const data = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(data.buffer);
    const samples = sound.getChannelData(0);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return { seconds: sound.duration, loudness: Math.sqrt(power) };
  }, bytes.toString("base64"));
}

/** The bytes that a player of the page plays. */
async function played(request: APIRequestContext, player: Locator): Promise<Buffer> {
  const src = await player.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentSrc);
  const answer = await request.get(src);
  expect(answer.status()).toBe(200);
  return answer.body();
}

function place(player: Locator): Promise<number> {
  return player.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentTime);
}

const words = (text: string): string[] => text.toLowerCase().match(/\p{L}+/gu) ?? [];

test("what is written is spoken: watched live, heard, saved, and a recogniser reads the text back", async ({
  page,
  request,
}) => {
  test.setTimeout(3 * SLOW);
  const text = "The meeting begins on Tuesday morning.";
  await page.goto("/speak");
  await write(page, text, "kokoro");
  await page.getByRole("radio", { name: /^Heart/ }).check();
  // It waits until it was seen: a short sentence may be spoken sooner than that.
  await request.post("/v1/queues/cpu/pause");
  try {
    await press(page);
    const take = page.locator("[data-take]");
    await expect(take.locator("[data-job-state]")).toBeVisible();
    await expect(take.getByText(/^Queued/)).toBeVisible();
  } finally {
    await request.post("/v1/queues/cpu/resume");
  }
  const player = page.getByRole("group", { name: "the speech" });
  await expect(player).toBeVisible({ timeout: SLOW });
  await player.getByRole("button", { name: "Play the speech" }).click();
  await expect.poll(() => place(player)).toBeGreaterThan(0.3);
  const sound = await heard(page, await played(request, player));
  expect(sound.seconds).toBeGreaterThan(1.5);
  expect(sound.loudness).toBeGreaterThan(0.01);

  const job = await ended(request, await shownJob(page));
  const artifact = job.result?.artifacts[0]?.id;
  const whisper = { kind: "transcription", model: "whisper-base", input: { audio: { artifact } } };
  const read = await ended(request, (await submit(request, whisper)).id, 120);
  expect(words(read.result?.text ?? "")).toEqual(words(text));

  await page.getByRole("button", { name: "Download" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: /^mp3/ }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`${job.id}.mp3`);
  const mp3 = await heard(page, await readFile(await download.path()));
  expect(Math.abs(mp3.seconds - sound.seconds)).toBeLessThan(0.3);
  expect(mp3.loudness).toBeGreaterThan(0.01);
});

test("an empty text is refused on the page, and the field says so", async ({ page }) => {
  let sent = 0;
  page.on("request", (each) => (sent += each.method() === "POST" ? 1 : 0));
  await page.goto("/speak");
  await write(page, "   ");
  await press(page);
  const text = page.getByRole("textbox", { name: "Text", exact: true });
  await expect(text).toHaveAccessibleDescription(/Write what is to be spoken first/);
  await expect(text).toBeFocused();
  await text.fill("a".repeat(100_001));
  await press(page);
  await expect(text).toHaveAccessibleDescription(/100,001 characters; 100,000/);
  expect(sent).toBe(0);
});

test("a voice can be heard before it is chosen, and its sample is made once", async ({ page, request }) => {
  test.setTimeout(SLOW);
  await page.goto("/speak");
  await write(page, "", "tone");
  const posts: string[] = [];
  page.on("request", (each) => {
    if (each.method() === "POST") posts.push(each.postData() ?? "");
  });
  const hear = async (): Promise<void> => {
    await page.getByRole("button", { name: "Hear Square" }).click();
    const sample = page.getByRole("group", { name: "sample of Square" });
    await expect(sample).toBeVisible({ timeout: SLOW / 2 });
    await expect.poll(() => place(sample)).toBeGreaterThan(0.2);
    expect((await heard(page, await played(request, sample))).loudness).toBeGreaterThan(0.01);
  };
  await hear();
  expect(posts.join()).toContain("voice-sample");
  posts.length = 0;
  await page.reload();
  await hear();
  expect(posts).toEqual([]);
});

test("two voices are compared blind; the tally stays, and can be set to zero", async ({ page }) => {
  await page.goto("/speak");
  await write(page, "Which of us is nicer?");
  await page.getByText("Compare two, blind").click();
  await page.getByRole("button", { name: "Speak both" }).click();
  await expect(
    page
      .getByLabel("Second voice")
      .or(page.getByRole("group", { name: "Second voice" }))
      .first(),
  ).toBeVisible();
  await page.getByLabel("Second model").selectOption("tone");
  await page
    .getByRole("region", { name: "Second side" })
    .getByRole("radio", { name: /^Square/ })
    .check();
  await page.getByRole("button", { name: "Speak both" }).click();
  const open = page.locator("[data-comparison=open]");
  await expect(open.getByRole("region", { name: "Take B" }).getByRole("slider")).toBeVisible();
  await expect(open).not.toContainText(/Sine|Square/);
  await accessible(page);
  await page.getByRole("button", { name: "B is better" }).click();
  const voted = page.locator("[data-comparison=voted]");
  const winner = await voted.getByRole("region", { name: "Take B" }).locator("h3").innerText();
  const name = /Sine|Square/.exec(winner)?.[0] ?? "nobody";
  const row = voted.getByRole("row", { name: new RegExp(name) });
  await expect(row).toContainText("1 vote");
  await page.reload();
  await expect(row).toContainText("1 vote");
  await expect(page.getByRole("list", { name: "History" }).getByRole("listitem")).toHaveCount(2);
  await voted.getByRole("button", { name: "Count from zero" }).click();
  await expect(row).toContainText("0 votes");
});

test("the history survives a reload, fills the form again, and says when a job is gone", async ({
  page,
  request,
}) => {
  await page.goto("/speak");
  for (const text of ["The first take", "The second take"]) {
    await write(page, text);
    await press(page);
    await expect(page.locator("[data-take]")).toContainText(text);
    await expect(page.getByRole("group", { name: "the speech" })).toBeVisible(DONE);
  }
  const second = await shownJob(page);
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("something else");
  await page.reload();
  const history = page.getByRole("list", { name: "History" });
  await expect(history.getByRole("listitem")).toHaveCount(2);
  await history
    .getByRole("listitem")
    .nth(1)
    .getByRole("button", { name: /^Use again/ })
    .click();
  await expect(page.getByRole("textbox", { name: "Text", exact: true })).toHaveValue("The first take");

  expect((await request.delete(`/v1/jobs/${second}`)).status()).toBe(204);
  await page.reload();
  await expect(page.getByText("This job was deleted.")).toBeVisible();
  await page.getByRole("button", { name: "Remove from the history", exact: true }).first().click();
  await expect(history.getByRole("listitem")).toHaveCount(1);
  await page.getByRole("button", { name: "Remove all" }).click();
  await page.getByRole("button", { name: "Remove all 1" }).click();
  await expect(page.getByText("Nothing spoken yet")).toBeVisible();
});

test("keys alone: from an empty page to sound", async ({ page }) => {
  await page.goto("/speak?model=tone");
  await expect(page.getByRole("textbox", { name: "Text", exact: true })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("Spoken without a pointer");
  await page.keyboard.press("Control+Enter");
  const player = page.getByRole("group", { name: "the speech" });
  await expect(player).toBeVisible(DONE);
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    if (
      await player
        .getByRole("button", { name: "Play the speech" })
        .evaluate((each) => each === document.activeElement)
    )
      break;
  }
  await page.keyboard.press("Enter");
  await expect.poll(() => place(player)).toBeGreaterThan(0.1);
});

test("an earlier job fills the form, and what it asks for that is gone is named", async ({
  page,
  request,
}) => {
  const job = await submit(
    request,
    tone(
      "Again with changes",
      { voice: "square", chunks: 3 },
      { priority: "low", labels: { project: "spec" } },
    ),
  );
  await page.goto(`/speak?from=${job.id}`);
  await expect(page.getByRole("textbox", { name: "Text", exact: true })).toHaveValue("Again with changes");
  await expect(page.getByLabel("Model", { exact: true })).toHaveValue("tone");
  await expect(page.getByRole("radio", { name: /^Square/ })).toBeChecked();
  await expect(page.getByRole("spinbutton", { name: "Chunks" })).toHaveValue("3");
  await page.goto("/speak?from=job_00000000-0000-7000-8000-000000000000");
  await expect(page.getByText(/was deleted, or never was/)).toBeVisible();
  await page.goto("/speak?model=tone&voice=vanished");
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("Who speaks?");
  await press(page);
  await expect(page.getByText(/has no voice “vanished” any more/)).toBeVisible();
});

test("a failed take says why and what to do, and a running one can be cancelled", async ({ page }) => {
  await page.goto("/speak?model=tone");
  await write(page, "This will fail");
  await page.getByLabel("Fail").selectOption("permanent");
  await press(page);
  await expect(page.locator("[data-take]").getByRole("alert")).toContainText(/Change the request/, DONE);
  await accessible(page);
  await page.getByRole("button", { name: "Fail: back to the default" }).click();
  await page.getByRole("spinbutton", { name: "Chunks" }).fill("200");
  await page.getByRole("spinbutton", { name: "Delay (ms)" }).fill("300");
  await press(page);
  await expect(page.locator("[data-job-state=running]")).toBeVisible(DONE);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("[data-take]")).toContainText(/It was cancelled/);
});

for (const theme of ["light", "dark"] as const)
  test(`the page with a take is accessible in the ${theme} theme, wide and narrow`, async ({ page }) => {
    await useTheme(page, theme);
    await page.goto("/speak?model=tone");
    await write(page, "Look at this");
    await press(page);
    await expect(page.getByRole("group", { name: "the speech" })).toBeVisible(DONE);
    await accessible(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await accessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
