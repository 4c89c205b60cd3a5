/** The JSON that this page reads, in one place: the API's contract as far as it is used here. */

export type Mode = "simulated" | "demo" | "real" | "unknown";
export type Health = "healthy" | "degraded" | "unhealthy";
export type Severity = "critical" | "warning" | "info";
export type Zone = "broker" | "utc" | "local";
export type Window = "24h" | "7d" | "90d";
export type RequestWindow = "5m" | "1h" | "24h";

export const LAYERS = ["worker", "terminal", "broker", "account", "trading"] as const;
export type Layer = (typeof LAYERS)[number];

/** A table as the stream sends it: one list for each column. */
export type Columns<Row> = { [Name in keyof Row]?: Row[Name][] };

export interface About {
  version: string;
  terminal: string;
  simulated: boolean;
  jaeger_url: string;
  /** How far the broker's clock is ahead of UTC; null while that is not known. */
  utc_offset_s: number | null;
  mode: Mode;
}

export interface Alert {
  name?: string;
  severity: Severity;
  category: string;
  message: string;
  timestamp: string;
  since?: string;
  next_step?: string;
}

export interface StatusSection {
  status: Health;
  issues: string[];
  error_rate: number;
  uptime_seconds: number;
  requests_per_second: number;
  free_mb: number;
  /** By the hour, the present one last. */
  wrong_keys: number[];
  alerts: Alert[];
}

export type ConnectionSection = Record<Layer, boolean> & {
  connected: boolean;
  reason: string;
  next_step: string;
  since_ms: Partial<Record<Layer, number>>;
  looked_ms: number;
  fresh_ms: number;
};

export interface AccountSection {
  login: number | null;
  server: string | null;
  currency: string | null;
  leverage: number | null;
  balance: number | null;
  equity: number | null;
  profit: number | null;
  margin: number | null;
  margin_free: number | null;
  margin_level: number | null;
  trade_allowed: boolean | null;
}

export interface TodaySection {
  orders_total: number;
  orders_successful: number;
  orders_failed: number;
  orders_denied: number;
  positions_opened: number;
  positions_closed: number;
  deals_total: number;
  pnl: number;
  floating: number;
}

export interface PositionRow {
  ticket: number;
  time_msc: number;
  symbol: string;
  type: number;
  volume: number;
  price_open: number;
  price_current: number;
  sl: number;
  tp: number;
  profit: number;
  swap: number;
  magic: number;
  comment: string;
}

export interface PendingRow {
  ticket: number;
  time_setup_msc: number;
  symbol: string;
  type: number;
  volume_current: number;
  price_open: number;
  price_current: number;
  sl: number;
  tp: number;
  /** Seconds since 1970 UTC; 0 for never. */
  time_expiration: number;
  magic: number;
  comment: string;
}

export interface TickRow {
  symbol: string;
  bid: number;
  ask: number;
  time_msc: number;
}

export interface PipelineRow {
  signal: string;
  emitted: number;
  delivered: number;
  spooled: number;
  dropped: number;
  state: string;
  reason: string;
  waiting_s: number;
  last_success_ms: number | null;
}

export interface WorkerRow {
  worker: string;
  alive: boolean;
  ready: boolean;
  reason: string;
}

/** Everything the stream tells; `full` has all of it, `delta` the fields that changed. */
export interface Frame {
  number: number;
  at_ms: number;
  about: About;
  status: StatusSection;
  connection: ConnectionSection;
  account: AccountSection;
  today: TodaySection;
  positions: Columns<PositionRow>;
  orders: Columns<PendingRow>;
  ticks: Columns<TickRow>;
  pipeline: Columns<PipelineRow>;
  workers: Columns<WorkerRow>;
  recent: Record<string, number[]>;
}

export type Delta = { number: number; at_ms: number } & {
  [Section in Exclude<keyof Frame, "number" | "at_ms" | "recent">]?: Partial<Frame[Section]>;
};

export interface Deal {
  ticket: number;
  order: number;
  position_id: number;
  time: number;
  time_msc?: number;
  symbol: string;
  type: number;
  entry: number;
  reason: number;
  volume: number;
  price: number;
  profit: number;
  commission: number;
  swap: number;
  fee?: number;
  comment: string;
  ours?: boolean;
}

