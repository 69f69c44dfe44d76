import { X } from "lucide-react";
import { Button } from "@/ui/Button";
import { isCounted, type Search } from "./search";
import { chipsOf } from "./words";

/** What is filtered by, each to be taken off; why there are no counts, if there are none. */
export function ActiveFilters({ search, onChange }: { search: Search; onChange: (search: Search) => void }) {
  const chips = chipsOf(search);
  if (chips.length === 0) return null;
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5" role="group" aria-label="Filters that are on">
      {chips.map((chip) => (
        <button
          key={chip.key}
          type="button"
          onClick={() => onChange(chip.without)}
          aria-label={`Remove the filter ${chip.text}`}
          className="inline-flex h-7 max-w-full items-center gap-1 rounded-md border bg-surface pr-1.5 pl-2 text-xs hover:border-line-strong"
        >
          <span className="truncate">{chip.text}</span>
          <X className="size-3.5 shrink-0 text-muted" aria-hidden />
        </button>
      ))}
      <Button small look="quiet" onClick={() => onChange({ view: search.view })}>
        Clear all
      </Button>
      {!isCounted(search) && (
        <p className="text-xs text-muted">
          Counts and histogram are not kept by label, text or error, so they are hidden.
        </p>
      )}
    </div>
  );
}
