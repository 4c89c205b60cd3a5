/** Trading: what was ordered today, what is open, what was dealt; and placing and closing. */

import { useMemo, useState } from "preact/hooks";

import { useRead } from "../api";
import { Chart, type Line } from "../chart";
import { costs, dealMs, net } from "../deals";
import { DASH, duration, milliseconds, money, number, parseTime, price, signed, volume } from "../format";
import { useFrame, useSymbols, useTimes, useTradeMark } from "../hooks";
import { rows } from "../live";
import { Choice, Empty, Figure, Foreign, Panel, Shown, Ticket } from "../parts";
import type { Trade } from "../orders/open";
import { useMayTrade } from "../orders/sending";
import { isPending } from "../orders/vocabulary";
import { adjust, place } from "../place";
import { useStore } from "../store";
import { type Column, Table } from "../table";
import { texts } from "../texts";
import type { Deal, Deals, Frame, PendingRow, PositionRow, SymbolInfo, TickRow, TraceRow, Traces } from "../types";
import { gain, Titled } from "./overview";

const words = texts.trading;
const names = texts.columns;
const WINDOWS = ["1h", "24h", "7d"] as const;
type TradeWindow = (typeof WINDOWS)[number];
const WINDOW_MS: Record<TradeWindow, number> = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 };

export function Trading({ trade }: { trade: (trade: Trade) => void }) {
  const frame = useFrame();
  const symbols = useSymbols();
  if (!frame) return <Empty>{texts.loading}</Empty>;
  const hasPending = Boolean(frame.orders.ticket?.length);
  return (
    <>
      <Today frame={frame} newOrder={() => trade({ newOrder: true })} />
      <Positions frame={frame} symbols={symbols} close={(close) => trade({ close })} />
      {/* Orders that wait need the whole width, and beside nothing that waits there is room for the prices. */}
      <div class={hasPending ? "stacked" : "columns wide-first"}>
        <Pending frame={frame} symbols={symbols} trade={trade} />
        <Prices frame={frame} symbols={symbols} />
      </div>
      <OrderCharts />
      <DealsPanel symbols={symbols} />
    </>
  );
}

function Today({ frame, newOrder }: { frame: Frame; newOrder: () => void }) {
  const { today } = frame;
  return (
    <div class="today">
      <dl class="figures eight">
        <Figure label={words.orders} value={number(today.orders_total)} note={words.today.toLowerCase()} />
        <Figure label={words.successful} value={number(today.orders_successful)} />
        <Figure label={words.failed} value={number(today.orders_failed)} tone={today.orders_failed ? "bad" : "plain"} />
        <Figure label={words.denied} value={number(today.orders_denied)} tone={today.orders_denied ? "warn" : "plain"} />
        <Figure label={words.opened} value={number(today.positions_opened)} />
        <Figure label={words.closed} value={number(today.positions_closed)} />
        <Figure label={words.deals} value={number(today.deals_total)} />
        <Figure label={[words.pnl, frame.account.currency].filter(Boolean).join(", ")} value={signed(today.pnl)} tone={gain(today.pnl)} />
      </dl>
      <button type="button" class="primary" onClick={newOrder}>
        {words.newOrder}
      </button>
    </div>
  );
}

function sideBadge(type: number) {
  return <span class={type % 2 === 0 ? "buy" : "sell"}>{texts.orderTypes[type] ?? String(type)}</span>;
}

function tone(value: number): string {
  return gain(value);
}

