import { duration } from "@/lib/time";
import { clockTime } from "./clocks";
import { OUTCOMES, type Row, type Span } from "./waterfall";

/** The same as numbers: for those who do not see the picture, and for those who want it exactly. */
export function WaterfallTable({ rows }: { rows: readonly Row[] }) {
  return (
    <details className="mt-3 text-sm">
      <summary className="w-fit cursor-pointer text-muted hover:text-ink">Times as a table</summary>
      <div className="mt-2 overflow-x-auto" role="region" aria-label="Times as a table" tabIndex={0}>
        <table className="w-full text-xs whitespace-nowrap [&_td]:py-1 [&_td]:pr-4 [&_th]:py-1 [&_th]:pr-4">
          <thead className="text-left text-muted">
            <tr>
              <th>Step</th>
              <th>Attempt</th>
              <th>Queue</th>
              <th>Worker</th>
              <th className="num">Waited</th>
              <th className="num">Ran</th>
              <th className="num">Began</th>
              <th className="num">Ended</th>
              <th>Outcome</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key} className="border-t">
                <td>{row.step}</td>
                <td>{row.attempt ?? "–"}</td>
                <td>{row.queue}</td>
                <td>{row.worker ?? "–"}</td>
                <td className="num">{length(row.wait)}</td>
                <td className="num">{length(row.run)}</td>
                <td className="num">{row.run === null ? "–" : clockTime(row.run.from)}</td>
                <td className="num">
                  {row.run === null || row.outcome === "running" ? "–" : clockTime(row.run.to)}
                </td>
                <td title={row.detail ?? undefined}>
                  {OUTCOMES[row.outcome]}
                  {row.code !== null && ` (${row.code})`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function length(span: Span | null): string {
  return span === null ? "–" : duration((span.to - span.from) / 1000);
}
