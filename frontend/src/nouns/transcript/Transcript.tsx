import {
  useCallback,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type MouseEvent,
} from "react";
import type { Segment } from "@/api/types";
import type { Clock } from "@/nouns/audio/clock";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Block, BLOCK } from "./Block";
import { indexAt } from "./words";

interface Props {
  /** In the order of their starts. */
  segments: readonly Segment[];
  /** Where the player is: `const clock = useClock()`, also given to the player as `onTime={clock.set}`. */
  clock: Clock;
  /** A word or a segment was chosen: `(seconds) => player.current?.seek(seconds, true)`. */
  onSeek: (seconds: number) => void;
  /** With it texts can be changed: called with all segments, the changed one new, its words timed anew. */
  onEdit?: (segments: Segment[]) => void;
  className?: string;
}

/**
 * A transcript beside its recording: click a word (or walk to it with the arrow keys and press Enter) and hear it. The
 * word being spoken is marked with aria-current, and kept in view until somebody scrolls elsewhere. An hour of words
 * stays smooth: only segments near the view are cut into words, and only the two that change are drawn anew.
 */
export function Transcript({ segments, clock, onSeek, onEdit, className }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const current = useSyncExternalStore(clock.watch, () =>
    clock.now() > 0 ? indexAt(segments, clock.now()) : -1,
  );
  const blocks = useMemo(
    () =>
      Array.from({ length: Math.ceil(segments.length / BLOCK) }, (_, number) =>
        segments.slice(number * BLOCK, (number + 1) * BLOCK),
      ),
    [segments],
  );
  const hear = useCallback(
    (seconds: number) => {
      setFollowing(true);
      onSeek(seconds);
    },
    [onSeek],
  );
  const edit = useCallback(
    (changed: Segment, at: number) =>
      onEdit?.(segments.map((each, place) => (place === at ? changed : each))),
    [onEdit, segments],
  );
  const away = (): void => setFollowing(false);
  return (
    <div className={cx("relative min-w-0", className)}>
      <div
        ref={box}
        role="region"
        aria-label="Transcript"
        tabIndex={0}
        onWheel={away}
        onTouchMove={away}
        onClick={(event) => heard(event, hear)}
        onKeyDown={(event) => walk(event, hear, away)}
        className="relative max-h-[60vh] overflow-y-auto overscroll-contain rounded-md"
        data-transcript
      >
        {blocks.map((block, number) => {
          const first = number * BLOCK;
          return (
            <Block
              key={first}
              segments={block}
              first={first}
              current={current >= first && current < first + BLOCK ? current : -1}
              clock={clock}
              box={box}
              following={following}
              onEdit={onEdit === undefined ? undefined : edit}
            />
          );
        })}
      </div>
      {!following && current >= 0 && (
        <div className="pointer-events-none absolute inset-x-0 bottom-2 flex justify-center">
          <Button small className="pointer-events-auto shadow-raised" onClick={() => setFollowing(true)}>
            Follow what is spoken
          </Button>
        </div>
      )}
    </div>
  );
}

/** The start of the word or segment that an event is about, as its element says. */
function startOf(target: EventTarget): number | null {
  if (!(target instanceof Element)) return null;
  const start = target.closest<HTMLElement>("[data-start]")?.dataset.start;
  return start === undefined ? null : Number(start);
}

function heard(event: MouseEvent, hear: (seconds: number) => void): void {
  const start = startOf(event.target);
  if (start !== null) hear(start);
}

/** Left and right walk from word to word, Enter and Space play from it. */
function walk(event: KeyboardEvent<HTMLElement>, hear: (seconds: number) => void, away: () => void): void {
  if (event.target instanceof HTMLTextAreaElement) return;
  if (["PageUp", "PageDown", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) away();
  const start = startOf(event.target);
  if ((event.key === "Enter" || event.key === " ") && start !== null) {
    event.preventDefault();
    hear(start);
  }
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-start]")];
  const at = all.findIndex((each) => each === document.activeElement);
  const next = at < 0 ? 0 : at + (event.key === "ArrowRight" ? 1 : -1);
  all[next]?.focus();
  event.preventDefault();
}
