/** What is said of an order that waits: which one it is, and that it may be gone. */

import { price, volume } from "../format";
import { useFrame } from "../hooks";
import { rows } from "../live";
import { Ticket } from "../parts";
import { texts } from "../texts";
import type { PendingRow } from "../types";
import { typeWord } from "./prices";
import { isUnsure, type Sending } from "./sending";

const words = texts.pending;
const names = texts.columns;

/** Whether an order still waits, as far as the page sees. */
function useStillThere(order: PendingRow): boolean {
  const frame = useFrame();
  return !frame || rows<PendingRow>(frame.orders).some((one) => one.ticket === order.ticket);
}

/** Says that an order is gone before anything is sent to it. */
export function NotThere({ order, sent }: { order: PendingRow; sent: boolean }) {
  const isThere = useStillThere(order);
  if (isThere || sent) return null;
  return (
    <p class="advice" role="status">
      {words.notThere}
    </p>
  );
}

/** Under a refusal: the order is gone, and where to look. */
export function Gone({ order, sending }: { order: PendingRow; sending: Sending }) {
  const isThere = useStillThere(order);
  const { sent } = sending;
  if (!sent || !("refused" in sent) || isUnsure(sent.refused)) return null;
  if (sent.refused.status !== 404 && isThere) return null;
  return (
    <p class="advice">
      <span>
        {words.gone} <Ticket number={order.ticket} />
      </span>
    </p>
  );
}

/** Which order it is. */
export function aboutLines(order: PendingRow, digits: number | undefined): [string, string][] {
  return [
    [names.order, String(order.ticket)],
    [names.type, typeWord(order.type)],
    [names.volume, volume(order.volume_current)],
    [names.symbol, order.symbol],
    [names.price, price(order.price_open, digits)],
  ];
}
