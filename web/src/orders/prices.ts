/** Where the price of an order that waits must lie: above or below the market, and on the symbol's steps. */

import { price as shown } from "../format";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";

export type Side = "buy" | "sell";
export type Kind = "market" | "limit" | "stop";
export const KINDS: readonly Kind[] = ["market", "limit", "stop"];

const words = texts.price;

/** MetaTrader's numbers of the types, as the API names them. */
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

export function isPending(type: number): boolean {
  return type > 1;
}

export function sideOf(type: number): Side {
  return type % 2 === 0 ? "buy" : "sell";
}

/** What a price is held against: who buys pays the ask. */
export function quoteOf(type: number, tick: TickRow | undefined): number {
  return (sideOf(type) === "buy" ? tick?.ask : tick?.bid) ?? 0;
}

function stepOf(symbol: SymbolInfo): number {
  return symbol.tick_size || symbol.point;
}

/** A market's usual small move, as part of its price: near enough to be changed by a few digits, too far to fill at once. */
const AWAY = 0.001;

/** A first price to begin from: on the right side, as far off as the broker asks, on the symbol's steps; empty without a quote. */
export function suggested(type: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string {
  const quote = quoteOf(type, tick);
  if (!isPending(type) || !quote || !symbol) return "";
  const step = stepOf(symbol);
  const away = Math.max(quote * AWAY, distanceOf(symbol) + step);
  const steps = BELOW.has(type) ? Math.floor((quote - away) / step) : Math.ceil((quote + away) / step);
  return (steps * step).toFixed(symbol.digits);
}

/** Where it must lie, with the quote of now: "A buy limit stands below the ask, 1.10140." */
export function whereItLies(type: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string {
  const quote = quoteOf(type, tick);
  if (!quote) return words.noQuote;
  return `${typeWord(type)}: ${words.stands} ${place(type, quote, symbol)}.`;
}

function place(type: number, quote: number, symbol: SymbolInfo | undefined): string {
  const room = symbol?.stops_level ? ` ${words.by} ${symbol.stops_level} ${words.points}` : "";
  return `${BELOW.has(type) ? words.below : words.above} ${sideOf(type) === "buy" ? words.ask : words.bid} ${shown(quote, symbol?.digits)}${room}`;
}

/** What is wrong with a price, in a sentence; null where nothing is, as far as is known here. */
export function priceTrouble(type: number, text: string, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string | null {
  const price = Number(text);
  if (!text.trim() || !(price > 0)) return words.missing;
  const quote = quoteOf(type, tick);
  if (quote && !standsRight(type, price, quote, symbol)) {
    return `${text} ${words.isNot} ${place(type, quote, symbol)}, ${words.where} ${typeWord(type).toLowerCase()} ${words.stands}.`;
  }
  return symbol ? stepTrouble(price, symbol) : null;
}

function distanceOf(symbol: SymbolInfo | undefined): number {
  return (symbol?.stops_level ?? 0) * (symbol?.point ?? 0);
}

function standsRight(type: number, price: number, quote: number, symbol: SymbolInfo | undefined): boolean {
  const away = BELOW.has(type) ? quote - price : price - quote;
  // Doubles of prices differ in their last bits: a hair is no distance.
  const hair = (symbol?.point ?? 0) / 1_000;
  return away > hair && away >= distanceOf(symbol) - hair;
}

function stepTrouble(price: number, symbol: SymbolInfo): string | null {
  const step = stepOf(symbol);
  const steps = price / step;
  if (!step || Math.abs(steps - Math.round(steps)) < 1e-4) return null;
  const [lower, upper] = [Math.floor(steps), Math.ceil(steps)].map((count) => (count * step).toFixed(symbol.digits));
  return `${words.step} ${step.toFixed(symbol.digits)}; ${words.nearest} ${lower} ${words.and} ${upper}.`;
}
