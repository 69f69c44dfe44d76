import { expect, test } from "@playwright/test";
import { accessible, ended, kill, submit, tone, useTheme } from "./stack";

const PAGES = [
  ["/", "Jobs"],
  ["/speak", "Speak"],
  ["/transcribe", "Transcribe"],
  ["/system", "System"],
] as const;

for (const theme of ["light", "dark"] as const)
  for (const [path, title] of PAGES)
    test(`${title} is accessible in the ${theme} theme, wide and narrow`, async ({ page }) => {
      await useTheme(page, theme);
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
      await accessible(page);
      await page.setViewportSize({ width: 360, height: 740 });
      await accessible(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, "the page scrolls sideways at 360 px").toBeLessThanOrEqual(360);
    });

test("nothing breaks the content security policy, and nothing comes from elsewhere", async ({
  page,
  baseURL,
}) => {
  const broken: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") broken.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== baseURL) broken.push(request.url());
  });
  for (const [path] of PAGES) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(broken).toEqual([]);
});

test("the first load is at most 250 kB of compressed script", async ({ browser }) => {
  for (const [path] of PAGES) {
    let bytes = 0;
    const sizes: Promise<void>[] = [];
    // Nothing is kept from the page before.
    const page = await browser.newPage();
    page.on("response", (response) => {
      if (response.request().resourceType() !== "script") return;
      sizes.push(
        response
          .request()
          .sizes()
          .then(({ responseBodySize }) => void (bytes += responseBodySize)),
      );
    });
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator("[data-live=live]")).toBeVisible();
    await Promise.all(sizes);
    expect(bytes, path).toBeGreaterThan(50_000);
    expect(bytes, path).toBeLessThanOrEqual(250_000);
    await page.close();
  }
});

test("each page names its route's own scripts, so that they are loaded at once", async ({
  page,
  request,
}) => {
  for (const [path, title] of PAGES) {
    const html = await (await request.get(path)).text();
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1, name: title, exact: true })).toBeVisible();
    const own = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .map(({ name }) => new URL(name).pathname)
        .filter((name) => name.startsWith("/assets/Page-")),
    );
    expect(own).toHaveLength(1);
    expect(html).toContain(`<link rel="modulepreload" crossorigin href="${own[0] ?? ""}">`);
  }
});

test("keys alone: go to pages, open the palette, find a job, see the list of keys", async ({
  page,
  request,
}) => {
  const { id } = await submit(request, tone("keys"));
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("y");
  await expect(page).toHaveURL(/\/system/);
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/\/speak/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/jobs/${id}`));
  await page.goBack();
  await expect(page).toHaveURL(/\/speak/);
});

test("the badge is true: live, the API killed, live again, and what happened meanwhile is shown", async ({
  page,
  request,
}) => {
  await page.goto("/");
  const badge = page.locator("[data-live]");
  await expect(badge).toHaveAttribute("data-live", "live");
  kill("api");
  await expect(badge).not.toHaveAttribute("data-live", "live");
  await expect(badge).toHaveAttribute("data-live", "live", { timeout: 60_000 });
  const job = await submit(request, tone("after the kill", {}, { labels: { spec: `kill-${Date.now()}` } }));
  await ended(request, job.id);
  await expect(page.locator(`a[href="/jobs/${job.id}"]`).first()).toBeVisible();
});
