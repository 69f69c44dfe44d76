import { useEffect, useRef, type RefObject } from "react";
import type { JobRow } from "@/nouns/job/row";
import { cx } from "@/ui/cx";
import { Tip } from "@/ui/Tip";
import { Check } from "./Check";
import { face } from "./columns";
import { isNothing, type useSelection } from "./selection";

interface Props {
  ids: readonly string[];
  template: string;
  /** The rows, whose sideways scrolling the head follows: it cannot be inside, it has to stay at the page's top. */
  body: RefObject<HTMLElement | null>;
  rows: readonly JobRow[];
  picking: ReturnType<typeof useSelection>;
}

/** The names of the columns. */
export function Head({ ids, template, body, rows, picking }: Props) {
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const scroller = body.current;
    if (scroller === null) return;
    const follow = (): void => {
      if (head.current !== null) head.current.scrollLeft = scroller.scrollLeft;
    };
    follow();
    scroller.addEventListener("scroll", follow, { passive: true });
    return () => scroller.removeEventListener("scroll", follow);
  }, [body, template]);
  const { selection } = picking;
  const some = !isNothing(selection);
  return (
    <div
      ref={head}
      role="rowgroup"
      className="sticky top-13 z-10 overflow-hidden rounded-t-lg border-b bg-surface text-xs text-muted"
    >
      <div
        role="row"
        aria-rowindex={1}
        className="grid h-9 items-center gap-3 px-3"
        style={{ gridTemplateColumns: template }}
      >
        <div role="columnheader">
          <Check
            checked={selection.all ? true : some ? "mixed" : false}
            label={some ? "Select none" : `Select all ${rows.length} shown`}
            className="-ml-1"
            onToggle={() => (some ? picking.clear() : picking.pickShown())}
          />
        </div>
        {ids.map((id) => {
          const { label, hint, right } = face(id);
          const name = <span className={cx(hint !== undefined && "cursor-help")}>{label}</span>;
          return (
            <div
              role="columnheader"
              key={id}
              className={cx("truncate font-medium", right === true && "text-right")}
            >
              {hint === undefined ? name : <Tip text={hint}>{name}</Tip>}
            </div>
          );
        })}
      </div>
    </div>
  );
}
