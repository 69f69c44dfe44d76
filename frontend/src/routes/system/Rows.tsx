import type { ReactNode } from "react";
import { cx } from "@/ui/cx";
import { Term } from "./Term";
import { useWide } from "./wide";

export interface Column<Row> {
  id: string;
  head: string;
  /** What the heading means, for those who do not know. */
  help?: string;
  /** Numbers stand on the right. */
  num?: boolean;
  cell: (row: Row) => ReactNode;
}

interface Props<Row> {
  /** What the rows are, read out. */
  label: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  columns: readonly Column<Row>[];
  /** Rows that must not be overlooked. */
  mark?: (row: Row) => "warn" | "bad" | "faint" | undefined;
}

const MARKS = { warn: "bg-warn-soft/50", bad: "bg-bad-soft/50", faint: "text-muted" } as const;

/** Things with many properties: a table where there is room, else a card for each. The first column names the row. */
export function Rows<Row>(props: Props<Row>) {
  return useWide() ? <Table {...props} /> : <Cards {...props} />;
}

function Table<Row>({ label, rows, keyOf, columns, mark }: Props<Row>) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={label}>
      <table className="w-full text-sm" aria-label={label}>
        <thead>
          <tr className="border-b text-left text-xs text-muted">
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                className={cx(
                  "h-9 px-3 font-medium whitespace-nowrap first:pl-4 last:pr-4",
                  column.num && "num",
                )}
              >
                <Head column={column} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} className={cx("border-b last:border-b-0", markOf(mark?.(row)))}>
              {columns.map((column, at) =>
                at === 0 ? (
                  <th
                    key={column.id}
                    scope="row"
                    className="py-2.5 pr-3 pl-4 text-left align-top font-normal"
                  >
                    {column.cell(row)}
                  </th>
                ) : (
                  <td
                    key={column.id}
                    className={cx("px-3 py-2.5 align-top last:pr-4", column.num && "num whitespace-nowrap")}
                  >
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards<Row>({ label, rows, keyOf, columns, mark }: Props<Row>) {
  const [first, ...others] = columns;
  const numbers = others.filter((column) => column.num === true);
  // A few numbers stand among the rest; many of them get a grid of their own.
  const apart = numbers.length > 3;
  const lines = apart ? others.filter((column) => column.num !== true) : others;
  return (
    <ul aria-label={label} className="divide-y">
      {rows.map((row) => (
        <li key={keyOf(row)} className={cx("flex flex-col gap-3 p-4", markOf(mark?.(row)))}>
          {first?.cell(row)}
          <dl className="grid grid-cols-[minmax(6rem,auto)_1fr] items-baseline gap-x-4 gap-y-1.5 text-sm">
            {lines.map((column) => (
              <Pair key={column.id} column={column} row={row} className="contents" />
            ))}
          </dl>
          {apart && (
            <dl className="grid grid-cols-3 gap-x-4 gap-y-2 text-sm tabular-nums sm:grid-cols-4">
              {numbers.map((column) => (
                <Pair key={column.id} column={column} row={row} className="min-w-0" />
              ))}
            </dl>
          )}
        </li>
      ))}
    </ul>
  );
}

function Pair<Row>({ column, row, className }: { column: Column<Row>; row: Row; className: string }) {
  return (
    <div className={className}>
      <dt className="text-xs text-muted">
        <Head column={column} />
      </dt>
      <dd className="min-w-0 wrap-break-word">{column.cell(row)}</dd>
    </div>
  );
}

function Head<Row>({ column }: { column: Column<Row> }) {
  return column.help === undefined ? column.head : <Term help={column.help}>{column.head}</Term>;
}

function markOf(mark: keyof typeof MARKS | undefined): string | undefined {
  return mark === undefined ? undefined : MARKS[mark];
}
