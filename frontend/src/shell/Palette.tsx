import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Moon, Search, Sun, SunMoon } from "lucide-react";
import { useState } from "react";
import { statusLabel } from "@/nouns/job/status";
import { STATUSES } from "@/api/types";
import { PAGES } from "./pages";
import { THEMES, useTheme } from "./theme";

const ITEM =
  "flex h-9 cursor-pointer items-center gap-3 rounded-md px-3 text-sm data-[selected=true]:bg-sunken [&_svg]:size-4 [&_svg]:text-faint";
const GROUP =
  "[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted";
const THEME_ICONS = {
  system: <SunMoon aria-hidden />,
  light: <Sun aria-hidden />,
  dark: <Moon aria-hidden />,
};

/** Go anywhere, do anything, by typing: pages, jobs by id or label, lists by status, the theme. */
export default function Palette({
  open,
  onOpenChange,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const [text, setText] = useState("");
  const navigate = useNavigate();
  const [, setTheme] = useTheme();
  const go = (action: () => unknown) => () => {
    onOpenChange(false);
    setText("");
    void action();
  };
  const typed = text.trim();
  return (
    <Command.Dialog
      open={open}
      onOpenChange={onOpenChange}
      label="Go anywhere, do anything"
      overlayClassName="fixed inset-0 z-40 bg-shade"
      contentClassName="fixed top-[14vh] left-1/2 z-40 w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 overflow-hidden rounded-lg border bg-raised shadow-raised"
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder="A page, a job’s id, a label, something to do…"
        className="h-12 w-full border-b bg-transparent px-4 text-base outline-none placeholder:text-faint"
      />
      <Command.List className="max-h-[50vh] overflow-y-auto p-1">
        <Command.Empty className="px-3 py-6 text-center text-sm text-muted">
          Nothing of that name.
        </Command.Empty>
        {typed.startsWith("job_") && (
          <Command.Item
            value={typed}
            className={ITEM}
            onSelect={go(() => navigate({ to: "/jobs/$jobId", params: { jobId: typed } }))}
          >
            <Search aria-hidden /> Open {typed}
          </Command.Item>
        )}
        <Command.Group heading="Pages" className={GROUP}>
          {PAGES.map((page) => (
            <Command.Item
              key={page.to}
              value={`${page.label} ${page.about}`}
              className={ITEM}
              onSelect={go(() => navigate({ to: page.to }))}
            >
              {page.icon}
              {page.label}
              <span className="ml-auto text-xs text-muted">{page.keys}</span>
            </Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading="Jobs" className={GROUP}>
          {STATUSES.map((status) => (
            <Command.Item
              key={status}
              value={`Jobs ${statusLabel(status)}`}
              className={ITEM}
              onSelect={go(() => navigate({ to: "/", search: { status: [status] } }))}
            >
              <Search aria-hidden /> {statusLabel(status)} jobs
            </Command.Item>
          ))}
          {typed !== "" && !typed.startsWith("job_") && (
            <Command.Item
              value={`search ${typed}`}
              forceMount
              className={ITEM}
              onSelect={go(() => navigate({ to: "/", search: { q: typed } }))}
            >
              <Search aria-hidden /> Jobs whose id or label begins with “{typed}”
            </Command.Item>
          )}
        </Command.Group>
        <Command.Group heading="Theme" className={GROUP}>
          {THEMES.map((theme) => (
            <Command.Item
              key={theme}
              value={`Theme ${theme}`}
              className={ITEM}
              onSelect={go(() => setTheme(theme))}
            >
              {THEME_ICONS[theme]}{" "}
              {theme === "system" ? "As the system" : theme === "dark" ? "Dark" : "Light"}
            </Command.Item>
          ))}
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}
