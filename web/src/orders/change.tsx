/** Changing an order that waits: only what differs from it as it is now is said again, and sent once. */

import { useRef, useState } from "preact/hooks";

import { useFrame, useNow, useSymbols, useTimes } from "../hooks";
import { rows } from "../live";
import { Facts, type Lines } from "../parts";
import { texts } from "../texts";
import type { PendingRow, SymbolInfo, TickRow } from "../types";
import { Buttons, Confirm, TradeDialog } from "./dialog";
import { ExpirationField, isFilledIn, PriceField, StopFields, type Troubles } from "./fields";
import { momentTrouble, passedTrouble } from "./moments";
import { stopTrouble } from "./numbers";
import { aboutLines, Gone, NotThere, rememberChange, useOrderNow } from "./pending";
import { marketTrouble, priceTrouble } from "./prices";
import { type Sending, useSending } from "./sending";
import { bodyOf, type Changes, changeLines, changesOf, elsewhere, orderWith, type Typed, typedTerms } from "./terms";
import { sideOf } from "./vocabulary";

const words = texts.pending;

export function ChangeDialog(props: { order: PendingRow; onClose: () => void }) {
  const order = useOrderNow(props.order);
  const symbol = useSymbols().get(order.symbol);
  const tick = rows<TickRow>(useFrame()?.ticks).find((one) => one.symbol === order.symbol);
  const { sending, sentLines, send } = useChange(order, symbol?.digits);
  const [typed, setTyped] = useState<Typed>({});
  const [wanted, setWanted] = useState<Changes | null>(null);
  return (
    <TradeDialog
      title={wanted ? words.confirmChange : words.changeTitle}
      sending={sending}
      placed={texts.results.changed}
      changes={sentLines}
      unknown={words.unknownSays}
      digits={symbol?.digits}
      after={<Gone order={order} sending={sending} />}
      back={wanted ? () => setWanted(null) : undefined}
      onClose={props.onClose}
    >
      <NotThere order={order} sending={sending} />
      <Elsewhere order={order} sending={sending} digits={symbol?.digits} />
      {wanted ? (
        <Reviewed
          order={order}
          changes={wanted}
          lines={sending.isUnderWay ? sentLines : undefined}
          tick={tick}
          symbol={symbol}
          sending={sending}
          back={() => setWanted(null)}
          confirm={() => void send(wanted)}
        />
      ) : (
        <ChangeForm
          order={order}
          symbol={symbol}
          tick={tick}
          typed={typed}
          change={(parts) => setTyped({ ...typed, ...parts })}
          cancel={props.onClose}
          review={setWanted}
        />
      )}
    </TradeDialog>
  );
}

/** Sends changes of *order*; keeps what they were as they stood then, for afterwards the order is as it was wanted. */
function useChange(order: PendingRow, digits: number | undefined) {
  const sending = useSending("PATCH", `/api/orders/${order.ticket}`);
  const times = useTimes();
  const [sentLines, setSentLines] = useState<Lines | undefined>();
  const send = async (changes: Changes) => {
    setSentLines(changeLines(order, changes, digits, times));
    const answer = await sending.send(bodyOf(changes));
    if (answer?.outcome === "placed") rememberChange(order, orderWith(order, changes));
  };
  return { sending, sentLines, send };
}

/** What somebody else changed since the dialog opened. */
function Elsewhere({ order, sending, digits }: { order: PendingRow; sending: Sending; digits: number | undefined }) {
  const opened = useRef(order);
  const others = elsewhere(opened.current, order, digits, useTimes());
  if (others.length === 0 || sending.isUnderWay) return null;
  return (
    <p class="advice" role="status">
      {words.elsewhere(others)}
    </p>
  );
}

function Reviewed(props: {
  order: PendingRow;
  changes: Changes;
  /** Those that were sent, once they are. */
  lines: Lines | undefined;
  tick: TickRow | undefined;
  symbol: SymbolInfo | undefined;
  sending: Sending;
  back: () => void;
  confirm: () => void;
}) {
  const { order, changes, tick, symbol } = props;
  const times = useTimes();
  const lines = props.lines ?? changeLines(order, changes, symbol?.digits, times);
  const about = aboutLines(order, symbol?.digits).filter(([name]) => !lines.some(([changed]) => changed === name));
  const passed = passedTrouble(changes.expiration ?? null, useNow());
  const off = changes.price ? marketTrouble(order.type, changes.price, tick, symbol) : null;
  return (
    <Confirm
      lines={[...about, ...lines]}
      warning={passed ?? off}
      action={`${words.changeLabel} ${order.ticket}`}
      sending={props.sending}
      side={sideOf(order.type)}
      back={props.back}
      confirm={props.confirm}
    />
  );
}

function ChangeForm(props: {
  order: PendingRow;
  symbol: SymbolInfo | undefined;
  tick: TickRow | undefined;
  typed: Typed;
  change: (parts: Typed) => void;
  cancel: () => void;
  review: (changes: Changes) => void;
}) {
  const { order, symbol, tick, typed } = props;
  const form = useRef<HTMLFormElement>(null);
  const [saysNothing, setSaysNothing] = useState(false);
  // Once for the dialog: an input empties itself where its step turns from seconds to minutes.
  const [step_s] = useState(order.time_expiration % 60 ? 1 : 60);
  const times = useTimes();
  const now_ms = useNow();
  const draft = { ...typedTerms(order, symbol, times), ...typed };
  const changes = changesOf(order, typed, times);
  // What is to stay as it is need not be right any more.
  const troubles: Troubles = {
    price: "price" in changes ? priceTrouble(order.type, draft.price, tick, symbol) : null,
    sl: "sl" in changes ? stopTrouble(texts.form.sl, draft.sl, symbol) : null,
    tp: "tp" in changes ? stopTrouble(texts.form.tp, draft.tp, symbol) : null,
    expiration: "expiration" in changes ? momentTrouble(draft.expiration, times, now_ms) : null,
  };
  const isSame = Object.keys(changes).length === 0;
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isFilledIn(form.current, troubles, props.change)) return;
    if (isSame) setSaysNothing(true);
    else props.review(changes);
  };
  return (
    <form onSubmit={submit} ref={form} noValidate>
      <Facts lines={aboutLines(order, symbol?.digits)} />
      <PriceField type={order.type} value={draft.price} change={(price) => props.change({ price })} trouble={troubles.price ?? null} tick={tick} symbol={symbol} first />
      <StopFields sl={draft.sl} tp={draft.tp} troubles={troubles} change={props.change} />
      <ExpirationField value={draft.expiration} change={(expiration) => props.change({ expiration })} trouble={troubles.expiration ?? null} step_s={step_s} />
      <p class="note" role="status">
        {saysNothing && isSame && words.nothing}
      </p>
      <Buttons back={props.cancel} backLabel={words.keep} label={words.review} />
    </form>
  );
}
