import { useCallback, useState } from "react";
import { parseSearch } from "@/lib/search";
import { remember, remembered } from "@/lib/storage";
import { addressOf, MANY, type Search } from "./search";

/** Filters under a name; `address` is what they are in an address. */
export interface View {
  name: string;
  address: string;
}

const NAME = "jobs.views";

function isViews(value: unknown): value is View[] {
  return (
    Array.isArray(value) &&
    value.every((each: unknown) => {
      const view = each as Partial<View> | null;
      return typeof view?.name === "string" && typeof view.address === "string";
    })
  );
}

/** The views kept in this browser, and how to change them. */
export function useViews() {
  const [views, setViews] = useState(() => remembered(NAME, isViews, []));
  const change = useCallback((how: (before: View[]) => View[]) => {
    setViews((before) => {
      const after = how(before);
      remember(NAME, after);
      return after;
    });
  }, []);
  return {
    views,
    /** Keeps the filters under a name; a view of that name is replaced. */
    save: (name: string, search: Search) =>
      change((before) => {
        const view = { name, address: addressOf(search) };
        return before.some((each) => each.name === name)
          ? before.map((each) => (each.name === name ? view : each))
          : [...before, view];
      }),
    rename: (name: string, to: string) =>
      change((before) =>
        before
          .filter((each) => each.name === name || each.name !== to)
          .map((each) => (each.name === name ? { ...each, name: to } : each)),
      ),
    remove: (name: string) => change((before) => before.filter((each) => each.name !== name)),
  };
}

/** The address of a view. */
export function searchOf(view: View): Search {
  const raw = parseSearch(view.address);
  const one = (name: string): string | undefined => [raw[name] ?? []].flat()[0];
  return {
    ...Object.fromEntries(MANY.map((name) => [name, [raw[name] ?? []].flat()])),
    q: one("q"),
    created_after: one("created_after"),
    created_before: one("created_before"),
    view: view.name,
  };
}
