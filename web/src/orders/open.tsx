/** Which dialog that trades is open. */

import type { PendingRow, PositionRow } from "../types";
import { CancelDialog } from "./cancel";
import { ChangeDialog } from "./change";
import { CloseDialog } from "./close";
import { OrderDialog } from "./new";

export type Trade = { newOrder: true } | { close: PositionRow } | { change: PendingRow } | { cancel: PendingRow };

export function OpenTrade({ trade, onClose }: { trade: Trade; onClose: () => void }) {
  if ("newOrder" in trade) return <OrderDialog onClose={onClose} />;
  if ("close" in trade) return <CloseDialog position={trade.close} onClose={onClose} />;
  if ("change" in trade) return <ChangeDialog order={trade.change} onClose={onClose} />;
  return <CancelDialog order={trade.cancel} onClose={onClose} />;
}
