import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Keyboard, Moon, Search, Sun, SunMoon } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { patiently } from "@/lib/patiently";
import { useLiveJobs } from "@/nouns/job/live";
import { Dialog } from "@/ui/Dialog";
import { IconButton } from "@/ui/IconButton";
import { Menu, MenuCheck } from "@/ui/Menu";
import { useKeys } from "./keys";
import { LiveBadge } from "./LiveBadge";
import { Offline } from "./Offline";
import { KEYS, PAGES } from "./pages";
import { THEMES, useTheme } from "./theme";

const Palette = lazy(() => patiently(() => import("./Palette")));

/** The frame around every page: where one can go, how fresh the page is, and the keys that work everywhere. */
export function Shell() {
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  useLiveJobs();
  useKeys({
    "mod+k": () => setPalette((open) => !open),
    "?": () => setHelp(true),
    "/": () => document.querySelector<HTMLElement>("[data-main-field]")?.focus(),
    ...Object.fromEntries(PAGES.map((page) => [page.keys, () => void navigate({ to: page.to })])),
  });
  return (
    <div className="min-h-dvh pb-16 md:pb-0 md:pl-52">
      <a
        href="#page"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <Side />
      <header className="sticky top-0 z-20 flex h-13 items-center gap-2 border-b bg-canvas/95 px-4 backdrop-blur-sm md:px-6">
        <Link to="/" className="flex items-center gap-2 font-semibold md:hidden">
          <img src="/assets/harmony.svg" alt="" className="size-6" /> Harmony
        </Link>
        <button
          type="button"
          onClick={() => setPalette(true)}
          className="ml-auto hidden h-8 items-center gap-2 rounded-md border bg-surface px-2.5 text-sm text-muted hover:border-line-strong sm:inline-flex md:ml-0 md:w-64"
        >
          <Search className="size-4" aria-hidden /> Go anywhere
          <kbd className="ml-auto font-sans text-xs">Ctrl K</kbd>
        </button>
        <div className="ml-auto flex items-center gap-1">
          <LiveBadge />
          <ThemeMenu />
          <IconButton label="Keys" className="hidden sm:inline-flex" onClick={() => setHelp(true)}>
            <Keyboard aria-hidden />
          </IconButton>
        </div>
      </header>
      <Offline />
      <main id="page" tabIndex={-1} className="mx-auto max-w-350 px-4 py-5 outline-none md:px-6 md:py-6">
        <Outlet />
      </main>
      <Bottom />
      {palette && (
        <Suspense fallback={null}>
          <Palette open onOpenChange={setPalette} />
        </Suspense>
      )}
      <Dialog open={help} onOpenChange={setHelp} title="Keys">
        <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">
          {KEYS.map(([keys, what]) => (
            <div key={keys} className="contents">
              <dt>
                <kbd className="rounded-sm border bg-sunken px-1.5 py-0.5 font-mono text-xs">{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
    </div>
  );
}

const LINK =
  "flex items-center gap-2.5 rounded-md text-sm font-medium text-muted hover:bg-sunken hover:text-ink [&_svg]:size-4.5";

function Side() {
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-y-0 left-0 z-30 hidden w-52 flex-col border-r bg-surface p-3 md:flex"
    >
      <Link
        to="/"
        className="mb-5 flex items-center gap-2.5 px-2 pt-1 text-base font-semibold tracking-tight"
      >
        <img src="/assets/harmony.svg" alt="" className="size-7" /> Harmony
      </Link>
      <ul className="flex flex-col gap-0.5">
        {PAGES.map((page) => (
          <li key={page.to}>
            <Link
              to={page.to}
              activeOptions={{ exact: page.to === "/", includeSearch: false }}
              activeProps={{ className: "bg-accent-soft !text-accent-strong", "aria-current": "page" }}
              className={`${LINK} h-9 px-2.5`}
            >
              {page.icon}
              {page.label}
            </Link>
          </li>
        ))}
      </ul>
      <div className="mt-auto flex flex-col px-2.5 text-xs text-muted">
        <a href="/docs" className="py-1 hover:text-ink hover:underline">
          API, interactive
        </a>
        <a href="/redoc" className="py-1 hover:text-ink hover:underline">
          API reference
        </a>
      </div>
    </nav>
  );
}

function Bottom() {
  return (
    <nav aria-label="Pages" className="fixed inset-x-0 bottom-0 z-30 border-t bg-surface md:hidden">
      <ul className="grid grid-cols-4">
        {PAGES.map((page) => (
          <li key={page.to}>
            <Link
              to={page.to}
              activeOptions={{ exact: page.to === "/", includeSearch: false }}
              activeProps={{ className: "!text-accent-strong", "aria-current": "page" }}
              className="flex h-14 flex-col items-center justify-center gap-1 text-xs font-medium text-muted [&_svg]:size-5"
            >
              {page.icon}
              {page.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const ICONS = { system: <SunMoon aria-hidden />, light: <Sun aria-hidden />, dark: <Moon aria-hidden /> };

function ThemeMenu() {
  const [theme, setTheme] = useTheme();
  return (
    <Menu
      end
      trigger={
        <button
          type="button"
          aria-label="Theme"
          className="inline-flex size-9 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink [&_svg]:size-4"
        >
          {ICONS[theme]}
        </button>
      }
    >
      {THEMES.map((each) => (
        <MenuCheck key={each} checked={each === theme} onChange={() => setTheme(each)}>
          {each === "system" ? "As the system" : each === "dark" ? "Dark" : "Light"}
        </MenuCheck>
      ))}
    </Menu>
  );
}
