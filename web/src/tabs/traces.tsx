/** Traces: every order as one, found by what a person knows of it, and where its time went. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { useRead } from "../api";
import { milliseconds, parseTime } from "../format";
import { useFrame, useTimes, useTradeMark } from "../hooks";
import { Badge, Empty, Foreign, Panel, Shown, Ticket, type Tone } from "../parts";
import { adjust, linkTo, type Place, place } from "../place";
import { useStore } from "../store";
import { type Column, Table } from "../table";
import { texts } from "../texts";
import type { Trace, TraceRow, Traces as Found } from "../types";
import { Waterfall } from "../waterfall";
import { ACCEPTED, Durations } from "./trading";

const words = texts.traces;
const LIMIT = 200;
const WINDOWS: Record<string, number | null> = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000, all: null };

function windowOf(at: Place): string {
  return at.window && Object.hasOwn(WINDOWS, at.window) ? at.window : "24h";
}

/** The API's question for the filters of a place. */
export function question(at: Place, now_ms: number): string {
  const asked = new URLSearchParams({ limit: String(LIMIT) });
  const window_ms = WINDOWS[windowOf(at)];
  if (window_ms) asked.set("since", new Date(now_ms - window_ms).toISOString());
  const text = at.q?.trim();
  if (text) asked.set(/^\d+$/.test(text) ? "ticket" : "symbol", text);
  if (at.outcome) asked.set("outcome", at.outcome);
  if (at.error) asked.set("error", "true");
  if (at.min_ms && Number(at.min_ms) > 0) asked.set("min_ms", at.min_ms);
  return `/api/traces?${asked}`;
}

export function Traces() {
  const at = useStore(place);
  const mark = useTradeMark();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => setNow(Date.now()), [mark, at.window]);
  const path = useMemo(() => question(at, now), [now, at.window, at.q, at.outcome, at.error, at.min_ms]);
  const found = useRead<Found>(path);
  const traces = found.value?.traces ?? [];
  useEffect(() => {
    const first = traces[0];
    if (at.q && /^\d+$/.test(at.q) && !at.trace && first) adjust({ trace: first.trace_id });
  }, [traces, at.q]);
  return (
    <div class={at.trace ? "split open" : "split"}>
      <Panel title={words.title} aside={found.value && <span class="count">{traces.length}</span>}>
        <Filters at={at} />
        <Kept of={found}>{(value) => <List traces={value.traces} at={at} />}</Kept>
      </Panel>
      {at.trace ? <Opened key={at.trace} id={at.trace} at={at} /> : null}
    </div>
  );
}

/** Shows what was found before while it is looked for anew, as the list is on every trade. */
function Kept(props: { of: ReturnType<typeof useRead<Found>>; children: (value: Found) => ComponentChildren }) {
  const [kept, setKept] = useState<Found | undefined>();
  useEffect(() => {
    if (props.of.value) setKept(props.of.value);
  }, [props.of.value]);
  const value = props.of.value ?? (props.of.loading ? kept : undefined);
  return <Shown of={{ ...props.of, value }}>{props.children}</Shown>;
}

