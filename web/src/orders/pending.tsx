/** An order that waits, as it is now: which one it is, what was changed elsewhere, and that it may be gone. */

import { useRef } from "preact/hooks";

import { price, volume } from "../format";
import { useFrame } from "../hooks";
import { rows } from "../live";
import { type Lines, Ticket } from "../parts";
import { texts } from "../texts";
import type { PendingRow } from "../types";
import { isUnsure, type Sending } from "./sending";
import { typeWord } from "./vocabulary";

const words = texts.pending;
const names = texts.columns;

/** The terms that a change may name, as columns of the row. */
const TERMS = ["price_open", "sl", "tp", "time_expiration"] as const;

/** For so long after our own change the frames may still show the order as it was before. */
const BEHIND_MS = 5_000;
/** By ticket; outlives the dialog. */
export const ourChanges = new Map<number, { was: PendingRow; is: PendingRow; until_ms: number }>();

/** Takes note of a change that the broker took, until the frames show it. */
export function rememberChange(was: PendingRow, is: PendingRow): void {
  ourChanges.set(was.ticket, { was, is, until_ms: Date.now() + BEHIND_MS });
}

function asChanged(row: PendingRow): PendingRow {
  const ours = ourChanges.get(row.ticket);
  if (!ours || Date.now() > ours.until_ms || TERMS.some((name) => row[name] !== ours.was[name])) return row;
  const { price_open, sl, tp, time_expiration } = ours.is;
  return { ...row, price_open, sl, tp, time_expiration };
}

/** The order as it is in the frame; one that is gone from it stays as it was seen last. */
export function useOrderNow(order: PendingRow): PendingRow {
  const seen = useRef(order);
  seen.current = rowOf(useFrame(), order.ticket) ?? seen.current;
  return asChanged(seen.current);
}

function rowOf(frame: ReturnType<typeof useFrame>, ticket: number): PendingRow | undefined {
  return rows<PendingRow>(frame?.orders).find((one) => one.ticket === ticket);
}

/** Whether an order still waits, as far as the page sees. */
function useStillThere(order: PendingRow): boolean {
  const frame = useFrame();
  return !frame || rowOf(frame, order.ticket) !== undefined;
}

/** Says that an order is gone before anything is sent to it. */
export function NotThere({ order, sending }: { order: PendingRow; sending: Sending }) {
  const isThere = useStillThere(order);
  if (isThere || sending.isUnderWay) return null;
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
export function aboutLines(order: PendingRow, digits: number | undefined): Lines {
  return [
    [names.order, String(order.ticket)],
    [names.type, typeWord(order.type)],
    [names.volume, volume(order.volume_current)],
    [names.symbol, order.symbol],
    [names.price, price(order.price_open, digits)],
  ];
}