function Positions(props: { frame: Frame; symbols: Map<string, SymbolInfo>; close: (position: PositionRow) => void }) {
  const { frame, symbols } = props;
  const times = useTimes();
  const open = rows<PositionRow>(frame.positions);
  const mayTrade = useMayTrade();
  const digits = (row: PositionRow) => symbols.get(row.symbol)?.digits;
  const columns: Column<PositionRow>[] = [
    { name: "ticket", label: names.ticket, show: (row) => <Ticket number={row.ticket} />, by: (row) => row.ticket },
    { name: "time", label: names.opened, show: (row) => times.moment(row.time_msc, frame.at_ms), by: (row) => row.time_msc },
    { name: "symbol", label: names.symbol, show: (row) => <Foreign text={row.symbol} />, by: (row) => row.symbol },
    { name: "side", label: names.side, show: (row) => sideBadge(row.type), by: (row) => row.type },
    { name: "volume", label: names.volume, number: true, show: (row) => volume(row.volume), by: (row) => row.volume },
    { name: "open", label: names.open, number: true, show: (row) => price(row.price_open, digits(row)), by: (row) => row.price_open },
    { name: "current", label: names.current, number: true, show: (row) => price(row.price_current, digits(row)) },
    { name: "sl", label: names.sl, number: true, show: (row) => price(row.sl, digits(row)), by: (row) => row.sl },
    { name: "tp", label: names.tp, number: true, show: (row) => price(row.tp, digits(row)), by: (row) => row.tp },
    { name: "swap", label: names.swap, number: true, show: (row) => signed(row.swap), by: (row) => row.swap },
    {
      name: "profit",
      label: names.profit,
      number: true,
      show: (row) => signed(row.profit),
      by: (row) => row.profit,
      class: (row) => tone(row.profit),
    },
    { name: "comment", label: names.comment, show: (row) => <Foreign text={row.comment ?? ""} />, by: (row) => row.comment },
  ];
  if (mayTrade) columns.push({ name: "close", label: names.action, show: (row) => <CloseButton position={row} close={props.close} /> });
  const profit = open.reduce((sum, row) => sum + row.profit, 0);
  return (
    <Panel title={words.positions} aside={<Sum count={open.length} value={profit} />}>
      <Table caption={words.positions} columns={columns} rows={open} id={(row) => row.ticket} empty={words.noPositions} first={["symbol", "side", "volume", "profit", "close"]} />
    </Panel>
  );
}

function CloseButton({ position, close }: { position: PositionRow; close: (position: PositionRow) => void }) {
  return (
    <button type="button" class="small" aria-label={`${words.closeLabel} ${position.ticket}`} onClick={() => close(position)}>
      {words.closePosition}
    </button>
  );
}

function Sum(props: { count: number; value: number }) {
  return (
    <span class="sum">
      <span class="count">{props.count}</span>
      {props.count > 0 && <b class={gain(props.value)}>{signed(props.value)}</b>}
    </span>
  );
}

function Pending({ frame, symbols, trade }: { frame: Frame; symbols: Map<string, SymbolInfo>; trade: (trade: Trade) => void }) {
  const times = useTimes();
  const pending = rows<PendingRow>(frame.orders);
  const mayTrade = useMayTrade();
  const digits = (row: PendingRow) => symbols.get(row.symbol)?.digits;
  const columns: Column<PendingRow>[] = [
    { name: "ticket", label: names.ticket, show: (row) => <Ticket number={row.ticket} />, by: (row) => row.ticket },
    { name: "time", label: names.time, show: (row) => times.moment(row.time_setup_msc, frame.at_ms), by: (row) => row.time_setup_msc },
    { name: "symbol", label: names.symbol, show: (row) => <Foreign text={row.symbol} />, by: (row) => row.symbol },
    { name: "type", label: names.type, show: (row) => sideBadge(row.type), by: (row) => row.type },
    { name: "volume", label: names.volume, number: true, show: (row) => volume(row.volume_current), by: (row) => row.volume_current },
    { name: "price", label: names.price, number: true, show: (row) => price(row.price_open, digits(row)), by: (row) => row.price_open },
    { name: "current", label: names.current, number: true, show: (row) => price(row.price_current, digits(row)) },
    { name: "sl", label: names.sl, number: true, show: (row) => price(row.sl, digits(row)) },
    { name: "tp", label: names.tp, number: true, show: (row) => price(row.tp, digits(row)) },
    { name: "expires", label: `${names.expires}, ${texts.zone[times.zone]}`, show: (row) => times.typed(row.time_expiration * 1_000).replace("T", " ") || DASH, by: (row) => row.time_expiration },
    { name: "comment", label: names.comment, show: (row) => <Foreign text={row.comment ?? ""} /> },
  ];
  if (mayTrade) columns.push({ name: "action", label: names.action, show: (row) => isPending(row.type) && <PendingActions order={row} trade={trade} /> });
  return (
    <Panel title={words.pending} aside={<span class="count">{pending.length}</span>}>
      <Table caption={words.pending} columns={columns} rows={pending} id={(row) => row.ticket} empty={words.noPending} first={["symbol", "type", "volume", "price", "action"]} />
    </Panel>
  );
}

