import { columnVisibilityFeature, createColumnHelper, tableFeatures } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { useNow } from "@/lib/clock";
import { number } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { isMoving, ran, waited, type JobRow } from "@/nouns/job/row";
import { KindMark } from "@/nouns/job/status";
import { Time } from "@/ui/Time";
import { RowStatus } from "./RowStatus";

export const features = tableFeatures({ columnVisibilityFeature });
const helper = createColumnHelper<typeof features, JobRow>();

interface Face {
  label: string;
  /** What it means, where the name does not say all. */
  hint?: string;
  width: string;
  right?: boolean;
  /** Shown unless the reader chose otherwise. */
  shown: boolean;
}

/** How the columns look, in their order. */
export const FACES = {
  status: { label: "Status", width: "7.5rem", shown: true },
  kind: { label: "Kind", width: "7.25rem", shown: true },
  what: { label: "What", width: "minmax(11rem,1fr)", shown: true },
  model: { label: "Model", width: "6.5rem", shown: true },
  queue: { label: "Queue", hint: "The queue that the job’s model runs on", width: "5.5rem", shown: false },
  labels: { label: "Labels", width: "7.5rem", shown: true },
  created: { label: "Created", width: "5rem", right: true, shown: true },
  waited: {
    label: "Waited",
    hint: "From the submission to the first step",
    width: "4.5rem",
    right: true,
    shown: true,
  },
  ran: { label: "Ran", hint: "From the first step to the end", width: "4.5rem", right: true, shown: true },
  audio: {
    label: "Audio",
    hint: "Length of the audio made or read",
    width: "4.5rem",
    right: true,
    shown: true,
  },
  factor: {
    label: "RTF",
    hint: "Real-time factor: run time of the model over the length of the audio. Below 1 is faster than real time.",
    width: "3rem",
    right: true,
    shown: true,
  },
  attempts: {
    label: "Tries",
    hint: "Attempts that the hardest step took",
    width: "3.5rem",
    right: true,
    shown: false,
  },
  id: { label: "Id", width: "13rem", shown: false },
} as const satisfies Record<string, Face>;

export type ColumnId = keyof typeof FACES;
export const COLUMN_IDS = Object.keys(FACES) as ColumnId[];

export function face(id: string): Face {
  return FACES[id as ColumnId];
}

const DASH = <span className="text-faint">–</span>;

/** A cell whose value moves with the clock while its job does. */
function Ticking({ row, value }: { row: JobRow; value: (row: JobRow, now: number) => number | null }) {
  return isMoving(row) ? <TickingNow row={row} value={value} /> : length(value(row, 0));
}

function TickingNow({ row, value }: { row: JobRow; value: (row: JobRow, now: number) => number | null }) {
  return length(value(row, useNow()));
}

function length(seconds: number | null): ReactNode {
  return seconds === null ? DASH : duration(seconds);
}

function factor(value: number | null): ReactNode {
  if (value === null) return DASH;
  if (value < 0.005) return "< 0.01";
  return value < 0.995 ? value.toFixed(2) : number(Math.round(value * 10) / 10);
}

export function Labels({ labels }: { labels: readonly string[] }) {
  if (labels.length === 0) return DASH;
  return (
    <span className="truncate" title={labels.join("\n")}>
      {labels.map((label) => (
        <span key={label} className="mr-1 rounded-sm bg-sunken px-1.5 py-0.5 text-xs text-muted">
          {label.replace(":", ": ")}
        </span>
      ))}
    </span>
  );
}

/** What a job is about; of one that failed, why, before that. */
export function What({ row }: { row: JobRow }) {
  return (
    <>
      {row.problem !== null && row.status !== "succeeded" && (
        <span className="text-bad">{row.problem} · </span>
      )}
      {row.what}
    </>
  );
}

export const columns = helper.columns([
  helper.accessor("status", { cell: ({ row }) => <RowStatus row={row.original} /> }),
  helper.accessor("kind", { cell: ({ getValue }) => <KindMark kind={getValue()} /> }),
  helper.accessor("what", { enableHiding: false, cell: ({ row }) => <What row={row.original} /> }),
  helper.accessor("model", {}),
  helper.accessor("queue", {}),
  helper.accessor("labels", { cell: ({ getValue }) => <Labels labels={getValue()} /> }),
  helper.accessor("created", { cell: ({ getValue }) => <Time at={getValue()} className="text-muted" /> }),
  helper.display({ id: "waited", cell: ({ row }) => <Ticking row={row.original} value={waited} /> }),
  helper.display({ id: "ran", cell: ({ row }) => <Ticking row={row.original} value={ran} /> }),
  helper.accessor("audio", { cell: ({ getValue }) => length(getValue()) }),
  helper.accessor("factor", { cell: ({ getValue }) => factor(getValue()) }),
  helper.accessor("attempts", {}),
  helper.accessor("id", {
    cell: ({ getValue }) => <span className="font-mono text-xs text-muted">{getValue()}</span>,
  }),
]);
