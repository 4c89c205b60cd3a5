/** The types of orders: MetaTrader's numbers, the API's names, people's words. */

import { texts } from "../texts";

export type Side = "buy" | "sell";
export type Kind = "market" | "limit" | "stop";
export const KINDS: readonly Kind[] = ["market", "limit", "stop"];

/** As the API names them, at MetaTrader's numbers. */
const TYPES = ["buy", "sell", "buy_limit", "sell_limit", "buy_stop", "sell_stop", "buy_stop_limit", "sell_stop_limit"];
const BELOW = new Set(["buy_limit", "sell_stop", "sell_stop_limit"].map(typeOf));

export function typeOf(name: string | undefined): number {
  return TYPES.indexOf(name ?? "");
}

export function typeName(type: number): string {
  return TYPES[type] ?? "";
}

/** As people say it, such as "Buy limit". */
export function typeWord(type: number): string {
  return texts.orderTypes[type] ?? String(type);
}

/** Whether it waits for a price: neither one at the market nor MetaTrader's "close by", which is the number after these. */
export function isPending(type: number): boolean {
  return type > 1 && type < TYPES.length;
}

/** Whether it waits below the market; the others wait above it. */
export function waitsBelow(type: number): boolean {
  return BELOW.has(type);
}

export function sideOf(type: number): Side {
  return type % 2 === 0 ? "buy" : "sell";
}