function Filters({ at }: { at: Place }) {
  const filtered = Boolean(at.q || at.outcome || at.error || at.min_ms);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>{words.filter}</span>
        <input
          id="filter"
          type="search"
          value={at.q ?? ""}
          maxLength={64}
          onInput={(event) => adjust({ q: event.currentTarget.value, trace: "" })}
        />
      </label>
      <label>
        <span>{words.outcome}</span>
        <select value={at.outcome ?? ""} onChange={(event) => adjust({ outcome: event.currentTarget.value })}>
          <option value="">{words.any}</option>
          {Object.entries(texts.outcomes).map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words.window}</span>
        <select value={windowOf(at)} onChange={(event) => adjust({ window: event.currentTarget.value })}>
          {Object.keys(WINDOWS).map((value) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      </label>
      <label>
        <span>{words.slower}</span>
        <input
          type="number"
          min={0}
          value={at.min_ms ?? ""}
          onInput={(event) => adjust({ min_ms: event.currentTarget.value })}
        />
      </label>
      <label class="check">
        <input type="checkbox" checked={Boolean(at.error)} onChange={(event) => adjust({ error: event.currentTarget.checked ? "1" : "" })} />
        <span>{words.errorsOnly}</span>
      </label>
      {filtered && (
        <button type="button" onClick={() => adjust({ q: "", outcome: "", error: "", min_ms: "" })}>
          {words.clear}
        </button>
      )}
    </form>
  );
}

const TONES: Record<string, Tone> = { rejected: "bad", not_sent: "bad", denied: "warn", unknown: "warn" };

export function OutcomeBadge({ outcome }: { outcome: string | null }) {
  if (!outcome) return <>–</>;
  return <Badge tone={ACCEPTED.has(outcome) ? "good" : (TONES[outcome] ?? "plain")}>{texts.outcomes[outcome] ?? outcome}</Badge>;
}

/** What the broker said; that it was refused stands beside it already. */
function Why({ text }: { text: string }) {
  return (
    <span class="why" title={text}>
      <span aria-hidden="true">✕ </span>
      <Foreign text={text.replace(/^rejected by the broker: /, "")} />
    </span>
  );
}

/** Left out beside an open trace, which shows them itself. */
const NUMBERS: ReadonlySet<string> = new Set(["order", "position"]);

function List({ traces, at }: { traces: TraceRow[]; at: Place }) {
  const times = useTimes();
  const now = Date.now();
  const slowest = Math.max(1, ...traces.map((trace) => trace.duration_ms));
  const columns: Column<TraceRow>[] = [
    {
      name: "time",
      label: texts.columns.time,
      by: (row) => row.start,
      show: (row) => <a {...linkTo({ ...at, trace: row.trace_id })}>{times.moment(parseTime(row.start), now)}</a>,
    },
    { name: "name", label: words.name, show: (row) => <Foreign text={row.name} />, by: (row) => row.name },
    { name: "symbol", label: texts.columns.symbol, show: (row) => <Foreign text={row.symbol ?? "–"} />, by: (row) => row.symbol },
    { name: "outcome", label: words.outcome, show: (row) => <OutcomeBadge outcome={row.outcome} />, by: (row) => row.outcome },
    {
      name: "duration",
      label: words.duration,
      number: true,
      by: (row) => row.duration_ms,
      show: (row) => (
        <span class="gauge">
          <span class="track" aria-hidden="true">
            <span class={row.error ? "bad" : ""} style={{ width: `${(row.duration_ms / slowest) * 100}%` }} />
          </span>
          <span class="length">{milliseconds(row.duration_ms)}</span>
        </span>
      ),
    },
    { name: "order", label: texts.columns.order, show: (row) => <Ticket number={row.order} />, by: (row) => row.order },
    { name: "position", label: texts.columns.position, show: (row) => <Ticket number={row.position} />, by: (row) => row.position },
    {
      name: "error",
      label: words.why,
      fills: true,
      by: (row) => row.error ?? "",
      show: (row) => (row.error ? <Why text={row.error} /> : ""),
    },
  ];
  return (
    <>
      {traces.length > 1 && <Durations traces={traces} />}
      <Table
        caption={words.title}
        columns={at.trace ? columns.filter((column) => !NUMBERS.has(column.name)) : columns}
        rows={traces}
        id={(row) => row.trace_id}
        empty={words.empty}
        chosen={at.trace}
        first={["time", "symbol", "outcome", "duration", "name"]}
      />
    </>
  );
}

const ROOM_PX = 160;
const LOOKS = 3;
const LOOK_MS = 1_000;

/** Counts up a few times, ever slower: whoever comes right from an order's answer is there before its last span. */
function useLooks(): number {
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    if (looks === LOOKS) return;
    const timer = setTimeout(() => setLooks(looks + 1), LOOK_MS * 2 ** looks);
    return () => clearTimeout(timer);
  }, [looks]);
  return looks;
}

function Opened({ id, at }: { id: string; at: Place }) {
  const read = useRead<Trace>(/^[0-9a-f]{32}$/.test(id) ? `/api/traces/${id}` : null, useLooks());
  const jaeger = useFrame()?.about.jaeger_url ?? "";
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where it stands above the list, whoever chose it further down would not see it.
    const at_px = top.current?.getBoundingClientRect().top ?? 0;
    if (at_px < 0 || at_px > innerHeight - ROOM_PX) top.current?.scrollIntoView({ block: "start" });
  }, [id]);
  return (
    <div class="opened" ref={top}>
      <Panel
        title={words.waterfall}
        aside={
          <a {...linkTo({ ...at, trace: "", q: at.q && /^\d+$/.test(at.q) ? "" : (at.q ?? "") })} aria-label={words.allTraces}>
            ✕ {words.allTraces}
          </a>
        }
      >
        <Shown of={read}>
          {(trace) => (trace.spans.length ? <Waterfall trace={trace} jaeger={jaeger} /> : <Empty>{words.gone}</Empty>)}
        </Shown>
      </Panel>
    </div>
  );
}
