/** Overview: is it up, what is wrong and what to do, and how the account stands. */

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import { useRead } from "../api";
import { Chart, type Line, Spark } from "../chart";
import { DASH, duration, money, number, parseTime, percent, signed } from "../format";
import { useFrame, useTimes, useTradeMark } from "../hooks";
import { Badge, Choice, Empty, Figure, Panel, type Tone } from "../parts";
import { adjust, place } from "../place";
import { useStore } from "../store";
import { texts } from "../texts";
import { dealMs, net } from "../deals";
import { type Alert, type Deal, type Deals, type Frame, type Health, type History, LAYERS, type Requests, type Severity, type Window } from "../types";

const HEALTH_TONES: Record<Health, Tone> = { healthy: "good", degraded: "warn", unhealthy: "bad" };
const SEVERITY_TONES: Record<Severity, Tone> = { critical: "bad", warning: "warn", info: "info" };
const ERROR_RATE_HIGH = 0.1;

export function Overview() {
  const frame = useFrame();
  if (!frame) return <Empty>{texts.loading}</Empty>;
  return (
    <>
      <Cards frame={frame} />
      <AccountFigures frame={frame} />
      <div class="columns">
        <Layers frame={frame} />
        <Alerts alerts={frame.status.alerts ?? []} />
      </div>
      <Trends frame={frame} />
    </>
  );
}

function Cards({ frame }: { frame: Frame }) {
  const { status, connection } = frame;
  const words = texts.cards;
  return (
    <dl class="figures cards">
      <Figure
        label={words.status}
        value={<Badge tone={HEALTH_TONES[status.status]}>{texts.health[status.status]}</Badge>}
        note={status.issues.length ? status.issues.join(" · ") : words.noIssue}
        tone={HEALTH_TONES[status.status]}
      />
      <Figure
        label={words.connection}
        value={
          <Badge tone={connection.connected ? "good" : "bad"}>{connection.connected ? words.connected : words.disconnected}</Badge>
        }
        note={connection.reason || frame.account.server || ""}
        tone={connection.connected ? "good" : "bad"}
      />
      <Figure label={words.uptime} value={duration(status.uptime_seconds)} note={`${texts.name} ${frame.about.version}`} />
      <Figure
        label={words.errorRate}
        value={percent(status.error_rate, 2)}
        note={words.lastHour}
        tone={status.error_rate > ERROR_RATE_HIGH ? "bad" : "plain"}
      >
        <Spark values={frame.recent.error_rate} />
      </Figure>
    </dl>
  );
}

function AccountFigures({ frame }: { frame: Frame }) {
  const { account, today, recent, connection } = frame;
  const words = texts.figures;
  const currency = account.currency ?? "";
  const floating = account.equity === null ? null : today.floating;
  const age_s = connection.fresh_ms ? (frame.at_ms - connection.fresh_ms) / 1_000 : null;
  return (
    <dl class="figures seven">
      <Figure label={words.balance} value={money(account.balance)} note={currency}>
        <Spark values={recent.balance} />
      </Figure>
      <Figure label={words.equity} value={money(account.equity)} note={currency}>
        <Spark values={recent.equity} />
      </Figure>
      <Figure label={words.margin_free} value={money(account.margin_free)} note={currency}>
        <Spark values={recent.margin_free} />
      </Figure>
      <Figure
        label={words.margin_level}
        value={account.margin ? `${number(account.margin_level, 0)} %` : DASH}
        note={account.margin ? `${money(account.margin)} ${currency}` : words.noMargin}
      />
      <Figure label={words.pnl} value={signed(today.pnl)} note={`${number(today.deals_total)} ${words.deals}`} tone={gain(today.pnl)}>
        <Spark values={recent.pnl} />
      </Figure>
      <Figure label={words.floating} value={signed(floating)} note={currency} tone={gain(floating)}>
        <Spark values={recent.floating} />
      </Figure>
      <Figure
        label={words.age}
        value={age_s === null ? DASH : `${number(Math.max(0, age_s), 1)} s`}
        tone={age_s !== null && age_s > 5 ? "bad" : "plain"}
      />
    </dl>
  );
}

