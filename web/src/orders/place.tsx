/** Placing an order, at the market or at a price that it waits for: filled in, said again, sent once. */

import { useState } from "preact/hooks";

import { price, type Times, volume } from "../format";
import { useFrame, useSymbols, useTimes } from "../hooks";
import { rows } from "../live";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { Confirm, TradeDialog, useMayTrade } from "./dialog";
import { type Draft, draftType, OrderForm } from "./form";
import { isPending, priceTrouble, quoteOf, sideOf, suggested, typeName, typeWord } from "./prices";
import { useSending } from "./sending";

const words = texts.form;

/** The draft as the API takes it. */
interface Wanted {
  type: number;
  path: string;
  body: Record<string, unknown>;
}

const EMPTY: Draft = { symbol: "", side: "buy", kind: "market", price: "", volume: "0.10", sl: "", tp: "", expiration: "", comment: "" };

export function OrderDialog(props: { onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const sending = useSending("POST", wanted?.path ?? "");
  const symbols = useSymbols();
  const ticks = rows<TickRow>(useFrame()?.ticks);
  const times = useTimes();
  const allowed = useMayTrade();
  const chosen = { ...draft, symbol: draft.symbol || ticks[0]?.symbol || "" };
  const symbol = symbols.get(chosen.symbol);
  const tick = ticks.find((one) => one.symbol === chosen.symbol);
  const change = (parts: Partial<Draft>) => setDraft(begunAnew({ ...chosen, ...parts }, parts, ticks, symbols));
  return (
    <TradeDialog
      title={wanted ? words.confirm : words.title}
      sending={sending}
      placed={isPending(draftType(chosen)) ? texts.results.waits : undefined}
      digits={symbol?.digits}
      again={() => (sending.reset(), setWanted(null))}
      onClose={props.onClose}
    >
      {wanted ? (
        <Confirm
          lines={orderLines(chosen, wanted.type, tick, symbol)}
          warning={isPending(wanted.type) ? priceTrouble(wanted.type, chosen.price, tick, symbol) : null}
          action={`${words.place}: ${orderWords(chosen, wanted.type, symbol)}`}
          sending={sending.sending}
          side={chosen.side}
          back={() => setWanted(null)}
          confirm={() => void sending.send(wanted.body)}
        />
      ) : (
        <OrderForm
          draft={chosen}
          change={change}
          ticks={ticks}
          symbol={symbol}
          allowed={allowed}
          cancel={props.onClose}
          review={() => setWanted(wantedOf(chosen, times))}
        />
      )}
    </TradeDialog>
  );
}

const OF_THE_PRICE = ["symbol", "side", "kind"] as const;

/** A price belongs to its symbol, side and kind: with another of them it begins anew from the quote. */
function begunAnew(draft: Draft, parts: Partial<Draft>, ticks: TickRow[], symbols: Map<string, SymbolInfo>): Draft {
  if (!OF_THE_PRICE.some((name) => name in parts)) return draft;
  const tick = ticks.find((one) => one.symbol === draft.symbol);
  return { ...draft, price: suggested(draftType(draft), tick, symbols.get(draft.symbol)) };
}

function wantedOf(draft: Draft, times: Times): Wanted {
  const type = draftType(draft);
  const [sl, tp] = [draft.sl ? Number(draft.sl) : null, draft.tp ? Number(draft.tp) : null];
  const terms = { canonical: draft.symbol, volume: Number(draft.volume), sl, tp, comment: draft.comment };
  if (!isPending(type)) return { type, path: "/api/order", body: { ...terms, side: draft.side } };
  const ms = times.parse(draft.expiration);
  const expiration = ms === null ? null : Math.round(ms / 1_000);
  return { type, path: "/api/orders/pending", body: { ...terms, order_type: typeName(type), price: Number(draft.price), expiration } };
}

function orderWords(draft: Draft, type: number, symbol: SymbolInfo | undefined): string {
  const at = isPending(type) ? ` ${words.at} ${price(Number(draft.price), symbol?.digits)}` : "";
  return `${typeWord(type)} ${volume(Number(draft.volume))} ${draft.symbol}${at}`;
}

function orderLines(draft: Draft, type: number, tick: TickRow | undefined, symbol: SymbolInfo | undefined): [string, string][] {
  const quote = price(quoteOf(type, tick), symbol?.digits);
  const typed = (text: string) => price(Number(text), symbol?.digits);
  const lines: [string, string][] = [
    isPending(type) ? [texts.columns.type, typeWord(type)] : [words.side, words[sideOf(type)]],
    [words.volume, volume(Number(draft.volume))],
    [words.symbol, draft.symbol],
    [texts.columns.price, isPending(type) ? typed(draft.price) : `${words.atMarket}, ${words.about} ${quote}`],
  ];
  if (isPending(type)) lines.push([sideOf(type) === "buy" ? texts.columns.ask : texts.columns.bid, quote]);
  if (draft.sl) lines.push([words.sl, typed(draft.sl)]);
  if (draft.tp) lines.push([words.tp, typed(draft.tp)]);
  if (isPending(type)) lines.push([words.expires, draft.expiration.replace("T", " ") || words.never]);
  if (draft.comment) lines.push([words.comment, draft.comment]);
  return lines;
}
