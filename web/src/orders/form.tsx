/** The form of a new order. */

import { useRef } from "preact/hooks";

import { price, type Times } from "../format";
import { useNow, useTimes } from "../hooks";
import { focusOnce } from "../parts";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { Buttons } from "./dialog";
import { ExpirationField, isFilledIn, NumberField, PriceField, StopFields, type Troubles } from "./fields";
import { momentTrouble } from "./moments";
import { stopTrouble, volumeTrouble } from "./numbers";
import { priceTrouble } from "./prices";
import { isPending, type Kind, KINDS, type Side, typeOf } from "./vocabulary";

const words = texts.form;

/** What was filled in, as typed. */
export interface Draft {
  symbol: string;
  side: Side;
  kind: Kind;
  price: string;
  volume: string;
  sl: string;
  tp: string;
  expiration: string;
  comment: string;
}

export function draftType(draft: Draft): number {
  return typeOf(draft.kind === "market" ? draft.side : `${draft.side}_${draft.kind}`);
}

interface Props {
  draft: Draft;
  change: (parts: Partial<Draft>) => void;
  ticks: TickRow[];
  symbol: SymbolInfo | undefined;
  cancel: () => void;
  review: () => void;
}

function troublesOf(draft: Draft, tick: TickRow | undefined, symbol: SymbolInfo | undefined, times: Times, now_ms: number): Troubles {
  const type = draftType(draft);
  return {
    price: isPending(type) ? priceTrouble(type, draft.price, tick, symbol) : null,
    volume: volumeTrouble(draft.volume, symbol),
    sl: stopTrouble(words.sl, draft.sl, symbol),
    tp: stopTrouble(words.tp, draft.tp, symbol),
    expiration: isPending(type) ? momentTrouble(draft.expiration, times, now_ms) : null,
  };
}

export function OrderForm(props: Props) {
  const { draft, change, symbol } = props;
  const form = useRef<HTMLFormElement>(null);
  const type = draftType(draft);
  const tick = props.ticks.find((one) => one.symbol === draft.symbol);
  const troubles = troublesOf(draft, tick, symbol, useTimes(), useNow());
  const submit = (event: Event) => {
    event.preventDefault();
    if (isFilledIn(form.current, troubles, change)) props.review();
  };
  return (
    <form onSubmit={submit} ref={form} noValidate>
      <WhatToTrade draft={draft} change={change} ticks={props.ticks} tick={tick} symbol={symbol} />
      {isPending(type) && <PriceField type={type} value={draft.price} change={(value) => change({ price: value })} trouble={troubles.price ?? null} tick={tick} symbol={symbol} />}
      <NumberField name="volume" label={words.volume} value={draft.volume} change={(value) => change({ volume: value })} trouble={troubles.volume ?? null} />
      <StopFields sl={draft.sl} tp={draft.tp} troubles={troubles} change={change} />
      {isPending(type) && <ExpirationField value={draft.expiration} change={(expiration) => change({ expiration })} trouble={troubles.expiration ?? null} />}
      <label>
        <span>{words.comment}</span>
        <input
          name="comment"
          maxLength={1000}
          value={draft.comment}
          placeholder={words.optional}
          onInput={(event) => change({ comment: event.currentTarget.value })}
        />
      </label>
      <Buttons back={props.cancel} backLabel={texts.cancel} label={words.review} isOff={!draft.symbol} />
    </form>
  );
}

/** The symbols that have a price, and the chosen one, which stays where the prices are gone. */
function symbolsOf(ticks: TickRow[], chosen: string): string[] {
  const names = ticks.map((one) => one.symbol);
  return names.includes(chosen) || !chosen ? names : [chosen, ...names];
}

/** Symbol, side and kind: what the price depends on. */
function WhatToTrade(props: Pick<Props, "draft" | "change" | "ticks" | "symbol"> & { tick: TickRow | undefined }) {
  const { draft, change, tick, symbol } = props;
  return (
    <>
      <label>
        <span>{words.symbol}</span>
        <select name="symbol" ref={focusOnce} value={draft.symbol} onChange={(event) => change({ symbol: event.currentTarget.value })}>
          {symbolsOf(props.ticks, draft.symbol).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{words.side}</legend>
        {(["buy", "sell"] as const).map((side) => (
          <label key={side} class={`side ${side}`}>
            <input type="radio" name="side" value={side} checked={draft.side === side} onChange={() => change({ side })} />
            <span>
              {words[side]} <b>{price(side === "buy" ? tick?.ask : tick?.bid, symbol?.digits)}</b>
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset class="three">
        <legend>{words.kind}</legend>
        {KINDS.map((kind) => (
          <label key={kind} class="side">
            <input type="radio" name="kind" value={kind} checked={draft.kind === kind} onChange={() => change({ kind })} />
            <span>{words.kinds[kind]}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}
