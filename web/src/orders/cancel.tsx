/** Cancelling an order that waits: named in full as it is now, and sent once. */

import { useRef } from "preact/hooks";

import { price } from "../format";
import { useSymbols, useTimes } from "../hooks";
import { texts } from "../texts";
import type { PendingRow } from "../types";
import { Confirm, TradeDialog } from "./dialog";
import { aboutLines, Gone, NotThere, useOrderNow } from "./pending";
import { useSending } from "./sending";
import { elsewhere } from "./terms";

const words = texts.pending;
const names = texts.columns;

export function CancelDialog(props: { order: PendingRow; onClose: () => void }) {
  const order = useOrderNow(props.order);
  const opened = useRef(order);
  const sending = useSending("DELETE", `/api/orders/${order.ticket}`);
  const digits = useSymbols().get(order.symbol)?.digits;
  const others = elsewhere(opened.current, order, digits, useTimes());
  const lines = aboutLines(order, digits);
  lines.push([names.current, price(order.price_current, digits)]);
  if (order.comment) lines.push([names.comment, order.comment]);
  return (
    <TradeDialog
      title={words.confirmCancel}
      sending={sending}
      placed={texts.results.cancelled}
      unknown={words.unknownSays}
      digits={digits}
      after={<Gone order={order} sending={sending} />}
      onClose={props.onClose}
    >
      <p>{words.cancelWhole}</p>
      <NotThere order={order} sending={sending} />
      <Confirm
        lines={lines}
        warning={others.length > 0 ? words.elsewhere(others) : null}
        action={`${words.cancelLabel} ${order.ticket}`}
        sending={sending}
        back={props.onClose}
        backLabel={words.keep}
        confirm={() => void sending.send()}
      />
    </TradeDialog>
  );
}
