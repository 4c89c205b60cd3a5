/** Performance: rate, errors and duration of every route, and the errors of a day. */

import { useMemo } from "preact/hooks";

import { useRead } from "../api";
import { Chart } from "../chart";
import { DASH, milliseconds, number, parseTime, percent } from "../format";
import { useTimes } from "../hooks";
import { live } from "../live";
import { Badge, Choice, Figure, Foreign, Panel, Shown, TraceLink } from "../parts";
import { adjust, place } from "../place";
import { Store, useStore } from "../store";
import { type Column, Table } from "../table";
import { texts } from "../texts";
import type { ErrorEntry, Errors, Performance as Measured, Requests, RequestWindow } from "../types";

const words = texts.performance;
const WINDOWS: readonly RequestWindow[] = ["5m", "1h", "24h"];
const SECONDS: Record<RequestWindow, number> = { "5m": 300, "1h": 3_600, "24h": 86_400 };

export interface RouteRow {
  route: string;
  requests: number;
  rate: number;
  errors: number;
  average: number | undefined;
  p50: number | undefined;
  p95: number | undefined;
  p99: number | undefined;
}

/** One row for each route, from figures that come by kind. */
export function byRoute({ requests, latency }: Requests, { errors }: Measured, covered_s: number): RouteRow[] {
  return Object.entries(requests.by_endpoint).map(([route, count]) => ({
    route,
    requests: count,
    rate: count / Math.max(1, covered_s),
    errors: errors.by_endpoint[route] ?? 0,
    average: latency.average_ms[route],
    p50: latency.p50_ms?.[route],
    p95: latency.p95_ms[route],
    p99: latency.p99_ms?.[route],
  }));
}

export function Performance() {
  const chosen = useStore(place).window as RequestWindow;
  const window = WINDOWS.includes(chosen) ? chosen : "1h";
  const requests = useRead<Requests>(`/api/monitoring/metrics?window=${window}`);
  const measured = useRead<Measured>(`/api/monitoring/performance?window=${window}`);
  const both = {
    value: requests.value && measured.value ? { requests: requests.value, measured: measured.value } : undefined,
    error: requests.error ?? measured.error,
    loading: requests.loading || measured.loading,
  };
  return (
    <>
      <Panel
        title={texts.tabs.performance}
        aside={<Choice label={words.window} values={WINDOWS} value={window} choose={(value) => adjust({ window: value })} />}
      >
        <Shown of={both}>{(value) => <Totals {...value} />}</Shown>
        <Throughput />
      </Panel>
      <Panel title={words.byRoute}>
        <Shown of={both}>
          {({ requests, measured }) => (
            <Routes rows={byRoute(requests, measured, Math.min(SECONDS[window], measured.throughput.uptime_seconds))} />
          )}
        </Shown>
      </Panel>
      <LastErrors />
    </>
  );
}

function Totals({ requests, measured }: { requests: Requests; measured: Measured }) {
  return (
    <dl class="figures">
      <Figure label={words.rate} value={number(measured.throughput.requests_per_second, 2)} />
      <Figure label={words.requests} value={number(requests.requests.total)} />
      <Figure label={words.errors} value={number(requests.requests.errors)} tone={requests.requests.errors ? "bad" : "plain"} />
      <Figure
        label={words.errorRate}
        value={percent(requests.requests.error_rate, 2)}
        tone={requests.requests.error_rate > 0.1 ? "bad" : "plain"}
      />
      <Figure label={words.clientErrors} value={number(requests.requests.client_errors)} />
    </dl>
  );
}

const POINTS_MAX = 300;
const SPAN_MS_MIN = 20_000;

/** Requests per second as the stream told them since the page was opened, whatever section was looked at. */
const told = new Store<[number, number][]>([]);
live.listen(() => {
  const { frame } = live.get();
  if (!frame || frame.at_ms === told.get().at(-1)?.[0]) return;
  told.set([...told.get(), [frame.at_ms, frame.status.requests_per_second] as [number, number]].slice(-POINTS_MAX));
});