function PendingActions({ order, trade }: { order: PendingRow; trade: (trade: Trade) => void }) {
  return (
    <span class="acts">
      <button type="button" class="small" aria-label={`${texts.pending.changeLabel} ${order.ticket}`} onClick={() => trade({ change: order })}>
        {texts.pending.change}
      </button>
      <button type="button" class="small" aria-label={`${texts.pending.cancelLabel} ${order.ticket}`} onClick={() => trade({ cancel: order })}>
        {texts.pending.cancel}
      </button>
    </span>
  );
}

const QUIET_S = 60;

function Prices({ frame, symbols }: { frame: Frame; symbols: Map<string, SymbolInfo> }) {
  const digits = (row: TickRow) => symbols.get(row.symbol)?.digits;
  const age_s = (row: TickRow) => Math.max(0, (frame.at_ms - row.time_msc) / 1_000);
  const spread = (row: TickRow) => {
    const point = symbols.get(row.symbol)?.point;
    return point ? (row.ask - row.bid) / point : null;
  };
  const columns: Column<TickRow>[] = [
    { name: "symbol", label: names.symbol, show: (row) => <Foreign text={row.symbol} />, by: (row) => row.symbol },
    { name: "bid", label: names.bid, number: true, show: (row) => price(row.bid, digits(row)) },
    { name: "ask", label: names.ask, number: true, show: (row) => price(row.ask, digits(row)) },
    { name: "spread", label: names.spread, number: true, show: (row) => number(spread(row), 0), by: spread },
    {
      name: "age",
      label: names.age,
      number: true,
      show: (row) => (row.time_msc ? duration(age_s(row)) : DASH),
      by: age_s,
      class: (row) => (age_s(row) > QUIET_S ? "bad" : ""),
    },
  ];
  return (
    <Panel title={words.prices}>
      <Table caption={words.prices} columns={columns} rows={rows<TickRow>(frame.ticks)} id={(row) => row.symbol} empty={words.noPrices} />
    </Panel>
  );
}

const LATENCY_MAX = 500;
export const ACCEPTED = new Set(["filled", "placed", "unchanged"]);

function OrderCharts() {
  const chosen = useStore(place).window as TradeWindow;
  const window = WINDOWS.includes(chosen) ? chosen : "24h";
  const mark = useTradeMark();
  const since = useMemo(() => new Date(Date.now() - WINDOW_MS[window]).toISOString(), [window, mark]);
  const read = useRead<Traces>(`/api/traces?since=${since}&limit=${LATENCY_MAX}`);
  const [kept, setKept] = useState<Traces | undefined>();
  if (read.value && read.value !== kept) setKept(read.value);
  const shown = read.value ? read : kept ? { ...read, value: kept } : read;
  const span = useMemo(() => spanOf(shown.value?.traces ?? [], WINDOW_MS[window], Date.now()), [window, shown.value]);
  return (
    <Panel
      title={words.overTime}
      aside={
        <Choice label={texts.traces.window} values={WINDOWS} value={window} choose={(value) => adjust({ window: value })} />
      }
    >
      <Shown of={shown}>
        {({ traces }) => (
          <div class="charts">
            <Titled title={words.latency}>
              <Durations traces={traces} span={span} />
            </Titled>
            <Titled title={words.outcomes}>
              <Outcomes traces={traces} span={span} />
            </Titled>
          </div>
        )}
      </Shown>
    </Panel>
  );
}

/** The window, or what of it there are orders in: a young history is not squeezed into the last pixel. */
export function spanOf(traces: TraceRow[], window_ms: number, now_ms: number): [number, number] {
  const oldest = parseTime(traces.at(-1)?.start) ?? now_ms - window_ms;
  const covered = Math.max(60_000, (now_ms - oldest) * 1.04);
  return [now_ms - Math.min(window_ms, covered), now_ms];
}

const GROUPS: [string, string, (trace: TraceRow) => boolean][] = [
  [texts.outcomes.filled ?? "", "good", (trace) => ACCEPTED.has(trace.outcome ?? "")],
  [texts.outcomes.rejected ?? "", "bad", (trace) => trace.outcome === "rejected" || trace.outcome === "not_sent"],
  [texts.outcomes.denied ?? "", "warn", (trace) => trace.outcome === "denied"],
  [texts.outcomes.unknown ?? "", "violet", (trace) => trace.outcome === "unknown"],
];

