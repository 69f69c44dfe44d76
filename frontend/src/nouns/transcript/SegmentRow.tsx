import { Pencil } from "lucide-react";
import { memo, useEffect, useMemo, useRef, useState, useSyncExternalStore, type RefObject } from "react";
import type { Segment } from "@/api/types";
import { position } from "@/lib/time";
import type { Clock } from "@/nouns/audio/clock";
import { cx } from "@/ui/cx";
import { IconButton } from "@/ui/IconButton";
import { withText } from "./edit";
import { indexAt, piecesOf } from "./words";

interface Props {
  segment: Segment;
  at: number;
  /** Of the segment that is spoken now; null for all others. */
  clock: Clock | null;
  box: RefObject<HTMLDivElement | null>;
  following: boolean;
  onEdit: ((changed: Segment, at: number) => void) | undefined;
}

/** How a segment lies, whether its words can be heard yet or not. */
export const ROW = "group grid grid-cols-[3.5rem_1fr_auto] gap-x-3 rounded-md px-2 py-1 text-base";
export const TIME = "h-6 self-start text-right text-xs leading-6 text-muted tabular-nums";

const NEVER = (): (() => void) => () => undefined;

/** One segment: its time, its words, and a field for its text while it is edited. */
export const SegmentRow = memo(function SegmentRow({ segment, at, clock, box, following, onEdit }: Props) {
  const row = useRef<HTMLLIElement>(null);
  const [editing, setEditing] = useState(false);
  const words = segment.words ?? [];
  const spoken = useSyncExternalStore(clock?.watch ?? NEVER, () =>
    clock === null ? -1 : indexAt(words, clock.now()),
  );
  useFollowing(row, box, clock !== null && following, spoken);
  return (
    <li
      ref={row}
      aria-current={clock !== null && words.length === 0 ? "true" : undefined}
      className={cx(ROW, clock !== null && "bg-sunken")}
    >
      <button
        type="button"
        data-start={segment.start}
        aria-label={`Play from ${position(segment.start)}`}
        className={cx(TIME, "hover:text-accent hover:underline")}
      >
        {position(segment.start)}
      </button>
      {editing ? (
        <Editor
          text={segment.text ?? ""}
          onDone={(text) => {
            setEditing(false);
            if (text !== null && text !== segment.text) onEdit?.(withText(segment, text), at);
          }}
        />
      ) : (
        <p className="min-w-0 wrap-break-word" onDoubleClick={() => onEdit !== undefined && setEditing(true)}>
          {words.length > 0 ? (
            <Words segment={segment} spoken={spoken} />
          ) : (
            <span data-start={segment.start} className="cursor-pointer">
              {segment.text}
            </span>
          )}
        </p>
      )}
      {onEdit !== undefined && !editing && (
        <IconButton
          label={`Edit the text at ${position(segment.start)}`}
          small
          onClick={() => setEditing(true)}
          className="-my-0.5 opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
        >
          <Pencil aria-hidden />
        </IconButton>
      )}
    </li>
  );
});

function Words({ segment, spoken }: { segment: Segment; spoken: number }) {
  const pieces = useMemo(() => piecesOf(segment), [segment]);
  const current = segment.words?.[spoken];
  return pieces.map((piece, number) =>
    piece.word === null ? (
      piece.text
    ) : (
      <span
        key={number}
        role="button"
        tabIndex={-1}
        data-start={piece.word.start}
        aria-current={piece.word === current ? "true" : undefined}
        className={cx(
          "cursor-pointer rounded-sm hover:bg-accent-soft",
          piece.word === current && "bg-accent text-on-accent hover:bg-accent",
        )}
      >
        {piece.text}
      </span>
    ),
  );
}

function Editor({ text, onDone }: { text: string; onDone: (text: string | null) => void }) {
  const [value, setValue] = useState(text.trim());
  return (
    <textarea
      // The field appears because somebody asked to edit here.
      autoFocus
      aria-label="Text of this segment; Enter keeps it, Escape leaves it as it was"
      value={value}
      rows={Math.max(2, Math.ceil(value.length / 70))}
      onChange={(event) => setValue(event.target.value)}
      onBlur={() => onDone(value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") onDone(null);
        if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
        event.preventDefault();
        onDone(value);
      }}
      className="w-full resize-y rounded-md border border-line-strong bg-surface px-2 py-1 text-base"
    />
  );
}

/** Keeps what is spoken in the upper half of the box; the page itself is never scrolled. */
function useFollowing(
  row: RefObject<HTMLElement | null>,
  box: RefObject<HTMLElement | null>,
  on: boolean,
  spoken: number,
): void {
  useEffect(() => {
    const frame = box.current;
    if (!on || frame === null || row.current === null) return;
    const target = row.current.querySelector('[aria-current="true"]') ?? row.current;
    const inside = target.getBoundingClientRect();
    const outside = frame.getBoundingClientRect();
    if (inside.top >= outside.top && inside.bottom <= outside.bottom - 24) return;
    frame.scrollBy({ top: inside.top - outside.top - frame.clientHeight / 3 });
  }, [row, box, on, spoken]);
}
