/** Numbers as people type them, with a point or a comma, and what is wrong with them in a sentence. */

import { texts } from "../texts";
import type { SymbolInfo } from "../types";

const words = texts.number;

/** The number that was typed; null where it is none. A single comma is the decimal mark, so there are no thousands. */
export function parseNumber(text: string): number | null {
  const plain = text.trim().replace(",", ".");
  const read = /^-?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(read) ? read : null;
}

/** A number that may be left out; null too where it is none, which `stopTrouble` says before it is asked for. */
export function optionalNumber(text: string): number | null {
  return text.trim() ? parseNumber(text) : null;
}

/** What keeps *text* from being a number above zero. */
export function numberTrouble(name: string, text: string): string | null {
  const read = parseNumber(text);
  if (read === null) return words.none(name, text.trim());
  return read > 0 ? null : words.notPositive(name);
}

export function volumeTrouble(text: string, symbol: SymbolInfo | undefined): string | null {
  const name = texts.columns.volume;
  if (!text.trim()) return words.noVolume;
  const trouble = numberTrouble(name, text);
  if (trouble || !symbol) return trouble;
  const lots = parseNumber(text) ?? 0;
  if (lots < symbol.min_lot) return words.tooSmall(name, symbol.min_lot);
  if (symbol.max_lot && lots > symbol.max_lot) return words.tooLarge(name, symbol.max_lot);
  return stepTrouble(name, lots, symbol.lot_step, decimals(symbol.lot_step));
}

/** A stop may be left out; on which side of the market it must lie is the broker's to say. */
export function stopTrouble(name: string, text: string, symbol: SymbolInfo | undefined): string | null {
  if (!text.trim()) return null;
  return numberTrouble(name, text) ?? priceStepTrouble(name, parseNumber(text) ?? 0, symbol);
}

/** By how much a symbol's prices move. */
export function stepOf(symbol: SymbolInfo): number {
  return symbol.tick_size || symbol.point;
}

export function priceStepTrouble(name: string, price: number, symbol: SymbolInfo | undefined): string | null {
  return symbol ? stepTrouble(name, price, stepOf(symbol), symbol.digits) : null;
}

/** What lies between two steps, with those two; doubles of prices differ in their last bits. */
function stepTrouble(name: string, value: number, step: number, digits: number): string | null {
  const steps = value / step;
  if (!step || Math.abs(steps - Math.round(steps)) < 1e-4) return null;
  const [lower, upper] = [Math.floor(steps), Math.ceil(steps)].map((count) => (count * step).toFixed(digits)) as [string, string];
  return words.offStep(name, step.toFixed(digits), lower, upper);
}

function decimals(step: number): number {
  return Number(step.toFixed(8)).toString().split(".")[1]?.length ?? 0;
}
