import { useEffect, useEffectEvent, useRef, useState } from "react";
import uPlot from "uplot";
import { statusColor, statusLabel } from "@/nouns/job/status";
import { inWords, LAYERS, snapped, stacked, sumOf } from "./bars";
import type { Stats } from "./useStats";

const HEIGHT = 128;
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = 86_400;

interface Props {
  stats: Stats;
  /** A stretch of time was chosen, in milliseconds. */
  onBrush: (from: number, to: number) => void;
}

/** Jobs over time, by the moment they were submitted, stacked by how they stand now. Dragging over it chooses a time. */
export default function Histogram({ stats, onBrush }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const [under, setUnder] = useState<number | null>(null);
  const current = useRef(stats);
  const brushed = useEffectEvent((plot: uPlot) => {
    if (plot.select.width < 4) return;
    const from = plot.posToVal(plot.select.left, "x") * 1000;
    const to = plot.posToVal(plot.select.left + plot.select.width, "x") * 1000;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const stretch = snapped(current.current, from, to);
    if (stretch !== undefined) onBrush(stretch.from, stretch.to);
  });
  useEffect(() => {
    current.current = stats;
    chart.current?.setData(stacked(stats) as uPlot.AlignedData);
  }, [stats]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const make = (): void => {
      chart.current?.destroy();
      const plot = new uPlot(
        options(element.clientWidth, () => current.current, brushed, setUnder),
        stacked(current.current) as uPlot.AlignedData,
        element,
      );
      chart.current = plot;
    };
    make();
    const sized = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    sized.observe(element);
    // A canvas does not follow CSS variables: it is drawn anew in the colours of the other theme.
    const themed = new MutationObserver(make);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);
  const bucket = under === null ? undefined : stats.series[under];
  return (
    <figure>
      <figcaption className="flex min-h-5 flex-wrap justify-between gap-x-4 text-xs text-muted">
        <span>
          {bucket === undefined ? (
            <>
              {spell(stats.since)} – {spell(stats.until)}
              <span className="hidden sm:inline"> · drag over the bars to choose a time</span>
            </>
          ) : (
            `${spell(bucket.at)} · ${inWords(bucket)}`
          )}
        </span>
        <Legend stats={stats} />
      </figcaption>
      <div ref={place} data-testid="histogram" aria-hidden className="h-32 cursor-crosshair" />
      <Spoken stats={stats} />
    </figure>
  );
}

/** Which colour is which status; only those that are there. */
function Legend({ stats }: { stats: Stats }) {
  const there = LAYERS.filter((status) => stats.series.some((bucket) => bucket[status] > 0));
  return (
    <span className="flex flex-wrap gap-x-3">
      {there.map((status) => (
        <span key={status} className="inline-flex items-center gap-1">
          <span className="size-2 rounded-sm" style={{ background: statusColor(status) }} />
          {statusLabel(status)}
        </span>
      ))}
    </span>
  );
}

/** The same for those who hear the page. */
function Spoken({ stats }: { stats: Stats }) {
  return (
    <div className="sr-only">
      <table>
        <caption>Jobs by the time of their submission</caption>
        <tbody>
          {stats.series
            .filter((bucket) => sumOf(bucket) > 0)
            .map((bucket) => (
              <tr key={bucket.at}>
                <th scope="row">{spell(bucket.at)}</th>
                <td>{inWords(bucket)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function spell(at: string): string {
  return both.format(new Date(at));
}

function options(
  width: number,
  stats: () => Stats,
  onSelect: (plot: uPlot) => void,
  onPoint: (place: number | null) => void,
): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const color = (name: string): string => styles.getPropertyValue(name).trim();
  const bars = uPlot.paths.bars?.({ align: 1, size: [0.86, 28], radius: 0 });
  const axis = {
    stroke: color("--muted"),
    font: '11px "Inter Variable", system-ui, sans-serif',
    ticks: { show: false },
    gap: 4,
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: { range: () => [Date.parse(stats().since) / 1000, Date.parse(stats().until) / 1000] },
      y: { range: (_plot, _low, high) => [0, Math.max(4, high * 1.08)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        grid: { show: false },
        values: (_plot, times) => times.map((time) => tick(time, stats())),
      },
      {
        ...axis,
        size: 36,
        space: 36,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6],
        grid: { stroke: color("--line"), width: 1 },
        values: (_plot, counts) =>
          counts.map((count) => (count >= 1000 ? `${count / 1000}k` : String(count))),
      },
    ],
    series: [
      {},
      ...[...LAYERS].reverse().map((status) => ({
        label: status,
        fill: color(statusColor(status).slice(4, -1)),
        width: 0,
        points: { show: false },
        ...(bars && { paths: bars }),
      })),
    ],
    hooks: {
      setSelect: [onSelect],
      setCursor: [
        (plot) =>
          onPoint(plot.cursor.idx === undefined || (plot.cursor.left ?? -1) < 0 ? null : plot.cursor.idx),
      ],
    },
  };
}

function tick(time: number, stats: Stats): string {
  const long = (Date.parse(stats.until) - Date.parse(stats.since)) / 1000 > 2 * DAY;
  return (long ? day : clock).format(new Date(time * 1000));
}
