import { expect, test, type APIRequestContext, type Page } from "@playwright/test";
import { accessible, ended, submit, tone, useTheme } from "./stack";

/** What the API lists at a path. */
async function listed<Item>(request: APIRequestContext, path: string): Promise<Item[]> {
  const answer = await request.get(path);
  expect(answer.status(), await answer.text()).toBe(200);
  return ((await answer.json()) as { data: Item[] }).data;
}

function tab(page: Page, name: RegExp): ReturnType<Page["getByRole"]> {
  return page.getByRole("tab", { name });
}

async function resumeAll(request: APIRequestContext): Promise<void> {
  for (const { name } of await listed<{ name: string }>(request, "/v1/queues"))
    await request.post(`/v1/queues/${name}/resume`);
}

const PARTS = ["overview", "queues", "workers", "models", "performance", "api"] as const;

// Widths change what is drawn, themes its colours: each of both is looked at once.
for (const [theme, width] of [
  ["light", 1440],
  ["dark", 360],
] as const)
  test(`every tab is accessible in the ${theme} theme at ${width} px`, async ({ page, request }) => {
    await ended(request, (await submit(request, tone("look"))).id);
    await useTheme(page, theme);
    await page.setViewportSize({ width, height: 800 });
    for (const part of PARTS) {
      await page.goto(`/system?tab=${part}`);
      await expect(page.getByRole("tabpanel")).toBeVisible();
      await expect(page.getByText(/^Loading/)).toHaveCount(0);
      await accessible(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), part).toBeLessThanOrEqual(
        width,
      );
    }
  });

test("the overview says what is there and what can be asked for, and its tabs are addresses", async ({
  page,
  request,
}) => {
  const { checks } = (await (await request.get("/readyz")).json()) as { checks: Record<string, string> };
  await page.goto("/system");
  await expect(page.getByText("Everything that jobs need is there.")).toBeVisible();
  await expect(page.locator("[data-check]")).toHaveCount(Object.keys(checks).length);
  const asked = page.getByRole("list", { name: "What can be asked for" });
  await expect(asked.getByRole("listitem").filter({ hasText: "Transcription" })).toContainText(
    "whisper-base",
  );
  await tab(page, /^Workers/).click();
  await expect(page).toHaveURL(/tab=workers/);
  await page.goBack();
  await expect(tab(page, /^Overview/)).toHaveAttribute("aria-selected", "true");
});

interface Model {
  id: string;
  title: string;
  licence: string;
  alias_of: string | null;
}

test("each tab shows what the API says", async ({ page, request }) => {
  await page.goto("/system?tab=queues");
  const table = page.getByRole("table", { name: "Queues" });
  for (const queue of await listed<{ name: string; slots: number }>(request, "/v1/queues")) {
    const row = table.getByRole("row").filter({ has: page.getByRole("rowheader", { name: queue.name }) });
    await expect(row).toContainText(`of ${queue.slots}`);
  }
  await tab(page, /^Workers/).click();
  for (const { id, pid } of await listed<{ id: string; pid: number }>(request, "/v1/workers")) {
    const row = page.getByRole("rowheader", { name: id });
    await expect(row).toContainText(String(pid));
  }
  await tab(page, /^Models/).click();
  for (const model of (await listed<Model>(request, "/v1/models")).filter((each) => each.alias_of === null)) {
    const row = page
      .getByRole("row")
      .filter({ has: page.getByRole("link", { name: model.id, exact: true }) });
    await expect(row).toContainText(model.title);
    await expect(row).toContainText(model.licence);
  }
});

test("a paused queue is told on every tab, holds its jobs, and lets them go", async ({ page, request }) => {
  await resumeAll(request);
  await page.goto("/system?tab=queues");
  try {
    await page.getByRole("button", { name: "Pause cpu" }).click();
    const dialog = page.getByRole("dialog", { name: "Pause cpu?" });
    await expect(dialog).toContainText("Jobs are still accepted");
    await dialog.getByRole("button", { name: "Leave it" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("list", { name: "Paused queues" })).toHaveCount(0);

    await page.getByRole("button", { name: "Pause cpu" }).click();
    await dialog.getByRole("button", { name: "Pause cpu" }).click();
    const note = page.getByRole("list", { name: "Paused queues" });
    await expect(note).toContainText("The queue cpu is paused");
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "cpu" }) });
    await expect(row).toContainText("Paused");

    const { id } = await submit(request, tone("held"));
    await expect(note).toContainText("1 job waits");
    const still = (await (await request.get(`/v1/jobs/${id}`, { params: { wait: 2 } })).json()) as {
      status: string;
    };
    expect(still.status).toBe("queued");
    for (const name of [/^Overview/, /^Workers/, /^Models/, /^Performance/, /^API/]) {
      await tab(page, name).click();
      await expect(note).toContainText("The queue cpu is paused");
      await expect(tab(page, /^Queues/)).toContainText("1 paused");
    }

    await note.getByRole("button", { name: "Resume cpu" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume cpu" }).click();
    await expect(note).toHaveCount(0);
    expect((await ended(request, id)).status).toBe("succeeded");
  } finally {
    await resumeAll(request);
  }
});

