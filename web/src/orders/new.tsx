/** A new order, at the market or at a price that it waits for: filled in, said again, sent once. */

import { useEffect, useState } from "preact/hooks";

import { price, type Times, volume } from "../format";
import { useFrame, useNow, useSymbols, useTimes } from "../hooks";
import { rows } from "../live";
import type { Lines } from "../parts";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { Confirm, TradeDialog } from "./dialog";
import { type Draft, draftType, OrderForm } from "./form";
import { instantOrNever, passedTrouble } from "./moments";
import { optionalNumber, parseNumber } from "./numbers";
import { marketTrouble, quoteOf, suggested } from "./prices";
import { type Sending, useSending } from "./sending";
import { isPending, sideOf, typeName, typeWord } from "./vocabulary";

const words = texts.form;

/** What was reviewed: all that is said of it and all that is sent comes from here. */
interface Wanted {
  type: number;
  symbol: string;
  volume: number;
  /** That it waits for; 0 at the market. */
  price: number;
  sl: number | null;
  tp: number | null;
  expiration_ms: number | null;
  comment: string;
}

const EMPTY: Draft = { symbol: "", side: "buy", kind: "market", price: "", volume: "0.10", sl: "", tp: "", expiration: "", comment: "" };

export function OrderDialog(props: { onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const sending = useSending("POST", wanted && !isPending(wanted.type) ? "/api/order" : "/api/orders/pending");
  const symbols = useSymbols();
  const ticks = rows<TickRow>(useFrame()?.ticks);
  const times = useTimes();
  const symbol = symbols.get(wanted?.symbol ?? draft.symbol);
  const first = ticks[0]?.symbol;
  // Chosen once: an order must not turn to another symbol because the list of prices did.
  useEffect(() => {
    if (!draft.symbol && first) setDraft({ ...draft, symbol: first });
  }, [draft, first]);
  return (
    <TradeDialog
      title={wanted ? words.confirm : words.title}
      sending={sending}
      placed={wanted && isPending(wanted.type) ? texts.results.waits : undefined}
      digits={symbol?.digits}
      back={wanted ? () => setWanted(null) : undefined}
      again={() => (sending.reset(), setWanted(null), setDraft(EMPTY))}
      onClose={props.onClose}
    >
      {wanted ? (
        <Reviewed wanted={wanted} tick={ticks.find((one) => one.symbol === wanted.symbol)} symbol={symbol} sending={sending} back={() => setWanted(null)} />
      ) : (
        <OrderForm
          draft={draft}
          change={(parts) => setDraft(begunAnew({ ...draft, ...parts }, parts, ticks, symbols))}
          ticks={ticks}
          symbol={symbol}
          cancel={props.onClose}
          review={() => setWanted(wantedOf(draft, times))}
        />
      )}
    </TradeDialog>
  );
}

function Reviewed(props: { wanted: Wanted; tick: TickRow | undefined; symbol: SymbolInfo | undefined; sending: Sending; back: () => void }) {
  const { wanted, tick, symbol, sending } = props;
  const passed = passedTrouble(wanted.expiration_ms, useNow());
  return (
    <Confirm
      lines={orderLines(wanted, tick, symbol, useTimes())}
      warning={passed ?? marketTrouble(wanted.type, wanted.price, tick, symbol)}
      action={words.send(orderWords(wanted, symbol))}
      sending={sending}
      side={sideOf(wanted.type)}
      back={props.back}
      confirm={() => void sending.send(bodyOf(wanted))}
    />
  );
}

const OF_THE_PRICE = ["symbol", "side", "kind"] as const;

/** A price belongs to its symbol, side and kind: with another of them it begins anew from the quote; stops with the symbol. */
function begunAnew(draft: Draft, parts: Partial<Draft>, ticks: TickRow[], symbols: Map<string, SymbolInfo>): Draft {
  if (!OF_THE_PRICE.some((name) => name in parts)) return draft;
  const tick = ticks.find((one) => one.symbol === draft.symbol);
  const stops = "symbol" in parts ? { sl: "", tp: "" } : {};
  return { ...draft, ...stops, price: suggested(draftType(draft), tick, symbols.get(draft.symbol)) };
}

/** Of a draft with which nothing is wrong. */
function wantedOf(draft: Draft, times: Times): Wanted {
  const type = draftType(draft);
  const { symbol, comment } = draft;
  const volume = parseNumber(draft.volume) ?? 0;
  const price = isPending(type) ? (parseNumber(draft.price) ?? 0) : 0;
  const expiration_ms = isPending(type) ? times.parse(draft.expiration) : null;
  return { type, symbol, volume, price, sl: optionalNumber(draft.sl), tp: optionalNumber(draft.tp), expiration_ms, comment };
}

/** As the API takes it. */
function bodyOf(wanted: Wanted): Record<string, unknown> {
  const { type, symbol, volume, price, sl, tp, expiration_ms, comment } = wanted;
  const terms = { canonical: symbol, volume, sl, tp, comment };
  if (!isPending(type)) return { ...terms, side: sideOf(type) };
  return { ...terms, order_type: typeName(type), price, expiration: expiration_ms === null ? null : Math.round(expiration_ms / 1_000) };
}

function orderWords(wanted: Wanted, symbol: SymbolInfo | undefined): string {
  const [type, lots] = [typeWord(wanted.type), volume(wanted.volume)];
  if (!isPending(wanted.type)) return words.order(type, lots, wanted.symbol);
  return words.orderAt(type, lots, wanted.symbol, price(wanted.price, symbol?.digits));
}

function orderLines(wanted: Wanted, tick: TickRow | undefined, symbol: SymbolInfo | undefined, times: Times): Lines {
  const waits = isPending(wanted.type);
  const side = sideOf(wanted.type);
  const quote = price(quoteOf(wanted.type, tick), symbol?.digits);
  const lines: Lines = [
    waits ? [texts.columns.type, typeWord(wanted.type)] : [words.side, words[side]],
    [words.volume, volume(wanted.volume)],
    [words.symbol, wanted.symbol],
    [texts.columns.price, waits ? price(wanted.price, symbol?.digits) : words.atMarket(quote)],
  ];
  if (waits) lines.push([side === "buy" ? texts.columns.ask : texts.columns.bid, quote]);
  if (wanted.sl) lines.push([words.sl, price(wanted.sl, symbol?.digits)]);
  if (wanted.tp) lines.push([words.tp, price(wanted.tp, symbol?.digits)]);
  if (waits) lines.push([words.expires, instantOrNever(wanted.expiration_ms, times)]);
  if (wanted.comment) lines.push([words.comment, wanted.comment]);
  return lines;
}
