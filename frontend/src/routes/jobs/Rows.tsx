import { Link } from "@tanstack/react-router";
import type { Row } from "@tanstack/react-table";
import { flexRender } from "@tanstack/react-table";
import { memo, type MouseEvent, type Ref } from "react";
import { duration } from "@/lib/time";
import type { JobRow } from "@/nouns/job/row";
import { KindMark } from "@/nouns/job/status";
import { cx } from "@/ui/cx";
import { Time } from "@/ui/Time";
import { Check } from "./Check";
import { face, Labels, What, type features } from "./columns";
import { RowStatus } from "./RowStatus";

/** Heights in pixels: rows are placed by them, so they hold whatever is written in a row. */
export const LINE_HEIGHT = 40;
export const CARD_HEIGHT = 96;

export interface RowProps {
  row: Row<typeof features, JobRow>;
  /** Place in the list from 0, and distance from its top in pixels. */
  index: number;
  top: number;
  /** `grid-template-columns`; a change of columns changes it. */
  template: string;
  picked: boolean;
  active: boolean;
  onPick: (id: string, range: boolean) => void;
  /** Where the focus goes when this row is to have it. */
  link: Ref<HTMLAnchorElement>;
}

/** Rows are drawn anew only if something of theirs changed, not for every event of another job. */
function isSame(before: RowProps, after: RowProps): boolean {
  return (
    before.row.original === after.row.original &&
    before.index === after.index &&
    before.top === after.top &&
    before.template === after.template &&
    before.picked === after.picked &&
    before.active === after.active &&
    before.onPick === after.onPick &&
    before.link === after.link
  );
}

/** What lies above the link, as times that tell the exact one, leads to the job too. */
function follow(event: MouseEvent<HTMLElement>): void {
  if (event.target instanceof Element && event.target.closest("a, button") !== null) return;
  const link = event.currentTarget.querySelector("a");
  if (link === null) return;
  if (event.metaKey || event.ctrlKey) window.open(link.href);
  else link.click();
}

const GROUND = "absolute inset-x-0 top-0 cursor-pointer border-b";

export const Line = memo(function Line(props: RowProps) {
  const { row, index, top, template, picked, active, onPick, link } = props;
  const { id } = row.original;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      onClick={follow}
      className={cx(GROUND, "grid items-center gap-3 px-3 text-sm", tint(picked, active))}
      style={{ height: LINE_HEIGHT, transform: `translateY(${top}px)`, gridTemplateColumns: template }}
    >
      <div role="cell" className="relative z-1">
        <Check
          checked={picked}
          label={`Select ${id}`}
          className="-ml-1"
          onToggle={(event) => onPick(id, event.shiftKey)}
        />
      </div>
      {row.getVisibleCells().map((cell) => {
        const { column } = cell;
        const drawn = flexRender(column.columnDef.cell, cell.getContext());
        return (
          <div role="cell" key={column.id} className={cellClass(column.id)}>
            {column.id === "what" ? (
              <JobLink id={id} link={link} className="block truncate">
                {drawn}
              </JobLink>
            ) : (
              drawn
            )}
          </div>
        );
      })}
    </div>
  );
}, isSame);

export const Card = memo(function Card(props: RowProps) {
  const { row, top, picked, active, onPick, link } = props;
  const job = row.original;
  return (
    <div
      role="listitem"
      onClick={follow}
      className={cx(GROUND, "flex gap-2 p-3", tint(picked, active))}
      style={{ height: CARD_HEIGHT, transform: `translateY(${top}px)` }}
    >
      <Check
        checked={picked}
        label={`Select ${job.id}`}
        className="relative z-1 -mt-0.5 -ml-1 shrink-0"
        onToggle={(event) => onPick(job.id, event.shiftKey)}
      />
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <div className="flex items-center justify-between gap-2">
          <RowStatus row={job} />
          <Time at={job.created} className="text-xs text-muted" />
        </div>
        <JobLink id={job.id} link={link} className="block truncate text-sm font-medium">
          <What row={job} />
        </JobLink>
        <div className="flex items-center gap-2 overflow-hidden text-xs whitespace-nowrap text-muted">
          <KindMark kind={job.kind} />
          <span>{job.model}</span>
          {job.audio !== null && <span className="tabular-nums">{duration(job.audio)}</span>}
          {job.labels.length > 0 && <Labels labels={job.labels} />}
        </div>
      </div>
    </div>
  );
}, isSame);

/** The link to the job; it covers the whole row. */
function JobLink({
  id,
  link,
  className,
  children,
}: {
  id: string;
  link: Ref<HTMLAnchorElement>;
  className: string;
  children: React.ReactNode;
}) {
  return (
    <Link
      ref={link}
      to="/jobs/$jobId"
      params={{ jobId: id }}
      data-job={id}
      className={cx(className, "outline-none after:absolute after:inset-0 focus-visible:after:outline-2")}
    >
      {children}
    </Link>
  );
}

function tint(picked: boolean, active: boolean): string {
  if (picked) return "bg-accent-soft";
  return active ? "bg-canvas" : "bg-surface hover:bg-canvas";
}

function cellClass(id: string): string {
  return cx(
    "min-w-0 truncate",
    face(id).right === true && "num text-muted",
    (id === "kind" || id === "status") && "flex items-center",
    (id === "created" || id === "labels") && "relative z-1",
  );
}