export interface Deals {
  deals: Deal[];
  summary: { total_deals: number; net_profit: number };
}

export interface SymbolInfo {
  canonical: string;
  broker_symbol: string;
  digits: number;
  point: number;
  min_lot: number;
  max_lot: number;
  lot_step: number;
  /** By how much prices move; in the last digit's unit or a multiple of it. */
  tick_size: number;
  /** How many points a waiting order's price must stand off the market. */
  stops_level: number;
}

export type Outcome = "filled" | "placed" | "unchanged" | "rejected" | "denied" | "not_sent" | "unknown";

export interface TraceRow {
  trace_id: string;
  start: string;
  duration_ms: number;
  name: string;
  symbol: string | null;
  outcome: string | null;
  order: number | null;
  deal: number | null;
  position: number | null;
  error: string | null;
}

export interface Traces {
  traces: TraceRow[];
}

export interface Span {
  span_id: string;
  parent_span_id: string | null;
  name: string;
  kind: string;
  start_ns: number;
  end_ns: number;
  duration_ms: number;
  status: "unset" | "ok" | "error";
  status_message: string;
  attributes: Record<string, unknown>;
  events: { name: string; time: string; attributes: Record<string, unknown> }[];
}

export interface LogRecord {
  time: string;
  time_ns: number;
  span_id: string | null;
  severity: string;
  body: unknown;
  attributes: Record<string, unknown>;
}

export interface Trace {
  trace_id: string;
  spans: Span[];
  logs: LogRecord[];
  numbers: { order: number | null; deal: number | null; position: number | null };
  linked: { trace_id: string; name: string }[];
}

export interface Requests {
  requests: { total: number; by_endpoint: Record<string, number>; errors: number; error_rate: number; client_errors?: number };
  latency: {
    average_ms: Record<string, number>;
    p50_ms?: Record<string, number>;
    p95_ms: Record<string, number>;
    p99_ms?: Record<string, number>;
  };
  timestamp: string;
  trading: { orders_placed: number; orders_failed: number };
}

export interface Performance {
  throughput: { requests_per_second: number; total_requests: number; uptime_seconds: number };
  errors: { total: number; rate: number; by_endpoint: Record<string, number> };
}

export interface ErrorEntry {
  timestamp: string;
  scope: string;
  message: string;
  trace_id?: string | null;
}

export interface Errors {
  recent_errors: number;
  errors_by_scope: Record<string, number>;
  last_errors: ErrorEntry[];
}

export interface SecurityEntry {
  timestamp: string;
  event_type: string;
  client_ip: string;
  details?: string;
  key_id?: string;
  /** How many attempts of one caller in one minute it stands for. */
  count?: number;
}

export interface Security {
  recent_events: number;
  events_by_type: Record<string, number>;
  invalid_api_key_attempts: number;
  authentication_attempts?: { good: number; bad: number } | number;
  last_events: SecurityEntry[];
}

export interface Key {
  id: string;
  name: string;
  scopes: string[];
  created: string;
  last_used: string | null;
}

export interface HealthDetails {
  directories: {
    data_dir_exists: boolean;
    log_dir_exists: boolean;
    data_dir_size_mb: number;
    log_dir_size_mb: number;
  };
}

export interface History {
  metric: string;
  window: string;
  /** Seconds since 1970, oldest first, and the figure then. */
  t: number[];
  value: number[];
}

export interface Fault {
  id: number;
  fault: string;
  [parameter: string]: unknown;
}

export interface Session {
  authenticated: boolean;
  name: string;
  scopes: string[];
  csrf: string;
  /** Whether this page may look, with a log-in or without. */
  reads: boolean;
}

export interface ErrorBody {
  detail: { error: { code: string; message: string; details: Record<string, unknown> } };
}

export interface OrderAnswer {
  order: number | null;
  position: number | null;
  deal: number | null;
  outcome: Outcome;
  /** Such as `buy_limit`; `market` where it does not wait. */
  order_type?: string;
  symbol: string;
  side: "buy" | "sell";
  volume: number;
  remaining?: number;
  price: number | null;
  order_id: string;
  trace_id: string;
}