/** A point for each order: slow ones jump out. */
export function Durations({ traces, span }: { traces: TraceRow[]; span?: [number, number] }) {
  const { times, lines } = useMemo(() => {
    const oldest = traces.filter((trace) => trace.outcome !== null).reverse();
    const groups = GROUPS.map(([label, color, holds]): Line => ({
      label,
      color,
      kind: "points",
      values: oldest.map((trace) => (holds(trace) ? trace.duration_ms : null)),
    }));
    return {
      times: oldest.map((trace) => parseTime(trace.start) ?? 0),
      lines: groups.filter((line, index) => index === 0 || line.values.some((value) => value !== null)),
    };
  }, [traces]);
  return <Chart label={words.latency} times={times} lines={lines} format={milliseconds} empty={words.noOrders} fromZero span={span} />;
}

const BUCKETS = 48;

function Outcomes({ traces, span }: { traces: TraceRow[]; span: [number, number] }) {
  const { times, lines } = useMemo(() => inBuckets(traces, span), [traces, span]);
  if (traces.length === 0) return <Empty>{words.noOrders}</Empty>;
  return <Chart label={words.outcomes} times={times} lines={lines} format={(value) => number(value)} empty={words.noOrders} fromZero whole span={span} />;
}

/** Counts of each outcome in equal pieces of time, stacked: each is drawn with those after it under it. */
export function inBuckets(traces: TraceRow[], [from, to]: [number, number]): { times: number[]; lines: Line[] } {
  const size = (to - from) / BUCKETS;
  const times = Array.from({ length: BUCKETS }, (_, index) => from + (index + 0.5) * size);
  const counts = GROUPS.map(() => new Array<number>(BUCKETS).fill(0));
  for (const trace of traces) {
    const row = counts[GROUPS.findIndex(([, , holds]) => holds(trace))];
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(((parseTime(trace.start) ?? from) - from) / size)));
    if (row) row[bucket] = (row[bucket] ?? 0) + 1;
  }
  const lines = GROUPS.map(([label, color], index): Line => {
    const said = counts[index] ?? [];
    const under = said.map((_, bucket) => counts.slice(index).reduce((sum, row) => sum + (row[bucket] ?? 0), 0));
    return { label, color, kind: "bars", said, values: under.map((sum) => sum || null) };
  });
  return { times, lines: lines.filter((line, index) => index === 0 || line.said?.some(Boolean)) };
}

function DealsPanel({ symbols }: { symbols: Map<string, SymbolInfo> }) {
  const read = useRead<Deals>("/api/history/deals", useTradeMark());
  const times = useTimes();
  const now = Date.now();
  const columns: Column<Deal>[] = [
    { name: "ticket", label: names.ticket, show: (row) => <Ticket number={row.ticket} />, by: (row) => row.ticket },
    { name: "time", label: names.time, show: (row) => times.moment(dealMs(row), now), by: dealMs },
    { name: "position", label: names.position, show: (row) => <Ticket number={row.position_id} />, by: (row) => row.position_id },
    { name: "symbol", label: names.symbol, show: (row) => <Foreign text={row.symbol} />, by: (row) => row.symbol },
    {
      name: "type",
      label: names.side,
      show: (row) => <span class={row.type === 0 ? "buy" : row.type === 1 ? "sell" : ""}>{texts.dealTypes[row.type] ?? row.type}</span>,
      by: (row) => row.type,
    },
    { name: "entry", label: names.entry, show: (row) => texts.entries[row.entry] ?? DASH, by: (row) => row.entry },
    { name: "reason", label: names.reason, show: (row) => texts.reasons[row.reason] ?? DASH, by: (row) => row.reason },
    { name: "volume", label: names.volume, number: true, show: (row) => volume(row.volume), by: (row) => row.volume },
    { name: "price", label: names.price, number: true, show: (row) => price(row.price, symbols.get(row.symbol)?.digits), by: (row) => row.price },
    { name: "costs", label: names.costs, number: true, show: (row) => money(costs(row)), by: costs },
    { name: "profit", label: names.net, number: true, show: (row) => signed(net(row)), by: net, class: (row) => tone(net(row)) },
    { name: "comment", label: names.comment, show: (row) => <Foreign text={row.comment ?? ""} />, by: (row) => row.comment },
  ];
  return (
    <Panel title={words.dealsTitle} aside={read.value && <Sum count={read.value.deals.length} value={read.value.summary.net_profit} />}>
      <Shown of={read}>
        {({ deals }) => (
          <Table
            caption={words.dealsTitle}
            columns={columns}
            rows={deals}
            id={(row) => row.ticket}
            empty={words.noDeals}
            max={200}
            first={["time", "symbol", "type", "volume", "profit"]}
          />
        )}
      </Shown>
    </Panel>
  );
}
