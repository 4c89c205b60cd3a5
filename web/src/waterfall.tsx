/** One trace: where its time went, with attributes, events and logs of each span. */

import { useMemo, useState } from "preact/hooks";

import { anyText, milliseconds, number, parseTime } from "./format";
import { useTimes } from "./hooks";
import { Badge, Empty, Foreign, Panel, Ticket, TraceLink } from "./parts";
import { texts } from "./texts";
import type { LogRecord, Span, Trace } from "./types";

const words = texts.traces;

export interface Branch {
  span: Span;
  depth: number;
}

/** Every span after its parent; one whose parent is not here stands at the top. */
export function tree(spans: Span[]): Branch[] {
  const known = new Set(spans.map((span) => span.span_id));
  const children = new Map<string, Span[]>();
  for (const span of [...spans].sort((left, right) => left.start_ns - right.start_ns)) {
    const parent = span.parent_span_id && known.has(span.parent_span_id) ? span.parent_span_id : "";
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const walk = (parent: string, depth: number): Branch[] =>
    (children.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...walk(span.span_id, depth + 1)]);
  return walk("", 0);
}

/** How much of a trace id tells it from the others at a glance. */
const SHORT = 8;

export function Waterfall({ trace, jaeger }: { trace: Trace; jaeger: string }) {
  const branches = useMemo(() => tree(trace.spans), [trace]);
  const times = useTimes();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const start = Math.min(...trace.spans.map((span) => span.start_ns));
  const end = Math.max(...trace.spans.map((span) => span.end_ns));
  const whole = end - start || 1;
  const toggle = (id: string) => setOpened((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
  return (
    <div class="trace">
      <dl class="facts across">
        <Fact name={texts.columns.time} value={times.dateTime(start / 1e6, true)} />
        <Fact name={words.duration} value={milliseconds(whole / 1e6)} />
        <Fact name={words.spans} value={number(trace.spans.length)} />
        {(["order", "deal", "position"] as const).map((kind) => (
          <div key={kind}>
            <dt>{kind}</dt>
            <dd>
              <Ticket number={trace.numbers?.[kind]} />
            </dd>
          </div>
        ))}
        <Fact name="trace id" value={trace.trace_id} />
        {trace.linked.length > 0 && (
          <div>
            <dt>{words.linked}</dt>
            {trace.linked.map((other) => (
              <dd key={other.trace_id}>
                <TraceLink id={other.trace_id}>
                  {other.name} {other.trace_id.slice(0, SHORT)}
                </TraceLink>
              </dd>
            ))}
          </div>
        )}
      </dl>
      {jaeger && (
        <a href={`${jaeger}/trace/${trace.trace_id}`} target="_blank" rel="noopener noreferrer">
          {words.jaeger} ↗
        </a>
      )}
      <div class="scroll" tabIndex={0} role="group" aria-label={words.waterfall}>
        <table class="waterfall">
          <caption class="hidden">{words.waterfall}</caption>
          <thead>
            <tr>
              <th scope="col">{words.span}</th>
              <th scope="col" class="number">
                {words.duration}
              </th>
              <th scope="col">
                <Scale whole_ms={whole / 1e6} />
              </th>
            </tr>
          </thead>
          <tbody>
            {branches.map((branch) => (
              <Row
                key={branch.span.span_id}
                branch={branch}
                start={start}
                whole={whole}
                logs={trace.logs.filter((log) => log.span_id === branch.span.span_id)}
                opened={opened.has(branch.span.span_id)}
                toggle={toggle}
              />
            ))}
          </tbody>
        </table>
      </div>
      <Logs logs={trace.logs} />
    </div>
  );
}

function Fact(props: { name: string; value: string }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        <Foreign text={props.value} />
      </dd>
    </div>
  );
}

function Scale({ whole_ms }: { whole_ms: number }) {
  return (
    <span class="scale">
      {[0, 0.25, 0.5, 0.75, 1].map((part) => (
        <span key={part}>{milliseconds(whole_ms * part)}</span>
      ))}
    </span>
  );
}

function Row(props: {
  branch: Branch;
  start: number;
  whole: number;
  logs: LogRecord[];
  opened: boolean;
  toggle: (id: string) => void;
}) {
  const { span, depth } = props.branch;
  const failed = span.status === "error";
  const left = ((span.start_ns - props.start) / props.whole) * 100;
  const width = Math.max(0.4, ((span.end_ns - span.start_ns) / props.whole) * 100);
  return (
    <>
      <tr class={failed ? "bad" : undefined}>
        <th scope="row" style={{ paddingLeft: `${8 + depth * 14}px` }}>
          <button
            type="button"
            class="plain"
            aria-expanded={props.opened}
            aria-label={`${words.showDetails} ${span.name}`}
            onClick={() => props.toggle(span.span_id)}
          >
            <span aria-hidden="true">{props.opened ? "▾" : "▸"}</span> <Foreign text={span.name} />
          </button>
          {failed && <Badge tone="bad">{words.error}</Badge>}
        </th>
        <td class="number">{milliseconds(span.duration_ms)}</td>
        <td class="bars">
          <div class={`piece ${failed ? "bad" : span.kind}`} style={{ marginLeft: `${Math.min(left, 99.6)}%`, width: `${width}%` }} />
        </td>
      </tr>
      {props.opened && (
        <tr class="details">
          <td colSpan={3}>
            {span.status_message && (
              <p>
                <Badge tone="bad">{words.error}</Badge> <Foreign text={span.status_message} />
              </p>
            )}
            <Attributes attributes={{ kind: span.kind, ...span.attributes }} />
            {span.events.map((event) => (
              <div key={event.time + event.name}>
                <h4>{event.name}</h4>
                <Attributes attributes={event.attributes} />
              </div>
            ))}
            {props.logs.length > 0 && <LogLines logs={props.logs} />}
          </td>
        </tr>
      )}
    </>
  );
}

function Attributes({ attributes }: { attributes: Record<string, unknown> }) {
  return (
    <dl class="attributes">
      {Object.entries(attributes).map(([name, value]) => (
        <div key={name}>
          <dt>
            <Foreign text={name} />
          </dt>
          <dd>
            <Foreign text={anyText(value)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Logs({ logs }: { logs: LogRecord[] }) {
  return (
    <Panel title={words.logs} aside={<span class="count">{logs.length}</span>} class="inner">
      {logs.length === 0 ? <Empty>{words.noLogs}</Empty> : <LogLines logs={logs} />}
    </Panel>
  );
}

function LogLines({ logs }: { logs: LogRecord[] }) {
  const times = useTimes();
  return (
    <ol class="logs">
      {logs.map((log, index) => (
        <li key={index} class={log.severity.toLowerCase()}>
          <time>{times.time(parseTime(log.time), true)}</time>
          <b>{log.severity}</b>
          <Foreign text={anyText(log.body)} />
        </li>
      ))}
    </ol>
  );
}
