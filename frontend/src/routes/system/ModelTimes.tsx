import { Link } from "@tanstack/react-router";
import { number, plural } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { KindMark } from "@/nouns/job/status";
import type { ModelStats, Percentiles } from "./stats";
import { Term } from "./Term";

const HELP = {
  p50: "Half of the jobs took no longer than this.",
  p90: "Nine of ten jobs took no longer than this.",
  p99: "99 of 100 jobs took no longer than this.",
  wait: "From being submitted until the first step began.",
  run: "What the model’s steps took.",
  total: "From being submitted until the end.",
  factor:
    "What running took, over the length of the audio that was made or read: 0.1 means ten times faster than one listens.",
} as const;

/** The times of one model, as numbers and as bars whose full length is the longest of them. */
export function ModelTimes({ model }: { model: ModelStats }) {
  const longest = Math.max(model.wait.p99 ?? 0, model.run.p99 ?? 0, model.total.p99 ?? 0);
  const measured = model.total.p50 !== null || model.run.p50 !== null;
  return (
    <section
      aria-label={`${model.model}, ${model.kind}`}
      className="flex min-w-0 flex-col gap-2 bg-surface p-4"
    >
      <header className="flex flex-wrap items-baseline justify-between gap-x-4 text-sm">
        <h3 className="flex flex-wrap items-center gap-x-3">
          <Link
            to="/system"
            search={{ tab: "models", model: model.model }}
            className="font-semibold hover:underline"
          >
            {model.model}
          </Link>
          <span className="text-muted">
            <KindMark kind={model.kind} />
          </span>
        </h3>
        <p className="text-xs text-muted">
          {plural(model.jobs, "job")}
          {model.failed > 0 && <span className="text-bad">, {number(model.failed)} failed</span>}
        </p>
      </header>
      {measured ? (
        <table className="w-full text-sm" aria-label={`Times of ${model.model}`}>
          <thead>
            <tr className="text-xs text-muted">
              <th scope="col" className="sr-only">
                Time
              </th>
              <th scope="col" aria-hidden className="hidden w-1/3 sm:table-cell" />
              <th scope="col" className="h-7 pl-3 num font-medium">
                <Term help={HELP.p50}>half</Term>
              </th>
              <th scope="col" className="pl-3 num font-medium">
                <Term help={HELP.p90}>90 %</Term>
              </th>
              <th scope="col" className="pl-3 num font-medium">
                <Term help={HELP.p99}>99 %</Term>
              </th>
            </tr>
          </thead>
          <tbody>
            <Line name="Waiting" help={HELP.wait} times={model.wait} longest={longest} color="bg-queued" />
            <Line name="Running" help={HELP.run} times={model.run} longest={longest} color="bg-running" />
            <Line name="In all" help={HELP.total} times={model.total} longest={longest} color="bg-accent" />
            <Factor factor={model.real_time_factor} />
          </tbody>
        </table>
      ) : (
        <p className="text-sm text-muted">
          Nothing measured: none of these jobs came to an end that can be measured.
        </p>
      )}
    </section>
  );
}

function Line({
  name,
  help,
  times,
  longest,
  color,
}: {
  name: string;
  help: string;
  times: Percentiles;
  longest: number;
  color: string;
}) {
  return (
    <tr>
      <th scope="row" className="h-7 text-left font-normal whitespace-nowrap">
        <Term help={help}>{name}</Term>
      </th>
      <td aria-hidden className="hidden px-3 sm:table-cell">
        <Bar times={times} longest={longest} color={color} />
      </td>
      <Times of={times} words={duration} />
    </tr>
  );
}

function Factor({ factor }: { factor: Percentiles | null }) {
  return (
    <tr>
      <th scope="row" className="h-7 text-left font-normal whitespace-nowrap">
        <Term help={HELP.factor}>Real time</Term>
      </th>
      <td className="hidden px-3 text-xs text-muted sm:table-cell">{speedOf(factor)}</td>
      {factor === null ? (
        <td colSpan={3} className="num text-xs text-faint">
          no audio measured
        </td>
      ) : (
        <Times of={factor} words={(value) => `${number(value)} ×`} />
      )}
    </tr>
  );
}

/** “8.3 times faster than listening”. */
export function speedOf(factor: Percentiles | null): string {
  if (factor?.p50 == null || factor.p50 <= 0) return "";
  return factor.p50 < 1
    ? `${number(Number((1 / factor.p50).toPrecision(2)))} times faster than listening`
    : `${number(Number(factor.p50.toPrecision(2)))} times as long as listening`;
}

function Times({ of, words }: { of: Percentiles; words: (value: number) => string }) {
  return ([of.p50, of.p90, of.p99] as const).map((value, at) => (
    <td key={at} className="pl-3 num whitespace-nowrap">
      {value === null ? <span className="text-faint">–</span> : words(value)}
    </td>
  ));
}

/** Half of the jobs in full colour, 90 % and 99 % behind it. */
function Bar({ times, longest, color }: { times: Percentiles; longest: number; color: string }) {
  const width = (value: number | null): string =>
    value === null || longest === 0 ? "0%" : `max(2px, ${(value / longest) * 100}%)`;
  return (
    <div className="relative h-2 overflow-hidden rounded-sm bg-sunken">
      <div className={`absolute inset-y-0 left-0 opacity-25 ${color}`} style={{ width: width(times.p99) }} />
      <div className={`absolute inset-y-0 left-0 opacity-45 ${color}`} style={{ width: width(times.p90) }} />
      <div className={`absolute inset-y-0 left-0 ${color}`} style={{ width: width(times.p50) }} />
    </div>
  );
}
