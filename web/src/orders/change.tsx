/** Changing an order that waits: only what differs is said again, and sent once. */

import { useRef, useState } from "preact/hooks";

import { price, type Times } from "../format";
import { useFrame, useSymbols, useTimes } from "../hooks";
import { rows } from "../live";
import { texts } from "../texts";
import type { PendingRow, SymbolInfo, TickRow } from "../types";
import { Confirm, NeedsLogin, TradeDialog, useMayTrade } from "./dialog";
import { ExpirationField, PriceField, StopFields, useExpirationTrouble } from "./fields";
import { Facts } from "./outcome";
import { aboutLines, Gone, NotThere } from "./pending";
import { priceTrouble, sideOf } from "./prices";
import { useSending } from "./sending";

const words = texts.pending;
const names = texts.columns;

/** What may be changed, as typed. */
interface Terms {
  price: string;
  sl: string;
  tp: string;
  expiration: string;
}

/** What to change, as the API takes it: nothing but what differs; null takes a stop or the expiration away. */
type Changes = Partial<Record<keyof Terms, number | null>>;

export function ChangeDialog(props: { order: PendingRow; onClose: () => void }) {
  const { order } = props;
  const sending = useSending("PATCH", `/api/orders/${order.ticket}`);
  const symbol = useSymbols().get(order.symbol);
  const tick = rows<TickRow>(useFrame()?.ticks).find((one) => one.symbol === order.symbol);
  const times = useTimes();
  // The order as it was when the dialog opened: what stays as it was then is not sent.
  const before = termsOf(order, symbol, times);
  const [typed, setTyped] = useState<Partial<Terms>>({});
  const draft = { ...before, ...typed };
  const [changes, setChanges] = useState<Changes | null>(null);
  const allowed = useMayTrade();
  return (
    <TradeDialog
      title={changes ? words.confirmChange : words.changeTitle}
      sending={sending}
      placed={texts.results.changed}
      digits={symbol?.digits}
      after={<Gone order={order} sending={sending} />}
      onClose={props.onClose}
    >
      {!allowed && <NeedsLogin />}
      <NotThere order={order} sent={sending.sending} />
      {changes ? (
        <Confirm
          lines={changeLines(order, symbol?.digits, before, draft, changes)}
          warning={"price" in changes ? priceTrouble(order.type, draft.price, tick, symbol) : null}
          action={`${words.changeLabel} ${order.ticket}`}
          sending={sending.sending}
          disabled={!allowed}
          side={sideOf(order.type)}
          back={() => setChanges(null)}
          confirm={() => void sending.send(changes)}
        />
      ) : (
        <ChangeForm
          order={order}
          symbol={symbol}
          tick={tick}
          before={before}
          draft={draft}
          allowed={allowed}
          change={(parts) => setTyped({ ...typed, ...parts })}
          cancel={props.onClose}
          review={() => setChanges(changesOf(before, draft, times))}
        />
      )}
    </TradeDialog>
  );
}

function termsOf(order: PendingRow, symbol: SymbolInfo | undefined, times: Times): Terms {
  const text = (value: number) => (value ? price(value, symbol?.digits) : "");
  return { price: text(order.price_open), sl: text(order.sl), tp: text(order.tp), expiration: times.typed(order.time_expiration * 1_000) };
}

function changesOf(before: Terms, draft: Terms, times: Times): Changes {
  const changes: Changes = {};
  for (const name of ["price", "sl", "tp"] as const) {
    if (Number(draft[name]) !== Number(before[name])) changes[name] = draft[name] ? Number(draft[name]) : null;
  }
  const [was, now] = [times.parse(before.expiration), times.parse(draft.expiration)];
  if (was !== now) changes.expiration = now === null ? null : Math.round(now / 1_000);
  return changes;
}

function said(name: keyof Terms, text: string, digits: number | undefined): string {
  if (name === "expiration") return text.replace("T", " ") || texts.form.never;
  return text ? price(Number(text), digits) : texts.none;
}

function changeLines(order: PendingRow, digits: number | undefined, before: Terms, draft: Terms, changes: Changes): [string, string][] {
  const labels = { price: names.price, sl: names.sl, tp: names.tp, expiration: names.expires };
  const changed = (Object.keys(changes) as (keyof Terms)[]).map((name): [string, string] => [
    labels[name],
    `${said(name, before[name], digits)} → ${said(name, draft[name], digits)}`,
  ]);
  const about = aboutLines(order, digits).filter(([name]) => name !== names.price || !("price" in changes));
  return [...about, ...changed];
}

function ChangeForm(props: {
  order: PendingRow;
  symbol: SymbolInfo | undefined;
  tick: TickRow | undefined;
  before: Terms;
  draft: Terms;
  allowed: boolean;
  change: (parts: Partial<Terms>) => void;
  cancel: () => void;
  review: () => void;
}) {
  const { order, symbol, draft, before } = props;
  const form = useRef<HTMLFormElement>(null);
  const [saysNothing, setSaysNothing] = useState(false);
  const times = useTimes();
  const { tick } = props;
  const changes = changesOf(before, draft, times);
  const isMoved = "price" in changes;
  const expired = useExpirationTrouble("expiration" in changes ? draft.expiration : "");
  const submit = (event: Event) => {
    event.preventDefault();
    const wrong = isMoved && priceTrouble(order.type, draft.price, tick, symbol) ? "price" : expired ? "expiration" : null;
    if (wrong) form.current?.querySelector<HTMLInputElement>(`[name="${wrong}"]`)?.focus();
    else if (Object.keys(changes).length === 0) setSaysNothing(true);
    else props.review();
  };
  return (
    <form onSubmit={submit} ref={form}>
      <Facts lines={aboutLines(order, symbol?.digits)} />
      <PriceField type={order.type} value={draft.price} change={(value) => props.change({ price: value })} tick={tick} symbol={symbol} judged={isMoved} first />
      <StopFields sl={draft.sl} tp={draft.tp} symbol={symbol} change={props.change} />
      <ExpirationField value={draft.expiration} change={(expiration) => props.change({ expiration })} />
      <p class="note" role="status">
        {saysNothing && Object.keys(changes).length === 0 && words.nothing}
      </p>
      <footer>
        <button type="button" onClick={props.cancel}>
          {words.keep}
        </button>
        <button type="submit" class="primary" disabled={!props.allowed}>
          {words.review}
        </button>
      </footer>
    </form>
  );
}
