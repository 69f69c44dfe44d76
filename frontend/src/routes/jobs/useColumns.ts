import type { ColumnVisibilityState } from "@tanstack/react-table";
import { useCallback, useState } from "react";
import { remember, remembered } from "@/lib/storage";
import { COLUMN_IDS, FACES } from "./columns";
import { useMedia } from "./useMedia";

const NAME = "jobs.columns";

function isVisibility(value: unknown): value is ColumnVisibilityState {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((on) => typeof on === "boolean")
  );
}

/** Which columns are shown; chosen by the reader and remembered in this browser. */
export function useColumns() {
  const [chosen, setChosen] = useState(() => remembered(NAME, isVisibility, {}));
  // Until the reader chooses, what is least needed makes room on a small screen.
  const roomy = useMedia("(min-width: 1400px)");
  const visibility: ColumnVisibilityState = Object.fromEntries(
    COLUMN_IDS.map((id) => [id, chosen[id] ?? (FACES[id].shown && (roomy || id !== "labels"))]),
  );
  const choose = useCallback((id: string, on: boolean) => {
    setChosen((before) => {
      const after = { ...before, [id]: on };
      remember(NAME, after);
      return after;
    });
  }, []);
  const reset = useCallback(() => {
    remember(NAME, {});
    setChosen({});
  }, []);
  return { visibility, choose, reset };
}
