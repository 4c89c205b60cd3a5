/** Where the price of an order that waits must lie: above or below the market, and on the symbol's steps. */

import { price as shown } from "../format";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { numberTrouble, parseNumber, priceStepTrouble, stepOf } from "./numbers";
import { isPending, sideOf, typeWord, waitsBelow } from "./vocabulary";

const words = texts.price;

/** What a price is held against: who buys pays the ask. */
export function quoteOf(type: number, tick: TickRow | undefined): number {
  return (sideOf(type) === "buy" ? tick?.ask : tick?.bid) ?? 0;
}

/** A market's usual small move, as part of its price: near enough to be changed by a few digits, too far to fill at once. */
const AWAY = 0.001;

/** A first price to begin from: on the right side, as far off as the broker asks, on the symbol's steps; empty without a quote. */
export function suggested(type: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string {
  const quote = quoteOf(type, tick);
  if (!isPending(type) || !quote || !symbol) return "";
  const step = stepOf(symbol);
  const away = Math.max(quote * AWAY, distanceOf(symbol) + step);
  const steps = waitsBelow(type) ? Math.floor((quote - away) / step) : Math.ceil((quote + away) / step);
  return (steps * step).toFixed(symbol.digits);
}

/** Where it must lie, with the quote of now: "A buy limit must be below the ask (1.10140)." */
export function whereItLies(type: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string {
  return quoteOf(type, tick) ? `${rule(type, tick, symbol)}.` : words.noQuote;
}

function rule(type: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string {
  const quote = shown(quoteOf(type, tick), symbol?.digits);
  return words.mustBe(typeWord(type).toLowerCase(), waitsBelow(type), words.quotes[sideOf(type)], quote, symbol?.stops_level ?? 0);
}

/** What is wrong with a price as typed, in a sentence; null where nothing is, as far as is known here. */
export function priceTrouble(type: number, text: string, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string | null {
  const name = texts.columns.price;
  if (!text.trim()) return words.missing;
  const price = parseNumber(text) ?? 0;
  return numberTrouble(name, text) ?? marketTrouble(type, price, tick, symbol) ?? priceStepTrouble(name, price, symbol);
}

/** What the market of now has against a price. */
export function marketTrouble(type: number, price: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): string | null {
  const quote = quoteOf(type, tick);
  if (!isPending(type) || !quote || standsRight(type, price, quote, symbol)) return null;
  return words.isNot(rule(type, tick, symbol), String(price));
}

function distanceOf(symbol: SymbolInfo | undefined): number {
  return (symbol?.stops_level ?? 0) * (symbol?.point ?? 0);
}

function standsRight(type: number, price: number, quote: number, symbol: SymbolInfo | undefined): boolean {
  const away = waitsBelow(type) ? quote - price : price - quote;
  // Doubles of prices differ in their last bits: a hair is no distance.
  const hair = (symbol?.point ?? 0) / 1_000;
  return away > hair && away >= distanceOf(symbol) - hair;
}
