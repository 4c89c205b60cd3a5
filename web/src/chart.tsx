/** Charts over time by uPlot, with one crosshair over all of them; each can be read as a table too. */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { dressed, zone } from "./choices";
import { Times } from "./format";
import { live } from "./live";
import { Empty } from "./parts";
import { useStore } from "./store";
import { texts } from "./texts";

export interface Line {
  label: string;
  values: (number | null)[];
  /** Name of a colour of the style sheet, such as `good`. */
  color: string;
  kind?: "line" | "points" | "bars";
  /** What to say where something else is drawn, as in a stack. */
  said?: (number | null)[];
}

export interface ChartProps {
  label: string;
  /** Moments in milliseconds, oldest first. */
  times: number[];
  lines: Line[];
  format: (value: number | null | undefined) => string;
  empty: string;
  height?: number;
  /** From which zero the scale begins: rates and counts do, money does not. */
  fromZero?: boolean;
  span?: [number, number] | undefined;
  /** Counts: no half ones on the axis. */
  whole?: boolean;
}

const CROSSHAIR = uPlot.sync("page");
const ROWS_MAX = 500;
const WHOLE_STEPS = [1, 10, 100, 1_000, 10_000, 100_000].flatMap((step) => [step, 2 * step, 5 * step]);

const said = (line: Line): (number | null)[] => line.said ?? line.values;
const latest = (line: Line): number | null | undefined => said(line).findLast((value) => value !== null);
const brokerOffset = (): number => live.get().frame?.about.utc_offset_s ?? 0;

export function Chart(props: ChartProps) {
  const [asTable, setAsTable] = useState(false);
  if (props.times.length === 0) return <Empty>{props.empty}</Empty>;
  return (
    <figure class="chart">
      <figcaption>
        <span class="legend">
          {props.lines.map((line) => (
            <span key={line.label}>
              <span class={`key ${line.color} ${line.kind ?? "line"}`} aria-hidden="true" />
              {line.label} {line.kind !== "bars" && <b>{props.format(latest(line))}</b>}
            </span>
          ))}
        </span>
        <button type="button" class="small" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? texts.chart.asChart : texts.chart.asTable}
        </button>
      </figcaption>
      {asTable ? <ChartTable {...props} /> : <Canvas {...props} />}
    </figure>
  );
}

function Canvas(props: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const now = useRef(props);
  now.current = props;
  const look = useStore(dressed);
  const shownZone = useStore(zone);
  const height = props.height ?? 150;
  const shape = `${look}|${shownZone}|${brokerOffset()}|${height}|${props.lines.map((line) => line.label + line.color).join()}`;
  const data: uPlot.AlignedData = [props.times.map((ms) => ms / 1_000), ...props.lines.map((line) => line.values)];
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const made = new uPlot(options(props, now, element, height), data, element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [props.times, props.lines]);
  const told = props.lines.map((line) => `${line.label} ${props.format(latest(line))}`);
  return (
    <div
      ref={holder}
      role="img"
      aria-label={`${props.label}; ${texts.chart.latest}: ${told.join(", ")}`}
      style={{ height: `${height}px` }}
    />
  );
}

function options(props: ChartProps, now: { current: ChartProps }, element: HTMLElement, height: number): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: color("muted"),
    grid: { stroke: color("grid"), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth || 300,
    height,
    legend: { show: false },
    padding: [8, 26, 0, 0],
    tzDate: inZone,
    cursor: {
      sync: { key: CROSSHAIR.key, scales: ["x", null] },
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
    },
    scales: {
      x: { time: true, range: (_, low, high) => spanOf(now.current, low, high) },
      y: { range: (_, low, high) => range(low, high, props.fromZero ?? false) },
    },
    axes: [
      { ...axis, space: 84, size: 26, values: (plot, values) => values.map((value) => axisText(plot, value)) },
      {
        ...axis,
        space: 28,
        ...(props.whole && { incrs: WHOLE_STEPS }),
        size: (_, values) => Math.max(40, 14 + 6.2 * Math.max(0, ...(values ?? []).map((text) => text.length))),
        values: (_, values) => values.map((value) => props.format(value)),
      },
    ],
    series: [{}, ...props.lines.map((line) => series(line, color))],
    plugins: [tooltip(now)],
  };
}

