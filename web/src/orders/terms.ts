/** What may be changed of an order that waits: as it is, as typed, and what of that differs. */

import { price, type Times } from "../format";
import type { Lines } from "../parts";
import { texts } from "../texts";
import type { PendingRow, SymbolInfo } from "../types";
import { instantOrNever } from "./moments";
import { optionalNumber } from "./numbers";

const words = texts.pending;

type Term = "price" | "sl" | "tp" | "expiration";
const TERMS: readonly Term[] = ["price", "sl", "tp", "expiration"];
const LABELS: Record<Term, string> = { price: texts.columns.price, sl: texts.columns.sl, tp: texts.columns.tp, expiration: texts.columns.expires };

/** The fields that were touched, as typed; the others follow the order. */
export type Typed = Partial<Record<Term, string>>;

/** What differs: prices, and the expiration in milliseconds; null takes a stop or the expiration away. */
export type Changes = Partial<Record<Term, number | null>>;

function valueOf(order: PendingRow, term: Term): number | null {
  const values = { price: order.price_open, sl: order.sl, tp: order.tp, expiration: order.time_expiration * 1_000 };
  return values[term] || null;
}

/** The order's own terms, as the fields show them. */
export function typedTerms(order: PendingRow, symbol: SymbolInfo | undefined, times: Times): Record<Term, string> {
  const text = (value: number) => (value ? price(value, symbol?.digits) : "");
  return { price: text(order.price_open), sl: text(order.sl), tp: text(order.tp), expiration: times.typed(order.time_expiration * 1_000) };
}

/** What was typed and differs from the order as it is now. What cannot be read differs too, for the form to say so. */
export function changesOf(order: PendingRow, typed: Typed, times: Times): Changes {
  const changes: Changes = {};
  for (const term of TERMS) {
    const text = typed[term];
    if (text === undefined) continue;
    const read = term === "expiration" ? times.parse(text) : optionalNumber(text);
    if (read !== valueOf(order, term) || (read === null && text.trim())) changes[term] = read;
  }
  return changes;
}

/** As the API takes it: what is not named stays as it is. */
export function bodyOf(changes: Changes): Record<string, number | null> {
  const { expiration } = changes;
  return expiration ? { ...changes, expiration: Math.round(expiration / 1_000) } : { ...changes };
}

export function orderWith(order: PendingRow, changes: Changes): PendingRow {
  const now = (term: Term) => (term in changes ? changes[term] : valueOf(order, term)) ?? 0;
  return { ...order, price_open: now("price"), sl: now("sl"), tp: now("tp"), time_expiration: Math.round(now("expiration") / 1_000) };
}

function said(term: Term, value: number | null, digits: number | undefined, times: Times): string {
  if (term === "expiration") return instantOrNever(value, times);
  return value ? price(value, digits) : texts.none;
}

/** "1.09500 → 1.09600" for each that changes. */
export function changeLines(order: PendingRow, changes: Changes, digits: number | undefined, times: Times): Lines {
  return TERMS.filter((term) => term in changes).map((term) => {
    const [before, after] = [valueOf(order, term), changes[term] ?? null].map((value) => said(term, value, digits, times)) as [string, string];
    return [LABELS[term], words.arrow(before, after)];
  });
}

/** What differs between the order as it was when the dialog opened and as it is, in words. */
export function elsewhere(opened: PendingRow, order: PendingRow, digits: number | undefined, times: Times): string[] {
  return TERMS.filter((term) => valueOf(opened, term) !== valueOf(order, term)).map((term) => words.termNow(words.terms[term], said(term, valueOf(order, term), digits, times)));
}
