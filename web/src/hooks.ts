/** What sections share: the frame, and moments in the chosen zone. */

import { useMemo } from "preact/hooks";

import { useRead } from "./api";
import { zone } from "./choices";
import { Times } from "./format";
import { live } from "./live";
import { useStore } from "./store";
import type { Frame, SymbolInfo } from "./types";

export function useFrame(): Frame | null {
  return useStore(live).frame;
}

export function useTimes(): Times {
  const chosen = useStore(zone);
  const offset_s = useFrame()?.about.utc_offset_s ?? 0;
  return useMemo(() => new Times(chosen, offset_s), [chosen, offset_s]);
}

/** What is fixed about symbols, by the broker's name. */
export function useSymbols(): Map<string, SymbolInfo> {
  const { value } = useRead<SymbolInfo[]>("/api/symbols");
  return useMemo(() => new Map((value ?? []).map((symbol) => [symbol.broker_symbol, symbol])), [value]);
}

/** Says when something was traded: counts of today, and what is open. */
export function useTradeMark(): string {
  const frame = useFrame();
  return `${frame?.today.deals_total ?? 0}|${frame?.today.orders_total ?? 0}|${frame?.today.orders_denied ?? 0}`;
}
