/** How Chromium is started wherever nobody looks at it. */
export const FLAGS = [
  "--no-sandbox",
  "--mute-audio",
  "--autoplay-policy=no-user-gesture-required",
  // There is no GPU to draw with, and all pages are of one server, so processes of their own would only take time.
  "--disable-gpu",
  "--disable-site-isolation-trials",
  "--renderer-process-limit=1",
];
