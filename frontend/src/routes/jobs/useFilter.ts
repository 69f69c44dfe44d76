import { useEffect, useMemo, useState } from "react";
import type { JobFilter } from "@/nouns/job/list";
import { addressOf, filterOf, PRESETS, type Search } from "./search";

const MINUTE = 60_000;
/** A stretch that ends now may begin this part of its length too early before it is moved on. */
const SLACK = 1 / 12;

/**
 * The filters of the address, as the API is asked for them. “Last hour” moves on while the page is open, but only for
 * a reader at the head of the list: further down the rows would be lost.
 */
export function useFilter(search: Search): JobFilter {
  const address = addressOf(search);
  const [now, setNow] = useState(Date.now);
  const length = PRESETS.find(({ name }) => name === search.created_after)?.length;
  useEffect(() => {
    if (length === undefined) return;
    const timer = window.setInterval(() => {
      if (!document.hidden && window.scrollY < window.innerHeight / 2)
        setNow((before) => (Date.now() - before > length * SLACK ? Date.now() : before));
    }, MINUTE);
    return () => window.clearInterval(timer);
  }, [length]);
  // The same address is the same filter: lists are kept under it.
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the address says all that is in the search
  return useMemo(() => filterOf(search, now), [address, now]);
}