function series(line: Line, color: (name: string) => string): uPlot.Series {
  const stroke = color(line.color);
  if (line.kind === "points") return { stroke, paths: () => null, points: { show: true, size: 5, fill: stroke, stroke } };
  if (line.kind === "bars") {
    // Mixed, not seen through: in a stack each bar is drawn over those behind it.
    return { stroke, fill: `color-mix(in srgb, ${stroke} 70%, ${color("panel")})`, width: 0, paths: uPlot.paths.bars!({ size: [0.7, 14] }), points: { show: false } };
  }
  return { stroke, width: 1.5, points: { show: (plot) => plot.data[0].length < 3, size: 5, fill: stroke }, spanGaps: false };
}

function spanOf({ span }: ChartProps, low: number, high: number): [number, number] {
  return span ? [span[0] / 1_000, span[1] / 1_000] : [low, high];
}

function range(low: number | null, high: number | null, fromZero: boolean): [number, number] {
  const bottom = fromZero ? Math.min(0, low ?? 0) : (low ?? 0);
  const top = high ?? 1;
  const room = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [fromZero && bottom === 0 ? 0 : bottom - room, top + room];
}

/** uPlot draws a date's local fields: a date whose local fields read as the zone's clock. */
function inZone(ts: number): Date {
  const shown = zone.get();
  if (shown === "local") return new Date(ts * 1_000);
  return uPlot.tzDate(new Date((ts + (shown === "broker" ? brokerOffset() : 0)) * 1_000), "Etc/UTC");
}

function axisText(plot: uPlot, at_s: number): string {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  return new Times(zone.get(), brokerOffset()).axis(at_s * 1_000, ((max ?? 0) - (min ?? 0)) * 1_000);
}

/** The values under the crosshair, in every chart at once. */
function tooltip(now: { current: ChartProps }): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "tooltip";
  box.setAttribute("aria-hidden", "true");
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor: (plot) => {
        const { idx, left } = plot.cursor;
        const at = idx === null || idx === undefined ? undefined : plot.data[0][idx];
        box.hidden = at === undefined || left === undefined || left < 0;
        if (box.hidden || at === undefined || idx === null || idx === undefined) return;
        const times = new Times(zone.get(), brokerOffset());
        const { lines, format } = now.current;
        const values = lines.map((line) => `${line.label} ${format(said(line)[idx])}`);
        box.textContent = [times.moment(at * 1_000, Date.now()), ...values].join("  ");
        const half = plot.over.clientWidth / 2;
        box.style.left = (left ?? 0) < half ? `${(left ?? 0) + 8}px` : "auto";
        box.style.right = (left ?? 0) < half ? "auto" : `${plot.over.clientWidth - (left ?? 0) + 8}px`;
      },
    },
  };
}

function ChartTable(props: ChartProps) {
  const times = new Times(useStore(zone), brokerOffset());
  const newest = props.times.map((at, index) => ({ at, index })).reverse().slice(0, ROWS_MAX);
  return (
    <div class="scroll low" tabIndex={0} role="group" aria-label={props.label}>
      <table>
        <caption class="hidden">{props.label}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.chart.time}</th>
            {props.lines.map((line) => (
              <th scope="col" class="number" key={line.label}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map(({ at, index }) => (
            <tr key={index}>
              <td>{times.dateTime(at)}</td>
              {props.lines.map((line) => (
                <td class="number" key={line.label}>
                  {props.format(said(line)[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A small line without axes; decoration beside a figure that says the same. */
export function Spark(props: { values: number[] | undefined; color?: string }) {
  const values = (props.values ?? []).filter(Number.isFinite);
  if (values.length < 2) return <svg class="spark" viewBox="0 0 100 24" aria-hidden="true" />;
  const low = Math.min(...values);
  const room = Math.max(...values) - low || 1;
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * 100;
    return `${x.toFixed(1)},${(22 - ((value - low) / room) * 20).toFixed(1)}`;
  });
  return (
    <svg class={`spark ${props.color ?? "accent"}`} viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(" ")} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
