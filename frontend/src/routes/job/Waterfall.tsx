import { useNow } from "@/lib/clock";
import { duration } from "@/lib/time";
import { hasEnded, type Job } from "@/api/types";
import { cx } from "@/ui/cx";
import { Panel } from "@/ui/Panel";
import { Tip } from "@/ui/Tip";
import { clockTime } from "./clocks";
import { extent, OUTCOMES, rowsOf, ticks, totals, type Outcome, type Row, type Span } from "./waterfall";
import { WaterfallTable } from "./WaterfallTable";

const OUTCOME_TONES: Partial<Record<Outcome, string>> = {
  failed: "text-bad",
  lost: "text-bad",
  running: "text-running",
};

/** The devices have colours of their own; a pool of one has its device's. */
const QUEUES = {
  io: "var(--ended)",
  cpu: "var(--accent)",
  "gpu-nvidia": "var(--good)",
  "gpu-amd": "var(--warn)",
};

function queueColour(queue: string): string {
  const device = queue.split(".")[0] ?? queue;
  return device in QUEUES ? QUEUES[device as keyof typeof QUEUES] : "var(--running)";
}

/** Where the time went: one row for each attempt, waiting apart from running. */
export function Waterfall({ job }: { job: Job }) {
  const clock = useNow();
  // Between two ticks of the clock something may have begun: the picture never ends before it.
  const now = Math.max(clock, newest(job));
  const rows = rowsOf(job, now);
  const all = extent(job, rows, now);
  const { wait, run } = totals(rows);
  const queues = [...new Set(rows.filter((row) => row.run !== null).map((row) => row.queue))];
  return (
    <Panel
      title="Where the time went"
      actions={
        <span className="text-xs text-muted">
          waited {duration(wait)} · ran {duration(run)}
          {hasEnded(job.status) ? "" : " so far"}
        </span>
      }
    >
      <div className="relative" data-waterfall>
        <Axis length={all.to - all.from} />
        <ol aria-label="Attempts" className="relative flex flex-col gap-1 pt-6">
          {rows.map((row) => (
            <Line
              key={row.key}
              row={row}
              all={all}
              several={rows.filter((each) => each.step === row.step).length > 1}
            />
          ))}
        </ol>
      </div>
      <Legend queues={queues} lost={rows.some((row) => row.outcome === "lost")} />
      <WaterfallTable rows={rows} />
    </Panel>
  );
}

function newest(job: Job): number {
  return Math.max(...job.steps.map((step) => Date.parse(step.started_at ?? job.created_at)));
}

/** Narrow: names and outcome over the bar. Wide: side by side. */
const COLUMNS =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 sm:grid-cols-[10rem_minmax(0,1fr)_7rem]";

function Axis({ length }: { length: number }) {
  return (
    <div aria-hidden className={cx(COLUMNS, "pointer-events-none absolute inset-0 items-stretch!")}>
      <div className="relative col-span-2 sm:col-span-1 sm:col-start-2">
        {ticks(length).map((tick, number) => (
          <span
            key={tick}
            className="absolute inset-y-0 border-l border-line text-xs text-faint"
            style={{ left: `${(100 * tick) / length}%` }}
          >
            <span
              className={cx(
                "absolute whitespace-nowrap tabular-nums",
                number % 2 === 1 && "hidden sm:block",
                tick / length > 0.85 ? "right-1" : "left-1",
              )}
            >
              {tick === 0 ? "0" : duration(tick / 1000)}
            </span>
          </span>
        ))}
      </div>
    </div>
  );
}

function Line({ row, all, several }: { row: Row; all: Span; several: boolean }) {
  const seconds = row.run === null ? null : (row.run.to - row.run.from) / 1000;
  return (
    <li className={cx(COLUMNS, "min-h-8 text-sm")} data-outcome={row.outcome}>
      <span className="min-w-0">
        <span className="block truncate font-medium">
          {row.step}
          {several && row.attempt !== null && (
            <span className="font-normal text-muted"> · {row.attempt}</span>
          )}
        </span>
        <span className="block truncate text-xs text-muted">{row.worker ?? row.queue}</span>
      </span>
      <span className="relative order-last col-span-2 h-6 sm:order-none sm:col-span-1">
        {row.wait !== null && <Bar span={row.wait} all={all} what={`${named(row)} waited`} look="wait" />}
        {row.run !== null && (
          <Bar
            span={row.run}
            all={all}
            what={`${named(row)} ran on ${row.worker ?? row.queue}, ${OUTCOMES[row.outcome]}${row.code === null ? "" : ` (${row.code})`}`}
            look={row.outcome === "lost" ? "lost" : row.outcome === "running" ? "growing" : "run"}
            colour={queueColour(row.queue)}
            failed={row.outcome === "failed"}
          />
        )}
      </span>
      <span className="text-right text-xs">
        <span className="block tabular-nums">{seconds === null ? "" : duration(seconds)}</span>
        <span className={cx("block", OUTCOME_TONES[row.outcome] ?? "text-muted")}>
          {OUTCOMES[row.outcome]}
        </span>
      </span>
    </li>
  );
}

function named(row: Row): string {
  return row.attempt === null ? row.step : `${row.step}, attempt ${row.attempt},`;
}

const LOOKS = {
  wait: "top-2.5 h-1 rounded-full bg-line-strong/70",
  run: "top-0.5 h-5 rounded-sm bg-current",
  growing: "top-0.5 h-5 rounded-sm bg-current opacity-85",
  lost: "hatched top-0.5 h-5 rounded-sm border border-current",
};

function Bar({
  span,
  all,
  what,
  look,
  colour,
  failed,
}: {
  span: Span;
  all: Span;
  what: string;
  look: keyof typeof LOOKS;
  colour?: string;
  failed?: boolean;
}) {
  const length = all.to - all.from;
  const words = `${what}: ${duration((span.to - span.from) / 1000)}, from ${clockTime(span.from)} ${look === "growing" ? "on" : `to ${clockTime(span.to)}`}`;
  return (
    <Tip text={words}>
      <span
        role="img"
        tabIndex={0}
        aria-label={words}
        data-bar={look === "wait" ? "wait" : "run"}
        className={cx("absolute min-w-0.5", LOOKS[look], failed === true && "border-r-4 border-r-bad")}
        style={{
          left: `${(100 * (span.from - all.from)) / length}%`,
          width: `${(100 * (span.to - span.from)) / length}%`,
          ...(colour === undefined ? {} : { color: colour }),
        }}
      />
    </Tip>
  );
}

function Legend({ queues, lost }: { queues: readonly string[]; lost: boolean }) {
  return (
    <ul aria-label="Colours" className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
      <li className="flex items-center gap-1.5">
        <span className="h-1 w-4 rounded-full bg-line-strong/70" /> waiting
      </li>
      {queues.map((queue) => (
        <li key={queue} className="flex items-center gap-1.5">
          <span className="h-3 w-4 rounded-sm" style={{ background: queueColour(queue) }} /> on {queue}
        </li>
      ))}
      {lost && (
        <li className="flex items-center gap-1.5">
          <span className="h-3 w-4 rounded-sm border border-current hatched" /> its worker was lost
        </li>
      )}
    </ul>
  );
}
