/** The form of a new order. */

import { useRef } from "preact/hooks";

import { price } from "../format";
import { focusOnce } from "../parts";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { NeedsLogin } from "./dialog";
import { ExpirationField, NumberField, PriceField, StopFields, useExpirationTrouble } from "./fields";
import { isPending, type Kind, KINDS, priceTrouble, type Side, typeOf } from "./prices";

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
  allowed: boolean;
  cancel: () => void;
  review: () => void;
}

export function OrderForm(props: Props) {
  const { draft, change, symbol } = props;
  const form = useRef<HTMLFormElement>(null);
  const type = draftType(draft);
  const tick = props.ticks.find((one) => one.symbol === draft.symbol);
  const expired = useExpirationTrouble(draft.expiration);
  const submit = (event: Event) => {
    event.preventDefault();
    const wrong = !isPending(type) ? null : priceTrouble(type, draft.price, tick, symbol) ? "price" : expired ? "expiration" : null;
    if (wrong) form.current?.querySelector<HTMLInputElement>(`[name="${wrong}"]`)?.focus();
    else props.review();
  };
  return (
    <form onSubmit={submit} ref={form}>
      <What draft={draft} change={change} ticks={props.ticks} tick={tick} symbol={symbol} />
      {isPending(type) && <PriceField type={type} value={draft.price} change={(value) => change({ price: value })} tick={tick} symbol={symbol} />}
      <NumberField
        name="volume"
        label={words.volume}
        value={draft.volume}
        change={(value) => change({ volume: value })}
        required
        min={symbol?.min_lot ?? 0}
        max={symbol?.max_lot}
      />
      <StopFields sl={draft.sl} tp={draft.tp} symbol={symbol} change={change} />
      {isPending(type) && <ExpirationField value={draft.expiration} change={(expiration) => change({ expiration })} />}
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
      {!props.allowed && <NeedsLogin />}
      <footer>
        <button type="button" onClick={props.cancel}>
          {texts.cancel}
        </button>
        <button type="submit" class="primary" disabled={!props.allowed || !draft.symbol}>
          {words.review}
        </button>
      </footer>
    </form>
  );
}

/** Symbol, side and kind: what the price depends on. */
function What(props: Pick<Props, "draft" | "change" | "ticks" | "symbol"> & { tick: TickRow | undefined }) {
  const { draft, change, tick, symbol } = props;
  return (
    <>
      <label>
        <span>{words.symbol}</span>
        <select name="symbol" ref={focusOnce} value={draft.symbol} onChange={(event) => change({ symbol: event.currentTarget.value })}>
          {props.ticks.map((one) => (
            <option key={one.symbol} value={one.symbol}>
              {one.symbol}
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
