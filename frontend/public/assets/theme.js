// Runs before the page is painted; src/shell/theme.ts keeps the attribute from then on.
(() => {
  let chosen = "system";
  try {
    chosen = JSON.parse(localStorage.getItem("harmony.theme") ?? "null");
  } catch {
    // Storage is off, or the value is not ours: the system decides.
  }
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
