/** A frame and other answers as the API gives them. */

import type { Frame, Span, Trace } from "../src/types";

export function frame(parts: Partial<Frame> = {}): Frame {
  return {
    number: 1,
    at_ms: Date.UTC(2026, 0, 5, 10, 0, 0),
    about: { version: "9.9.9", terminal: "simulator", simulated: true, jaeger_url: "", utc_offset_s: 7_200, mode: "simulated" },
    status: {
      status: "healthy",
      issues: [],
      error_rate: 0.0123,
      uptime_seconds: 3_700,
      requests_per_second: 2.4,
      free_mb: 70_000,
      wrong_keys: new Array<number>(24).fill(0),
      alerts: [],
    },
    connection: {
      worker: true,
      terminal: true,
      broker: true,
      account: true,
      trading: true,
      connected: true,
      reason: "",
      next_step: "",
      since_ms: {},
      looked_ms: Date.UTC(2026, 0, 5, 9, 59, 59),
      fresh_ms: Date.UTC(2026, 0, 5, 9, 59, 59),
    },
    account: {
      login: 5100001,
      server: "Simulator",
      currency: "USD",
      leverage: 100,
      balance: 100_000,
      equity: 99_990.5,
      profit: -9.5,
      margin: 374.1,
      margin_free: 99_616.4,
      margin_level: 26_728,
      trade_allowed: true,
    },
    today: {
      orders_total: 3,
      orders_successful: 2,
      orders_failed: 1,
      orders_denied: 0,
      positions_opened: 2,
      positions_closed: 1,
      deals_total: 3,
      pnl: -3.34,
      floating: -9.5,
    },
    positions: {
      ticket: [77],
      time_msc: [Date.UTC(2026, 0, 5, 9, 0, 0)],
      symbol: ["EURUSD"],
      type: [0],
      volume: [0.1],
      price_open: [1.1022],
      price_current: [1.1013],
      sl: [0],
      tp: [0],
      profit: [-9.5],
      swap: [0],
      magic: [0],
      comment: ["first"],
    },
    orders: {},
    ticks: { symbol: ["EURUSD"], bid: [1.1013], ask: [1.1014], time_msc: [Date.UTC(2026, 0, 5, 9, 59, 58)] },
    pipeline: {},
    workers: {},
    recent: { at_ms: [1, 2], balance: [1, 2], equity: [2, 1] },
    ...parts,
  };
}

export function span(parts: Partial<Span> = {}): Span {
  return {
    span_id: "a",
    parent_span_id: null,
    name: "POST /api/order",
    kind: "server",
    start_ns: 1_000_000,
    end_ns: 21_000_000,
    duration_ms: 20,
    status: "unset",
    status_message: "",
    attributes: {},
    events: [],
    ...parts,
  };
}

export function trace(spans: Span[]): Trace {
  return { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", spans, logs: [], linked: [], numbers: { order: 11, deal: 21, position: 31 } };
}
