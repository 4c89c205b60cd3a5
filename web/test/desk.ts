/** A desk for the dialogs that trade: one symbol, one order that waits, an API that answers as it is told. */

import { fireEvent, screen } from "@testing-library/preact";
import { vi } from "vitest";

import { session } from "../src/api";
import { live } from "../src/live";
import { ourChanges } from "../src/orders/pending";
import type { PendingRow, SymbolInfo, TickRow } from "../src/types";
import { frame } from "./samples";

export const EURUSD: SymbolInfo = { canonical: "EURUSD", broker_symbol: "EURUSD", digits: 5, point: 0.00001, min_lot: 0.01, max_lot: 100, lot_step: 0.01, tick_size: 0.00001, stops_level: 0 };
export const TICK: TickRow = { symbol: "EURUSD", bid: 1.1013, ask: 1.1014, time_msc: 1 };
export const WAITING: PendingRow = {
  ticket: 501,
  time_setup_msc: 1,
  symbol: "EURUSD",
  type: 2,
  volume_current: 0.1,
  price_open: 1.095,
  price_current: 1.1014,
  sl: 1.09,
  tp: 0,
  time_expiration: Date.UTC(2026, 0, 6, 16, 0, 0) / 1_000,
  magic: 0,
  comment: '<img src=x onerror="alert(1)">',
};

/** What the API answers, by path. */
export const answers = new Map<string, { status: number; body: unknown }>();
/** What was sent to it, reads apart. */
export const sent: { method: string; path: string; body: unknown }[] = [];

export function asColumns(row: PendingRow) {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, [value]]));
}

export function showing(parts: Parameters<typeof frame>[0] = { orders: asColumns(WAITING) }): void {
  live.set({ state: "live", frame: frame(parts), received_ms: Date.now() });
}

export function refusal(status: number, code: string) {
  return { status, body: { detail: { error: { code, message: "why not", details: {} } } } };
}

export function placed(order_type: string) {
  return { status: 200, body: { order: 501, position: null, deal: null, outcome: "placed", order_type, symbol: "EURUSD", side: "buy", volume: 0, remaining: 0.1, price: 1.1, order_id: "X", trace_id: "" } };
}

export const press = (name: string | RegExp) => fireEvent.click(screen.getByRole("button", { name }));
export const type = (label: string | RegExp, value: string) => fireEvent.input(screen.getByLabelText(label), { target: { value } });

export function setUp(): void {
  answers.clear();
  ourChanges.clear();
  answers.set("/api/symbols", { status: 200, body: [EURUSD] });
  sent.length = 0;
  showing();
  session.set({ authenticated: true, name: "operator", scopes: ["read", "trade"], csrf: "token", reads: true });
  vi.stubGlobal("fetch", async (url: string, options: RequestInit) => {
    const path = url.replace(/^\./, "").split("?")[0] ?? "";
    if (options.method !== "GET") sent.push({ method: options.method ?? "", path, body: JSON.parse(String(options.body ?? "null")) });
    const { status, body } = answers.get(path) ?? { status: 200, body: [] };
    return new Response(JSON.stringify(body), { status });
  });
}
