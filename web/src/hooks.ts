/** What sections share: the frame, and moments in the chosen zone. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

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
  const offset_s = useFrame()?.about.utc_offset_s ?? null;
  // While the broker's clock is not known nothing may be called its time.
  const shown = chosen === "broker" && offset_s === null ? "utc" : chosen;
  return useMemo(() => new Times(shown, offset_s), [shown, offset_s]);
}

/** The API's clock as of the last frame; without one, this machine's. */
export function useNow(): number {
  return useFrame()?.at_ms ?? Date.now();
}

/** What is fixed about symbols, by the broker's name. */
export function useSymbols(): Map<string, SymbolInfo> {
  const { value } = useRead<SymbolInfo[]>("/api/symbols");
  return useMemo(() => new Map((value ?? []).map((symbol) => [symbol.broker_symbol, symbol])), [value]);
}

const PHONE = matchMedia("(max-width: 560px)");

/** Whether the page is as narrow as a phone. */
export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(PHONE.matches);
  useEffect(() => {
    const take = () => setNarrow(PHONE.matches);
    PHONE.addEventListener("change", take);
    return () => PHONE.removeEventListener("change", take);
  }, []);
  return narrow;
}

const MARK_MS = 5_000;

/** Changes when something was traded, at most every five seconds: who reads on it stays inside the API's limits. */
export function useTradeMark(): string {
  const frame = useFrame();
  const mark = `${frame?.today.deals_total ?? 0}|${frame?.today.orders_total ?? 0}|${frame?.today.orders_denied ?? 0}`;
  const [told, setTold] = useState(mark);
  const told_ms = useRef(Date.now());
  useEffect(() => {
    if (mark === told) return;
    const tell = () => {
      told_ms.current = Date.now();
      setTold(mark);
    };
    const timer = setTimeout(tell, Math.max(0, told_ms.current + MARK_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [mark, told]);
  return told;
}
