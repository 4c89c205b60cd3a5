/** System: room on the disk, workers, the telemetry pipeline; and, on the simulator, things to break. */

import { useState } from "preact/hooks";

import { call, type Refused, session, useRead } from "../api";
import { anyText, DASH, duration, megabytes, number } from "../format";
import { useFrame, useTimes } from "../hooks";
import { rows } from "../live";
import { Refusal } from "../orders/outcome";
import { Badge, Empty, Facts, Figure, Foreign, type Lines, Panel, Shown, type Tone } from "../parts";
import { useStore } from "../store";
import { type Column, Table } from "../table";
import { texts } from "../texts";
import type { Fault, Frame, HealthDetails, PipelineRow, WorkerRow } from "../types";

const words = texts.system;

export function System() {
  const frame = useFrame();
  if (!frame) return <Empty>{texts.loading}</Empty>;
  return (
    <>
      <div class="columns">
        <Storage frame={frame} />
        <About frame={frame} />
      </div>
      <Workers frame={frame} />
      <Pipeline frame={frame} />
      {frame.about.simulated && <Faults />}
    </>
  );
}

function Storage({ frame }: { frame: Frame }) {
  const free = frame.status.free_mb;
  const read = useRead<HealthDetails>("/api/monitoring/health");
  return (
    <Panel title={words.storage}>
      <Shown of={read}>
        {({ directories }) => (
          <dl class="figures">
            <Directory label={words.dataDir} there={directories.data_dir_exists} size={directories.data_dir_size_mb} />
            <Directory label={words.logDir} there={directories.log_dir_exists} size={directories.log_dir_size_mb} />
            <Figure
              label={words.free}
              value={megabytes(free)}
              tone={free < 1_000 ? "bad" : "plain"}
            />
          </dl>
        )}
      </Shown>
    </Panel>
  );
}

function Directory(props: { label: string; there: boolean; size: number }) {
  const state = <Badge tone={props.there ? "good" : "bad"}>{props.there ? words.writable : words.missing}</Badge>;
  return <Figure label={props.label} value={megabytes(props.size)} note={state} />;
}

function About({ frame }: { frame: Frame }) {
  const { about, account, status } = frame;
  const facts: Lines = [
    [words.version, `${texts.name} ${about.version}`],
    [texts.cards.uptime, duration(status.uptime_seconds)],
    [words.terminal, about.terminal],
    [words.server, account.server ?? DASH],
    [words.login, anyText(account.login)],
  ];
  return (
    <Panel title={words.about}>
      <Facts lines={facts} across />
    </Panel>
  );
}

function Workers({ frame }: { frame: Frame }) {
  const state = (row: WorkerRow): [Tone, string] =>
    !row.alive ? ["bad", words.dead] : row.ready ? ["good", words.ready] : ["warn", words.starting];
  const columns: Column<WorkerRow>[] = [
    { name: "worker", label: words.worker, show: (row) => row.worker },
    {
      name: "state",
      label: words.state,
      show: (row) => <Badge tone={state(row)[0]}>{state(row)[1]}</Badge>,
    },
    { name: "reason", label: words.reason, show: (row) => <Foreign text={row.reason || DASH} /> },
  ];
  return (
    <Panel title={words.workers}>
      <Table caption={words.workers} columns={columns} rows={rows<WorkerRow>(frame.workers)} id={(row) => row.worker} empty={DASH} />
    </Panel>
  );
}

const STATES: Record<string, Tone> = { parked: "bad", retrying: "warn", idle: "good", shipping: "good", delivering: "good" };

function Pipeline({ frame }: { frame: Frame }) {
  const times = useTimes();
  const count = (name: "emitted" | "delivered" | "spooled", label: string): Column<PipelineRow> => ({
    name,
    label,
    number: true,
    show: (row) => number(row[name]),
    by: (row) => row[name],
  });
  const columns: Column<PipelineRow>[] = [
    { name: "signal", label: words.signal, show: (row) => row.signal, by: (row) => row.signal },
    count("emitted", words.emitted),
    count("delivered", words.delivered),
    count("spooled", words.spooled),
    {
      name: "dropped",
      label: words.dropped,
      number: true,
      show: (row) => (row.dropped ? <Badge tone="bad">{number(row.dropped)}</Badge> : "0"),
      by: (row) => row.dropped,
    },
    {
      name: "state",
      label: words.state,
      show: (row) => <Badge tone={STATES[row.state] ?? "plain"}>{row.state || words.toFiles}</Badge>,
    },
    {
      name: "last",
      label: words.lastExport,
      number: true,
      show: (row) => (row.last_success_ms ? times.time(row.last_success_ms) : DASH),
    },
    { name: "waiting", label: words.waiting, number: true, show: (row) => (row.spooled ? duration(row.waiting_s) : DASH) },
    { name: "reason", label: words.reason, show: (row) => <Foreign text={row.reason || DASH} /> },
  ];
  return (
    <Panel title={words.pipeline}>
      <Table
        caption={words.pipeline}
        columns={columns}
        rows={rows<PipelineRow>(frame.pipeline)}
        id={(row) => row.signal}
        empty={words.noPipeline}
        first={["signal", "state", "dropped", "spooled"]}
      />
    </Panel>
  );
}

function Faults() {
  const isAdmin = useStore(session).scopes.includes("admin");
  const [changes, setChanges] = useState(0);
  const [refused, setRefused] = useState<Refused | null>(null);
  const read = useRead<{ faults: Fault[] } | Fault[]>(isAdmin ? "/api/simulator/faults" : null, changes);
  const act = async (method: string, path: string, body?: unknown) => {
    setRefused(null);
    try {
      await call(method, path, body);
    } catch (error) {
      setRefused(error as Refused);
    }
    setChanges((count) => count + 1);
  };
  return (
    <Panel title={words.faults}>
      <p class="note">{words.faultsSay}</p>
      {!isAdmin && <p class="advice">{words.faultsNeedAdmin}</p>}
      <p class="buttons">
        {texts.faults.map(([fault, label, parameters]) => (
          <button
            type="button"
            key={fault}
            class="breaks"
            disabled={!isAdmin}
            onClick={() => void act("POST", "/api/simulator/faults", { fault, ...parameters })}
          >
            {label}
          </button>
        ))}
      </p>
      {refused && <Refusal refused={refused} />}
      {isAdmin && (
        <Shown of={read}>
          {(value) => (
            <AtWork faults={Array.isArray(value) ? value : value.faults} end={(path) => void act("DELETE", path)} />
          )}
        </Shown>
      )}
    </Panel>
  );
}

function AtWork(props: { faults: Fault[]; end: (path: string) => void }) {
  const parameters = ({ id: _, fault: __, ...rest }: Fault) =>
    Object.entries(rest)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name.replaceAll("_", " ")} ${anyText(value)}`)
      .join(", ");
  const columns: Column<Fault>[] = [
    { name: "fault", label: words.working, show: (row) => row.fault.replaceAll("_", " "), by: (row) => row.fault },
    { name: "parameters", label: words.reason, show: (row) => <Foreign text={parameters(row)} /> },
    {
      name: "end",
      label: texts.columns.action,
      show: (row) => (
        <button type="button" class="small" onClick={() => props.end(`/api/simulator/faults/${row.id}`)}>
          {words.end}
        </button>
      ),
    },
  ];
  return (
    <>
      <Table caption={words.working} columns={columns} rows={props.faults} id={(row) => row.id} empty={words.noFaults} />
      {props.faults.length > 1 && (
        <button type="button" onClick={() => props.end("/api/simulator/faults")}>
          {words.endAll}
        </button>
      )}
    </>
  );
}