test("a worker shows the step that it runs, how far it is, and the way to its job", async ({
  page,
  request,
}) => {
  await page.goto("/system?tab=workers");
  const text = "A text that is long enough to be worked on in many chunks, one after the other.";
  const { id } = await submit(request, tone(text, { chunks: 300, delay_ms: 500 }));
  try {
    const link = page.locator(`a[href="/jobs/${id}"]`);
    await expect(link).toContainText("with tone");
    const row = page.getByRole("row").filter({ has: link });
    await expect(row).toContainText("Working");
    await expect(row).toContainText(/[1-9]\d? %/);
    await link.click();
    await expect(page).toHaveURL(new RegExp(`/jobs/${id}`));
  } finally {
    await request.post(`/v1/jobs/${id}/cancel`);
  }
});

test("models are found by what they can do, and one opens by its address", async ({ page }) => {
  await page.goto("/system?tab=models");
  const search = page.getByRole("searchbox", { name: "Search models" });
  const table = page.getByRole("table", { name: "Models" });
  await search.fill("german transcription");
  await expect(table.getByRole("rowheader")).toHaveText([/whisper-base/]);
  await search.fill("no such thing");
  await expect(page.getByText("No model has “no such thing”")).toBeVisible();
  await page.getByRole("button", { name: "Show all models" }).click();
  await table.getByRole("link", { name: "kokoro", exact: true }).click();
  await expect(page).toHaveURL(/model=kokoro/);
  const details = page.getByRole("dialog");
  await expect(details).toContainText("Apache-2.0");
  await expect(details).toContainText("speed");
  await accessible(page);
  await page.goBack();
  await expect(details).toBeHidden();

  await page.goto("/system?tab=models&model=whisper-base");
  await expect(details.getByRole("link", { name: "Transcribe with it" })).toBeVisible();
  await page.goto("/system?tab=models&model=kokoro");
  await details.getByRole("link", { name: "Speak with it" }).click();
  await expect(page).toHaveURL(/\/speak\?model=kokoro/);
  await page.goto("/system?tab=models&model=gone");
  await expect(details).toContainText("No model of this deployment is called “gone”");
});

test("a job that has ended is measured", async ({ page, request }) => {
  expect((await ended(request, (await submit(request, tone("measured"))).id)).status).toBe("succeeded");
  await page.goto("/system?tab=performance");
  const part = page.getByRole("region", { name: "tone, speech" });
  const total = part.getByRole("row", { name: /^In all/ });
  await expect(total).toContainText(/\d (ms|s)/);
  await page.getByRole("combobox", { name: "Time range" }).selectOption({ label: "Last 24 hours" });
  await expect(page).toHaveURL(/range=24h/);
  await expect(total).toContainText(/\d (ms|s)/);
});

test("the API is tried: a list is read, a job is made, a mistake is explained", async ({ page }) => {
  await page.goto("/system?tab=api");
  const answer = page.getByRole("region", { name: "Answer" });
  await page.getByRole("searchbox", { name: "Search routes" }).fill("list the models");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(answer).toContainText("200 OK");
  await expect(answer.getByLabel("Body of the answer")).toContainText('"id": "kokoro"');

  await page.getByRole("searchbox", { name: "Search routes" }).fill("submit");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/route=POST/);
  const body = page.getByRole("textbox", { name: "JSON" });
  await expect(body).toHaveValue(/"kind": "speech"/);
  await body.fill('{"kind": "speech", "model": "tone", "input": {"text": "It’s tried."}}');
  await expect(page.getByLabel("The request as a curl command")).toContainText(
    `--data-raw '{"kind": "speech"`,
  );
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(answer).toContainText("202 Accepted");
  const job = answer.getByRole("link", { name: "Open the job" });
  await expect(job).toHaveAttribute("href", /^\/jobs\/job_/);

  await body.fill('{"kind": "speech", "model": "tone"');
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(answer).toContainText("422");
  await expect(answer.getByLabel("Body of the answer")).toContainText("invalid_json");
  await accessible(page);
});
