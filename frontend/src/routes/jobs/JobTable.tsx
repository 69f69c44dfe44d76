import { useTable } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { indexOf } from "@/nouns/job/list";
import type { JobRow } from "@/nouns/job/row";
import { useKeys } from "@/shell/keys";
import { Failure, Loading, Skeleton } from "@/ui/States";
import { columns, face, features } from "./columns";
import { Head } from "./Head";
import type { ListKeeper } from "./keeper";
import { Card, CARD_HEIGHT, Line, LINE_HEIGHT } from "./Rows";
import { isPicked, type useSelection } from "./selection";
import { useMedia } from "./useMedia";

interface Props {
  rows: readonly JobRow[];
  /** Whether all rows are there, and how to have more of them. */
  complete: boolean;
  more: () => void;
  moreError: Error | null;
  visibility: Record<string, boolean>;
  keeper: ListKeeper;
  picking: ReturnType<typeof useSelection>;
}

/** Rows drawn beyond the screen, and rows before the end at which more are read. */
const OVERSCAN = 8;
const AHEAD = 60;
/** Heights of what stays above and below the rows while they scroll: a row that gets the focus must not hide there. */
const ABOVE = 96;
const BELOW = 72;

/** The job that the keys were at: whoever comes back from it goes on there. */
let lastActive = "";

/**
 * The rows: only those on the screen are drawn, placed by their number. The table library sees no others, so that its
 * work does not grow with the list.
 */
export function JobTable({ rows, complete, more, moreError, visibility, keeper, picking }: Props) {
  const wide = useMedia("(min-width: 1100px)");
  const height = wide ? LINE_HEIGHT : CARD_HEIGHT;
  const body = useRef<HTMLDivElement>(null);
  const margin = useTopOf(body);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: OVERSCAN,
    scrollMargin: margin,
    scrollPaddingStart: ABOVE,
    scrollPaddingEnd: BELOW,
    useFlushSync: false,
  });
  useEffect(() => virtual.measure(), [virtual, height]);

  const items = virtual.getVirtualItems();
  const start = items[0]?.index ?? 0;
  const end = (items.at(-1)?.index ?? -1) + 1;
  const table = useTable({
    features,
    columns,
    data: rows.slice(start, end),
    getRowId: (row) => row.id,
    state: { columnVisibility: visibility },
  });

  const first = virtual.range?.startIndex ?? 0;
  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => keeper.look({ first, last, atTop: first <= 2 }), [keeper, first, last]);
  useEffect(() => {
    if (!complete && moreError === null && last >= rows.length - AHEAD) more();
  }, [complete, moreError, last, rows.length, more]);

  const { active, link } = useActive(rows, first, (index) => virtual.scrollToIndex(index), picking.pick);
  const ids = table.getVisibleLeafColumns().map((column) => column.id);
  const template = ["1.25rem", ...ids.map((id) => face(id).width)].join(" ");
  const RowView = wide ? Line : Card;
  const drawn = table
    .getRowModel()
    .rows.map((row, place) => (
      <RowView
        key={row.id}
        row={row}
        index={start + place}
        top={(start + place) * height}
        template={template}
        picked={isPicked(picking.selection, row.id)}
        active={row.id === active}
        onPick={picking.pick}
        link={link}
      />
    ));
  const tall = { height: rows.length * height };
  return (
    <>
      {wide ? (
        <div role="table" aria-label="Jobs" aria-rowcount={complete ? rows.length + 1 : -1}>
          <Head ids={ids} template={template} body={body} rows={rows} picking={picking} />
          <div ref={body} role="rowgroup" className="overflow-x-auto overflow-y-hidden">
            <div role="presentation" className="relative" style={{ ...tall, minWidth: leastWidth(ids) }}>
              {drawn}
            </div>
          </div>
        </div>
      ) : (
        <div
          ref={body}
          role="list"
          aria-label="Jobs"
          className="relative overflow-hidden rounded-t-lg"
          style={tall}
        >
          {drawn}
        </div>
      )}
      <End complete={complete} count={rows.length} error={moreError} more={more} />
    </>
  );
}

/** What is below the last row: more that comes, the end, or what went wrong. */
function End({
  complete,
  count,
  error,
  more,
}: {
  complete: boolean;
  count: number;
  error: Error | null;
  more: () => void;
}) {
  if (error !== null) return <Failure error={error} onRetry={more} className="m-3" />;
  if (complete)
    return count > 50 ? <p className="py-4 text-center text-xs text-muted">That is the oldest job.</p> : null;
  return (
    <Loading what="more jobs">
      <div className="flex flex-col gap-3 p-3">
        {[0, 1, 2].map((number) => (
          <Skeleton key={number} className="h-5" />
        ))}
      </div>
    </Loading>
  );
}

/** The row that the keys are at: j and k move it and the focus, x picks it. */
function useActive(
  rows: readonly JobRow[],
  first: number,
  show: (index: number) => void,
  pick: (id: string, range: boolean) => void,
) {
  const [active, setActive] = useState(lastActive);
  const wanted = useRef("");
  const go = (by: number): void => {
    const place = indexOf(rows, active);
    const next = place < 0 ? Math.max(0, first) : Math.min(rows.length - 1, Math.max(0, place + by));
    const row = rows[next];
    if (row === undefined) return;
    lastActive = row.id;
    setActive(row.id);
    show(next);
    const link = document.querySelector<HTMLElement>(`[data-job="${row.id}"]`);
    if (link === null) wanted.current = row.id;
    else link.focus({ preventScroll: true });
  };
  /** Rows that are not drawn yet get the focus when they are. */
  const link = useCallback((node: HTMLAnchorElement | null) => {
    if (node?.dataset.job !== wanted.current) return;
    wanted.current = "";
    node.focus({ preventScroll: true });
  }, []);
  useKeys({
    j: () => go(1),
    k: () => go(-1),
    x: (event) => {
      if (indexOf(rows, active) >= 0) pick(active, event.shiftKey);
    },
    X: () => {
      if (indexOf(rows, active) >= 0) pick(active, true);
    },
  });
  return { active, link };
}

/** How far below the top of the page an element begins, in pixels, kept up when what is above it grows. */
function useTopOf(element: React.RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = (): void => {
      if (element.current !== null)
        setTop(Math.round(element.current.getBoundingClientRect().top + window.scrollY));
    };
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(document.body);
    return () => watcher.disconnect();
  }, [element]);
  return top;
}

function leastWidth(ids: readonly string[]): string {
  const widths = ids.map((id) => parseFloat(/[\d.]+(?=rem)/.exec(face(id).width)?.[0] ?? "0"));
  // Gaps of 0.75 rem between the columns, the box to tick, and the space at both ends.
  return `${widths.reduce((sum, width) => sum + width + 0.75, 2.75)}rem`;
}