function Throughput() {
  const points = useStore(told);
  const { times, values } = useMemo(() => ({ times: points.map(([at]) => at), values: points.map(([, rate]) => rate) }), [points]);
  const last = times.at(-1) ?? 0;
  return (
    <Chart
      label={words.throughput}
      times={times}
      lines={[{ label: words.throughput, values, color: "accent" }]}
      format={(value) => number(value, 1)}
      empty={texts.loading}
      height={110}
      span={[Math.min(times[0] ?? last, last - SPAN_MS_MIN), last]}
      fromZero
    />
  );
}

function Routes({ rows }: { rows: RouteRow[] }) {
  const slowest = Math.max(1, ...rows.map((row) => row.p95 ?? 0));
  const ms = (name: "average" | "p50" | "p99", label: string): Column<RouteRow> => ({
    name,
    label,
    number: true,
    show: (row) => milliseconds(row[name]),
    by: (row) => row[name],
  });
  const columns: Column<RouteRow>[] = [
    { name: "route", label: words.route, show: (row) => <Foreign text={row.route} />, by: (row) => row.route },
    { name: "requests", label: words.requests, number: true, show: (row) => number(row.requests), by: (row) => row.requests },
    { name: "rate", label: words.rate, number: true, show: (row) => number(row.rate, 2), by: (row) => row.rate },
    {
      name: "errors",
      label: words.errors,
      number: true,
      show: (row) => (row.errors ? <Badge tone="bad">{number(row.errors)}</Badge> : "0"),
      by: (row) => row.errors,
    },
    {
      name: "share",
      label: words.errorRate,
      number: true,
      show: (row) => percent(row.requests ? row.errors / row.requests : 0),
      by: (row) => (row.requests ? row.errors / row.requests : 0),
    },
    ms("average", words.average),
    ms("p50", "p50"),
    {
      name: "p95",
      label: "p95",
      number: true,
      by: (row) => row.p95,
      show: (row) => (
        <span class="gauge">
          <span class="track" aria-hidden="true">
            <span style={{ width: `${((row.p95 ?? 0) / slowest) * 100}%` }} />
          </span>
          <span class="length">{milliseconds(row.p95)}</span>
        </span>
      ),
    },
    ms("p99", "p99"),
  ];
  return (
    <Table
      caption={words.byRoute}
      columns={columns}
      rows={rows}
      id={(row) => row.route}
      empty={words.empty}
      order={{ name: "requests", down: true }}
      first={["route", "errors", "p95"]}
    />
  );
}

function LastErrors() {
  const read = useRead<Errors>("/api/monitoring/metrics/errors");
  const times = useTimes();
  const now = Date.now();
  const columns: Column<ErrorEntry>[] = [
    { name: "time", label: texts.columns.time, show: (row) => times.moment(parseTime(row.timestamp), now), by: (row) => row.timestamp },
    { name: "scope", label: words.scope, show: (row) => row.scope, by: (row) => row.scope },
    {
      name: "trace",
      label: texts.traces.one,
      show: (row) => (row.trace_id ? <TraceLink id={row.trace_id}>{row.trace_id.slice(0, 8)}</TraceLink> : DASH),
    },
    { name: "message", label: words.message, fills: true, show: (row) => <Foreign text={row.message} />, by: (row) => row.message },
  ];
  return (
    <Panel title={words.errorsTitle} aside={read.value && <span class="count">{read.value.recent_errors}</span>}>
      <Shown of={read}>
        {(value) => (
          <>
            {value.recent_errors > 0 && (
              <p class="chips">
                {Object.entries(value.errors_by_scope).map(([scope, count]) => (
                  <Badge tone="warn" key={scope}>
                    {scope} {count}
                  </Badge>
                ))}
              </p>
            )}
            <Table
              caption={words.errorsTitle}
              columns={columns}
              rows={value.last_errors}
              id={(row) => row.timestamp + row.message}
              empty={words.noErrors}
            />
          </>
        )}
      </Shown>
    </Panel>
  );
}
