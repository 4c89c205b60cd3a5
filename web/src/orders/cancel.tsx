/** Cancelling an order that waits: named in full, and sent once. */

import { price } from "../format";
import { useSymbols } from "../hooks";
import { texts } from "../texts";
import type { PendingRow } from "../types";
import { Confirm, NeedsLogin, TradeDialog, useMayTrade } from "./dialog";
import { aboutLines, Gone, NotThere } from "./pending";
import { useSending } from "./sending";

const words = texts.pending;
const names = texts.columns;

export function CancelDialog(props: { order: PendingRow; onClose: () => void }) {
  const { order } = props;
  const sending = useSending("DELETE", `/api/orders/${order.ticket}`);
  const digits = useSymbols().get(order.symbol)?.digits;
  const allowed = useMayTrade();
  const lines = aboutLines(order, digits);
  lines.push([names.current, price(order.price_current, digits)]);
  if (order.comment) lines.push([names.comment, order.comment]);
  return (
    <TradeDialog
      title={words.confirmCancel}
      sending={sending}
      placed={texts.results.cancelled}
      digits={digits}
      after={<Gone order={order} sending={sending} />}
      onClose={props.onClose}
    >
      <p>{words.cancelWhole}</p>
      {!allowed && <NeedsLogin />}
      <NotThere order={order} sent={sending.sending} />
      <Confirm
        lines={lines}
        action={`${words.cancelLabel} ${order.ticket}`}
        sending={sending.sending}
        disabled={!allowed}
        back={props.onClose}
        backLabel={words.keep}
        confirm={() => void sending.send()}
      />
    </TradeDialog>
  );
}
