import { useCallback, useMemo, useState } from "react";
import type { JobRow } from "@/nouns/job/row";

/** The most jobs that can be picked one by one: what the API takes in one order. */
export const MOST_PICKED = 1_000;

/** `all`: every job that the filter matches, also those that were never shown. */
export type Selection = { all: true } | { all: false; ids: ReadonlySet<string> };

const NOTHING: Selection = { all: false, ids: new Set() };

export function isPicked(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id);
}

export function isNothing(selection: Selection): boolean {
  return !selection.all && selection.ids.size === 0;
}

/** The selection with a job picked or, if it was, not; of “all”, the rows that are loaded stay picked. */
export function withToggled(selection: Selection, rows: readonly JobRow[], id: string): Selection {
  const ids = new Set(selection.all ? rows.slice(0, MOST_PICKED).map((row) => row.id) : selection.ids);
  if (!ids.delete(id) && ids.size < MOST_PICKED) ids.add(id);
  return { all: false, ids };
}

/** The selection with all rows from one to another picked, whichever is first. */
export function withRange(
  selection: Selection,
  rows: readonly JobRow[],
  from: string,
  to: string,
): Selection {
  if (selection.all) return selection;
  const ends = [from, to].map((id) => rows.findIndex((row) => row.id === id));
  if (ends.some((end) => end < 0)) return withToggled(selection, rows, to);
  const ids = new Set(selection.ids);
  for (const row of rows.slice(Math.min(...ends), Math.max(...ends) + 1))
    if (ids.size < MOST_PICKED) ids.add(row.id);
  return { all: false, ids };
}

/** What is picked of a list, and how it is changed. It is forgotten when the list becomes another. */
export function useSelection(rows: readonly JobRow[], list: string) {
  const [kept, setKept] = useState({ list, selection: NOTHING, last: "" });
  const selection = kept.list === list ? kept.selection : NOTHING;
  const pick = useCallback(
    (id: string, range: boolean) =>
      setKept((before) => {
        const now = before.list === list ? before.selection : NOTHING;
        const after =
          range && before.last !== "" ? withRange(now, rows, before.last, id) : withToggled(now, rows, id);
        return { list, selection: after, last: id };
      }),
    [list, rows],
  );
  return useMemo(
    () => ({
      selection,
      pick,
      clear: () => setKept({ list, selection: NOTHING, last: "" }),
      pickShown: () =>
        setKept({
          list,
          selection: { all: false, ids: new Set(rows.slice(0, MOST_PICKED).map((row) => row.id)) },
          last: "",
        }),
      pickAll: () => setKept({ list, selection: { all: true }, last: "" }),
    }),
    [selection, pick, list, rows],
  );
}
