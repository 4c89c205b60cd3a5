/** Security: who knocked, what was refused, and which keys there are. */

import { useMemo } from "preact/hooks";

import { session, useRead } from "../api";
import { Chart } from "../chart";
import { DASH, number, parseTime } from "../format";
import { useFrame, useTimes } from "../hooks";
import { Badge, Empty, Figure, Foreign, Panel, Shown } from "../parts";
import { useStore } from "../store";
import { type Column, Table } from "../table";
import { texts } from "../texts";
import type { Key, Security as Events, SecurityEntry } from "../types";

const words = texts.security;
const WRONG_MANY = 10;

export function Security() {
  const read = useRead<Events>("/api/monitoring/metrics/security");
  return (
    <>
      <Panel title={words.byType} aside={read.value && <span class="count">{read.value.recent_events}</span>}>
        <Shown of={read}>{(value) => <Counts events={value} />}</Shown>
      </Panel>
      <WrongKeys />
      <Panel title={words.events}>
        <Shown of={read}>{(value) => <LastEvents events={value.last_events} />}</Shown>
      </Panel>
      <Keys />
    </>
  );
}

function Counts({ events }: { events: Events }) {
  const attempts = events.authentication_attempts;
  const { good, bad } = typeof attempts === "object" ? attempts : { good: attempts ?? 0, bad: 0 };
  return (
    <dl class="figures">
      <Figure label={words.attempts} value={number(good + bad)} note={`${number(good)} ${words.good}, ${number(bad)} ${words.bad}`} />
      <Figure
        label={words.wrongKeys}
        value={number(events.invalid_api_key_attempts)}
        tone={events.invalid_api_key_attempts > WRONG_MANY ? "bad" : "plain"}
      />
      {Object.entries(events.events_by_type)
        .filter(([type]) => type !== "invalid_api_key_attempt")
        .map(([type, count]) => (
          <Figure key={type} label={type.replaceAll("_", " ")} value={number(count)} />
        ))}
    </dl>
  );
}

const HOUR_MS = 3_600_000;

function WrongKeys() {
  const frame = useFrame();
  const counts = frame?.status.wrong_keys ?? [];
  const hour = Math.floor((frame?.at_ms ?? 0) / 60_000) * 60_000;
  const times = useMemo(() => counts.map((_, index) => hour - (counts.length - 1 - index + 0.5) * HOUR_MS), [hour, counts]);
  return (
    <Panel title={words.wrongOverTime}>
      <Chart
        label={words.wrongOverTime}
        times={counts.some(Boolean) ? times : []}
        lines={[{ label: words.wrongPerHour, values: counts, color: "bad", kind: "bars" }]}
        format={(value) => number(value)}
        empty={words.noWrong}
        height={110}
        fromZero
        whole
      />
    </Panel>
  );
}

function LastEvents({ events }: { events: SecurityEntry[] }) {
  const times = useTimes();
  const now = Date.now();
  const columns: Column<SecurityEntry>[] = [
    { name: "time", label: texts.columns.time, show: (row) => times.moment(parseTime(row.timestamp), now), by: (row) => row.timestamp },
    { name: "type", label: words.type, show: (row) => <Badge tone={tone(row.event_type)}>{row.event_type.replaceAll("_", " ")}</Badge>, by: (row) => row.event_type },
    { name: "client", label: words.client, show: (row) => <Foreign text={row.client_ip} />, by: (row) => row.client_ip },
    { name: "key", label: words.key, show: (row) => <Foreign text={row.key_id || DASH} />, by: (row) => row.key_id },
    { name: "count", label: words.count, number: true, show: (row) => number(row.count ?? 1), by: (row) => row.count ?? 1 },
    { name: "details", label: words.details, show: (row) => <Foreign text={row.details || DASH} /> },
  ];
  return (
    <Table
      caption={words.events}
      columns={columns}
      rows={events}
      id={(row) => row.timestamp + row.event_type + row.client_ip + row.key_id}
      empty={words.noEvents}
      first={["time", "type", "count"]}
    />
  );
}

function tone(type: string): "bad" | "warn" | "info" {
  if (type === "invalid_api_key_attempt") return "bad";
  return type.startsWith("key_") || type.endsWith("changed") || type.endsWith("reset") ? "info" : "warn";
}

function Keys() {
  const { scopes } = useStore(session);
  const isAdmin = scopes.includes("admin");
  const read = useRead<{ keys: Key[] } | Key[]>(isAdmin ? "/api/keys" : null);
  const times = useTimes();
  const columns: Column<Key>[] = [
    { name: "id", label: words.key, show: (row) => <Foreign text={row.id} />, by: (row) => row.id },
    { name: "name", label: words.keyName, show: (row) => <Foreign text={row.name} />, by: (row) => row.name },
    {
      name: "scopes",
      label: words.scopes,
      show: (row) => (
        <span class="chips">
          {row.scopes.map((scope) => (
            <Badge tone="plain" key={scope}>
              {scope}
            </Badge>
          ))}
        </span>
      ),
    },
    { name: "created", label: words.created, show: (row) => times.dateTime(parseTime(row.created)), by: (row) => row.created },
    {
      name: "used",
      label: words.lastUsed,
      show: (row) => (row.last_used ? times.dateTime(parseTime(row.last_used)) : words.never),
      by: (row) => row.last_used,
    },
  ];
  return (
    <Panel title={words.keys}>
      {isAdmin ? (
        <Shown of={read}>
          {(value) => (
            <Table
              caption={words.keys}
              columns={columns}
              rows={Array.isArray(value) ? value : value.keys}
              id={(row) => row.id}
              empty={words.noKeys}
              first={["name", "used", "scopes"]}
            />
          )}
        </Shown>
      ) : (
        <Empty>{words.keysNeedAdmin}</Empty>
      )}
    </Panel>
  );
}
