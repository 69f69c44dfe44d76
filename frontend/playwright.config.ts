import { defineConfig } from "@playwright/test";
import { FLAGS } from "./e2e/browser.ts";

/**
 * The pages in Debian's Chromium against a running stack (HARMONY_URL) with real models. tests/frontend starts one
 * and runs each file of e2e/; by hand: `make up`, then `HARMONY_URL=http://127.0.0.1:8000 npm run e2e`.
 */
export default defineConfig({
  testDir: "e2e",
  fullyParallel: false,
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    baseURL: process.env.HARMONY_URL ?? "http://127.0.0.1:8000",
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    timezoneId: "UTC",
    // Recording every frame slows what is watched: by hand, with TRACE=1.
    trace: process.env.TRACE === undefined ? "off" : "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Sound is decoded but not played, and whatever asks for a microphone gets a file.
      args: FLAGS,
    },
  },
});
