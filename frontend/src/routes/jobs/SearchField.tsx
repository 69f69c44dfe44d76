import { Search as Glass, X } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "@/ui/IconButton";
import { Input } from "@/ui/Field";

const PAUSE = 250;
const LONGEST = 256;

/** The text that ids and labels are to begin with; asked for when the reader pauses. */
export function SearchField({ text, onSearch }: { text: string; onSearch: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const [shown, setShown] = useState(text);
  // The address changed by other means: a chip was removed, Back was pressed.
  if (shown !== text) {
    setShown(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = window.setTimeout(() => onSearch(typed.trim()), PAUSE);
    return () => window.clearTimeout(timer);
  }, [typed, text, onSearch]);
  return (
    <div role="search" className="relative min-w-0 flex-1 basis-60">
      <Glass aria-hidden className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-faint" />
      <Input
        data-main-field
        type="text"
        inputMode="search"
        aria-label="Search jobs by the beginning of an id or of a label’s value"
        placeholder="Id or label begins with…"
        maxLength={LONGEST}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onSearch(typed.trim());
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        className="pr-8 pl-8"
      />
      {typed !== "" && (
        <IconButton
          small
          label="Clear the search"
          className="absolute top-1 right-1"
          onClick={() => {
            setTyped("");
            onSearch("");
          }}
        >
          <X aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
