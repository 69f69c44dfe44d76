import { expect, test, type APIRequestContext, type Locator, type Page } from "@playwright/test";
import { accessible, ended, submit, tone, useTheme, type Job } from "./stack";

/** A label that only the jobs of this test have. */
function ownLabel(): string {
  return `t${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
}

/** Jobs of one label, in portions: the API refuses more than 64 requests at once. */
async function submitMany(request: APIRequestContext, count: number, spec: string): Promise<Job[]> {
  const jobs: Job[] = [];
  while (jobs.length < count) {
    const size = Math.min(20, count - jobs.length);
    const bodies = Array.from({ length: size }, (_, place) =>
      tone(`Text ${jobs.length + place + 1} of ${spec}`, {}, { labels: { spec } }),
    );
    jobs.push(...(await Promise.all(bodies.map((body) => submit(request, body)))));
  }
  return jobs;
}

/** Waits until no job of the label waits or runs. */
async function allEnded(request: APIRequestContext, spec: string): Promise<void> {
  const query = `label=spec:${spec}&status=queued&status=running&limit=1`;
  await expect
    .poll(
      async () =>
        ((await (await request.get(`/v1/jobs?${query}`)).json()) as { data: unknown[] }).data.length,
      { timeout: 60_000 },
    )
    .toBe(0);
}

function rowOf(page: Page, job: Job): Locator {
  return page.getByRole("row").filter({ has: page.locator(`a[href="/jobs/${job.id}"]`) });
}

function rowsOf(page: Page, spec: string): Locator {
  return page.getByRole("row", { name: new RegExp(`of ${spec}`) });
}

test("a filter nobody matches says so; a job that comes is seen live, to its end", async ({
  page,
  request,
}) => {
  const spec = ownLabel();
  await page.goto(`/?label=spec:${spec}`);
  await expect(page.getByText("No job matches")).toBeVisible();
  await expect(page.getByText(`Label: spec: ${spec}`).last()).toBeVisible();
  await expect(page.getByTestId("histogram")).toHaveCount(0);
  await expect(page.getByText(/not kept by label/)).toBeVisible();

  const job = await submit(request, tone(`Live text of ${spec}`, {}, { labels: { spec } }));
  await expect(rowOf(page, job)).toBeVisible();
  await expect(rowOf(page, job)).toContainText("Succeeded");
  // What came of it is read after the end was told: the length of the audio.
  await expect(rowOf(page, job).getByRole("cell").nth(8)).not.toHaveText("–");

  await page.getByRole("button", { name: "Clear all" }).click();
  await expect(page).not.toHaveURL(/label/);
  await expect(page.getByTestId("histogram")).toBeVisible();
});

test("filters are in the address: chips put on and off, Back, a link that is opened anew", async ({
  page,
}) => {
  await page.goto("/");
  const failed = page.getByRole("button", { name: /^Failed/ });
  await failed.click();
  await expect(page).toHaveURL(/status=failed/);
  await expect(failed).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Kind" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Voice activity" }).click();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/kind=vad/);
  await page.getByRole("button", { name: "Remove the filter Status: Failed" }).click();
  await expect(page).not.toHaveURL(/status/);
  await page.goBack();
  await expect(page).toHaveURL(/status=failed.*kind=vad/);
  await page.reload();
  await expect(failed).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("button", { name: "Remove the filter Kind: Voice activity" })).toBeVisible();
  await page.goBack();
  await expect(page).not.toHaveURL(/kind/);
});

test("counts and histogram come from the server; dragging over it chooses a time", async ({
  page,
  request,
}) => {
  const job = await submit(request, tone("something to count"));
  await ended(request, job.id);
  await page.goto("/?created_after=-1h");
  const chart = page.getByTestId("histogram").locator(".u-over");
  await expect(chart).toBeVisible();
  await expect(page.getByRole("button", { name: /^Succeeded [1-9]/ })).toBeVisible();
  const box = await chart.boundingBox();
  if (box === null) throw new Error("the chart has no place");
  await page.mouse.move(box.x + box.width * 0.8, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 40, { steps: 4 });
  await page.mouse.move(box.x + box.width - 1, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/created_after=2.*created_before=2/);
  // The bars now are those of the chosen time, and the list agrees with the counts.
  await expect(rowOf(page, job)).toBeVisible();

  await page.getByRole("button", { name: /–/ }).first().click();
  await page.getByRole("menuitem", { name: "Last 7 days" }).click();
  await expect(page).toHaveURL(/created_after=-7d/);
  await expect(page).not.toHaveURL(/created_before/);
  await page.getByRole("button", { name: "Last 7 days", exact: true }).click();
  await page.getByRole("menuitem", { name: /From/ }).click();
  await page.getByLabel("From").fill("2020-01-01T00:00");
  await page.getByLabel("To").fill("2020-01-02T00:00");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(page.getByText("No job matches")).toBeVisible();
});

test("keys alone: search, walk, select, open, and come back", async ({ page, request }) => {
  const spec = ownLabel();
  await submitMany(request, 3, spec);
  await allEnded(request, spec);
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type(spec);
  await expect(page).toHaveURL(new RegExp(`q=${spec}`));
  await expect(rowsOf(page, spec)).toHaveCount(3);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const second = rowsOf(page, spec).nth(1).getByRole("link");
  await expect(second).toBeFocused();
  await page.keyboard.press("x");
  await expect(page.getByText("1 job selected")).toBeVisible();
  await page.keyboard.press("k");
  await page.keyboard.press("Shift+X");
  await expect(page.getByText("2 jobs selected")).toBeVisible();
  const href = await rowsOf(page, spec).first().getByRole("link").getAttribute("href");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`${href ?? "?"}$`));
  await page.goBack();
  await expect(rowsOf(page, spec)).toHaveCount(3);
});

test("many are deleted in one order, and the count is asked for first", async ({ page, request }) => {
  const spec = ownLabel();
  await submitMany(request, 3, spec);
  await allEnded(request, spec);
  await page.goto(`/?label=spec:${spec}`);
  await expect(rowsOf(page, spec)).toHaveCount(3);
  await page
    .getByRole("checkbox", { name: /^Select job/ })
    .first()
    .click();
  await page
    .getByRole("checkbox", { name: /^Select job/ })
    .nth(1)
    .click({ modifiers: ["Shift"] });
  await expect(page.getByText("2 jobs selected")).toBeVisible();

  await page.getByRole("button", { name: "Cancel…" }).click();
  await expect(page.getByText("All 2 jobs ended already and will be left alone.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Cancel 0 jobs/ })).toBeDisabled();
  await page.getByRole("button", { name: "Leave them" }).click();

  await page.getByRole("button", { name: "Delete…" }).click();
  await expect(page.getByRole("dialog", { name: "Delete 2 jobs?" })).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "Delete 2 jobs" }).click();
  await expect(page.getByText("2 jobs deleted").first()).toBeVisible({ timeout: 30_000 });
  await expect(rowsOf(page, spec)).toHaveCount(1);
  await expect(page.getByText("2 jobs selected")).toBeHidden();
});

test("all that match: more than were shown", async ({ page, request }) => {
  const spec = ownLabel();
  await submitMany(request, 120, spec);
  await page.goto(`/?label=spec:${spec}`);
  await expect(rowsOf(page, spec).nth(10)).toBeVisible();

  await test.step("further down new jobs are announced, not put in", async () => {
    await page.mouse.move(700, 700);
    await page.mouse.wheel(0, 2500);
    await expect(page.getByRole("row", { name: new RegExp(`Text 60 of ${spec}`) })).toBeVisible();
    const late = await submit(request, tone(`Late of ${spec}`, {}, { labels: { spec } }));
    await page.getByRole("button", { name: "New jobs" }).click();
    await expect(rowOf(page, late)).toBeVisible();
    await allEnded(request, spec);
  });

  await page.reload();
  await page.getByRole("checkbox", { name: /^Select all 100 shown/ }).click();
  await page.getByRole("button", { name: "Select all that match" }).click();
  await expect(page.getByText("All 121 jobs that match")).toBeVisible();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete 121 jobs" }).click();
  await expect(page.getByText("121 jobs deleted").first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("No job matches")).toBeVisible();
});

test("columns are chosen, and remembered", async ({ page, request }) => {
  const job = await submit(request, tone("columns"));
  await page.goto("/");
  await expect(page.getByRole("columnheader", { name: "Tries" })).toHaveCount(0);
  await page.getByRole("button", { name: "Choose columns" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Tries" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Id", exact: true }).click();
  await page.keyboard.press("Escape");
  await page.reload();
  await expect(page.getByRole("columnheader", { name: "Tries" })).toBeVisible();
  await expect(rowOf(page, job)).toContainText(job.id);
  await page.getByRole("button", { name: "Choose columns" }).click();
  await page.getByRole("menuitem", { name: "As they were at first" }).click();
  await expect(page.getByRole("columnheader", { name: "Tries" })).toHaveCount(0);
});

test("a view is saved, gone back to, renamed and deleted", async ({ page }) => {
  await page.goto("/?status=failed&status=expired&created_after=-24h");
  await page.getByRole("button", { name: "Save view" }).click();
  await page.getByLabel("Name").fill("Went wrong");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const views = page.getByRole("navigation", { name: "Views" });
  await views.getByRole("link", { name: "All jobs" }).click();
  await expect(page).not.toHaveURL(/status/);
  await page.reload();
  await views.getByRole("link", { name: "Went wrong" }).click();
  await expect(page).toHaveURL(/status=failed&status=expired&created_after=-24h/);
  await page.getByRole("button", { name: "Change the view Went wrong" }).click();
  await page.getByRole("menuitem", { name: "Rename…" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Trouble");
  await page.getByRole("button", { name: "Rename" }).click();
  await expect(views.getByRole("link", { name: "Trouble" })).toHaveAttribute("aria-current", "true");
  await page.getByRole("button", { name: "Change the view Trouble" }).click();
  await page.getByRole("menuitem", { name: "Delete this view" }).click();
  await expect(views.getByRole("link", { name: "Trouble" })).toHaveCount(0);
});

for (const theme of ["light", "dark"] as const)
  test(`selected rows and cards are accessible in the ${theme} theme`, async ({ page, request }) => {
    await useTheme(page, theme);
    const spec = ownLabel();
    const [job] = await submitMany(request, 1, spec);
    await ended(request, job?.id ?? "");
    await page.goto(`/?label=spec:${spec}`);
    await page.getByRole("checkbox", { name: /^Select job/ }).click();
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect(page.getByRole("listitem").filter({ hasText: spec })).toBeVisible();
    await accessible(page);
  });
