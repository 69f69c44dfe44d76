import { memo, useEffect, useRef, useState, type RefObject } from "react";
import type { Segment } from "@/api/types";
import { position } from "@/lib/time";
import type { Clock } from "@/nouns/audio/clock";
import { ROW, SegmentRow, TIME } from "./SegmentRow";

/** Segments in a block: they come near the view together. */
export const BLOCK = 20;

interface Props {
  segments: readonly Segment[];
  /** The place of the first of them in the transcript. */
  first: number;
  /** The one that is spoken now, by its place in the transcript; -1 if it is in another block. */
  current: number;
  clock: Clock;
  box: RefObject<HTMLDivElement | null>;
  following: boolean;
  onEdit: ((changed: Segment, at: number) => void) | undefined;
}

/** Some segments in a row: plain text until they come near the view, then words that can be heard. */
export const Block = memo(function Block({ segments, first, current, clock, box, following, onEdit }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const near = useNear(list, box) || current >= 0;
  return (
    <ol ref={list}>
      {segments.map((segment, place) =>
        near ? (
          <SegmentRow
            key={segment.id ?? place}
            segment={segment}
            at={first + place}
            clock={first + place === current ? clock : null}
            box={box}
            following={following}
            onEdit={onEdit}
          />
        ) : (
          <li key={segment.id ?? place} className={ROW}>
            <span className={TIME}>{position(segment.start)}</span>
            <p className="min-w-0 wrap-break-word">{segment.text}</p>
          </li>
        ),
      )}
    </ol>
  );
});

/** Whether it was ever in or near what is seen of the box: what was, stays as it is, with whatever is typed there. */
function useNear(element: RefObject<HTMLElement | null>, box: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (near || element.current === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting === true) setNear(true);
      },
      { root: box.current, rootMargin: "400px 0px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [near, element, box]);
  return near;
}
