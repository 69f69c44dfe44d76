import { useSyncExternalStore } from "react";
import { remember, remembered } from "@/lib/storage";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const listeners = new Set<() => void>();
const system = window.matchMedia("(prefers-color-scheme: dark)");
let chosen = remembered("theme", isTheme, "system");

system.addEventListener("change", apply);

function isTheme(value: unknown): value is Theme {
  return THEMES.some((theme) => theme === value);
}

function apply(): void {
  const dark = chosen === "dark" || (chosen === "system" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

/** The theme chosen, and how to choose another. `public/assets/theme.js` applies it before the first paint. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, () => chosen);
  return [theme, choose];
}

function choose(theme: Theme): void {
  chosen = theme;
  remember("theme", theme);
  apply();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
