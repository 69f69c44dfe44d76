import { Link } from "@tanstack/react-router";
import { Bookmark, Ellipsis, Pencil, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { IconButton } from "@/ui/IconButton";
import { Menu, MenuItem } from "@/ui/Menu";
import { AskText } from "./AskText";
import { addressOf, isFiltered, type Search } from "./search";
import { searchOf, useViews } from "./views";

const TAB =
  "-mb-px inline-flex h-9 shrink-0 items-center border-b-2 px-2.5 text-sm font-medium whitespace-nowrap";
const ON = "border-accent text-ink";
const OFF = "border-transparent text-muted hover:text-ink";

/** All jobs, and the filters that were kept under a name. */
export function Views({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const { views, save, rename, remove } = useViews();
  const [asking, setAsking] = useState<"save" | "rename" | null>(null);
  const shown = views.find((view) => view.name === search.view);
  const edited = shown !== undefined && shown.address !== addressOf(search);
  return (
    <div className="mb-3 flex items-center gap-1 border-b">
      <nav aria-label="Views" className="flex min-w-0 items-center gap-1 overflow-x-auto overflow-y-hidden">
        <Link
          to="/"
          search={{}}
          className={cx(TAB, shown === undefined ? ON : OFF)}
          aria-current={shown === undefined ? "true" : undefined}
        >
          All jobs
        </Link>
        {views.map((view) => (
          <Link
            key={view.name}
            to="/"
            search={searchOf(view)}
            className={cx(TAB, view === shown ? ON : OFF)}
            aria-current={view === shown ? "true" : undefined}
          >
            {view.name}
            {view === shown && edited && <span className="ml-1 font-normal text-muted">(changed)</span>}
          </Link>
        ))}
      </nav>
      {shown !== undefined && (
        <Menu
          trigger={
            <IconButton small label={`Change the view ${shown.name}`}>
              <Ellipsis aria-hidden />
            </IconButton>
          }
        >
          <MenuItem
            icon={<RefreshCw aria-hidden />}
            disabled={!edited}
            onSelect={() => save(shown.name, search)}
          >
            Update to these filters
          </MenuItem>
          <MenuItem icon={<Pencil aria-hidden />} onSelect={() => setAsking("rename")}>
            Rename…
          </MenuItem>
          <MenuItem
            danger
            icon={<Trash2 aria-hidden />}
            onSelect={() => {
              remove(shown.name);
              onChange({ ...search, view: undefined });
            }}
          >
            Delete this view
          </MenuItem>
        </Menu>
      )}
      {isFiltered(search) && (shown === undefined || edited) && (
        <Button
          small
          look="quiet"
          className="ml-auto"
          icon={<Bookmark aria-hidden />}
          onClick={() => setAsking("save")}
        >
          Save view
        </Button>
      )}
      {asking === "save" && (
        <AskText
          title="Save these filters as a view"
          description="It is kept in this browser."
          fields={[{ name: "Name" }]}
          done="Save"
          onClose={() => setAsking(null)}
          onDone={([name = ""]) => {
            save(name, search);
            onChange({ ...search, view: name });
          }}
        />
      )}
      {asking === "rename" && shown !== undefined && (
        <AskText
          title="Rename the view"
          fields={[{ name: "Name", value: shown.name }]}
          done="Rename"
          onClose={() => setAsking(null)}
          onDone={([name = ""]) => {
            rename(shown.name, name);
            onChange({ ...search, view: name });
          }}
        />
      )}
    </div>
  );
}