export function gain(value: number | null | undefined): Tone {
  return !value ? "plain" : value > 0 ? "good" : "bad";
}

function Layers({ frame }: { frame: Frame }) {
  const { connection } = frame;
  const words = texts.layers;
  return (
    <Panel title={words.title}>
      <ol class="layers">
        {LAYERS.map((layer) => (
          <li key={layer} class={connection[layer] ? "up" : "down"}>
            <Badge tone={connection[layer] ? "good" : "bad"}>{connection[layer] ? words.up : words.down}</Badge>
            <b>{words[layer][0]}</b>
            <span class="note">{words[layer][1]}</span>
          </li>
        ))}
      </ol>
      {connection.reason && (
        <p class="advice">
          <b>{connection.reason}</b>
          {connection.next_step && (
            <span>
              {words.next}: {connection.next_step}
            </span>
          )}
        </p>
      )}
    </Panel>
  );
}

function Alerts({ alerts }: { alerts: Alert[] }) {
  const times = useTimes();
  const words = texts.alerts;
  const now = Date.now();
  return (
    <Panel title={words.title} aside={<span class="count">{alerts.length}</span>}>
      <div aria-live="polite">
        {alerts.length === 0 ? (
          <Empty>✓ {words.empty}</Empty>
        ) : (
          <ul class="alerts">
            {alerts.map((alert) => {
              const since = parseTime(alert.since ?? alert.timestamp);
              return (
                <li key={alert.name ?? alert.message} class={SEVERITY_TONES[alert.severity]}>
                  <Badge tone={SEVERITY_TONES[alert.severity]}>{words.severity[alert.severity]}</Badge>
                  <span class="category">{alert.category}</span>
                  <span class="message">{alert.message}</span>
                  <time class="note">
                    {words.since} {times.moment(since, now)}
                  </time>
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </Panel>
  );
}

const WINDOWS: readonly Window[] = ["24h", "7d", "90d"];
const HOUR_MS = 3_600_000;
const WINDOW_MS: Record<Window, number> = { "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS, "90d": 2_160 * HOUR_MS };

function Trends({ frame }: { frame: Frame }) {
  const shown = (useStore(place).window as Window | undefined) ?? "24h";
  const window = WINDOWS.includes(shown) ? shown : "24h";
  const now = useRead<Requests>("/api/monitoring/metrics").value;
  const sampled = useMemo(() => sample(now), [now]);
  const rate = useTrend("error_rate", window, frame.recent.at_ms ?? NONE, frame.recent.error_rate ?? NONE);
  const placed = useTrend("orders_placed", window, sampled.at_ms, sampled.placed);
  const failed = useTrend("orders_failed", window, sampled.at_ms, sampled.failed);
  const pnl = usePnl(window);
  const words = texts.trends;
  const recent = frame.recent;
  const span = useMemo(() => {
    const oldest = Math.min(...[placed, rate, pnl].map(({ times }) => times[0] ?? Number.POSITIVE_INFINITY));
    const now = Date.now();
    const newest = Math.max(now, ...[placed, rate, pnl].map(({ times }) => times.at(-1) ?? 0));
    return [Math.max(now - WINDOW_MS[window], Math.min(oldest, now - 60_000)), newest] as [number, number];
  }, [window, placed.times, rate.times, pnl.times]);
  const equity: Line[] = [
    { label: texts.figures.equity, values: recent.equity ?? [], color: "accent" },
    { label: texts.figures.balance, values: recent.balance ?? [], color: "muted" },
  ];
  const orders: Line[] = [
    { label: words.placed, values: placed.values, color: "good" },
    { label: words.failed, values: failed.values, color: "bad" },
  ];
  return (
    <Panel
      title={words.title}
      aside={<Choice label={words.window} values={WINDOWS} value={window} choose={(value) => adjust({ window: value })} />}
    >
      <div class="charts">
        <Titled title={words.equity}>
          <Chart label={words.equity} times={recent.at_ms ?? []} lines={equity} format={money} empty={texts.loading} />
        </Titled>
        <Titled title={words.pnl}>
          <Chart
            label={words.pnl}
            times={pnl.times}
            lines={[{ label: texts.trading.pnl, values: pnl.values, color: "accent" }]}
            format={(value) => signed(value)}
            empty={texts.trading.noDeals}
            span={span}
          />
        </Titled>
        <Titled title={words.orders}>
          <Chart
            label={words.orders}
            times={placed.times}
            lines={orders}
            format={(value) => number(value)}
            empty={words.empty}
            span={span}
            fromZero
            whole
          />
        </Titled>
        <Titled title={words.error_rate}>
          <Chart
            label={words.error_rate}
            times={rate.times}
            lines={[{ label: words.error_rate, values: rate.values, color: "bad" }]}
            format={(value) => percent(value)}
            empty={words.empty}
            span={span}
            fromZero
          />
        </Titled>
      </div>
    </Panel>
  );
}

export function Titled(props: { title: string; children: ComponentChildren }) {
  return (
    <div class="titled">
      <h3>{props.title}</h3>
      {props.children}
    </div>
  );
}

interface Series {
  times: number[];
  values: (number | null)[];
}

const NONE: number[] = [];
const SAMPLES_MAX = 240;

interface Sampled {
  at_ms: number[];
  placed: number[];
  failed: number[];
}

let samples: Sampled = { at_ms: [], placed: [], failed: [] };

/** Orders as they are now, beside those seen since the page was opened: the files have a row every hour only. */
function sample(now: Requests | undefined): Sampled {
  const at_ms = parseTime(now?.timestamp);
  if (!now || at_ms === null || at_ms <= (samples.at_ms.at(-1) ?? 0)) return samples;
  const grown = (kept: number[], value: number) => [...kept, value].slice(-SAMPLES_MAX);
  samples = {
    at_ms: grown(samples.at_ms, at_ms),
    placed: grown(samples.placed, now.trading.orders_placed),
    failed: grown(samples.failed, now.trading.orders_failed),
  };
  return samples;
}

/** What was kept every hour, and what is known of the time since: the first hour is not empty. */
function useTrend(metric: string, window: Window, recent_ms: number[], recent: number[]): Series {
  const { value } = useRead<History>(`/api/monitoring/history?metric=${metric}&window=${window}`);
  return useMemo(() => {
    const times = (value?.t ?? []).map((second) => second * 1_000);
    const values: (number | null)[] = [...(value?.value ?? [])];
    const last_ms = times.at(-1) ?? 0;
    if (value) {
      times.push(...recent_ms.filter((at_ms) => at_ms > last_ms));
      values.push(...recent.filter((_, index) => (recent_ms[index] ?? 0) > last_ms));
    }
    return { times, values };
  }, [value, recent_ms, recent]);
}

/** The result of every deal since the window began, added up. */
function usePnl(window: Window): Series {
  const mark = useTradeMark();
  const from = useMemo(() => new Date(Date.now() - WINDOW_MS[window]).toISOString(), [window]);
  const { value } = useRead<Deals>(`/api/history/deals?date_from=${from}`, mark);
  return useMemo(() => addedUp(value?.deals ?? []), [value]);
}

export function addedUp(deals: Deal[]): Series {
  let sum = 0;
  const traded = deals.filter((deal) => deal.type <= 1).sort((left, right) => dealMs(left) - dealMs(right));
  const values = traded.map((deal) => (sum += net(deal)));
  return { times: traded.map(dealMs), values };
}
