/** Closing a position: the whole of it, at the market. */

import { signed, volume } from "../format";
import { useFrame, useSymbols } from "../hooks";
import { rows } from "../live";
import type { Lines } from "../parts";
import { texts } from "../texts";
import type { PositionRow } from "../types";
import { Confirm, TradeDialog } from "./dialog";
import { useSending } from "./sending";

const words = texts.form;

export function CloseDialog(props: { position: PositionRow; onClose: () => void }) {
  const { position } = props;
  const sending = useSending("POST", `/api/positions/${position.ticket}/close`);
  const frame = useFrame();
  const digits = useSymbols().get(position.symbol)?.digits;
  const now = rows<PositionRow>(frame?.positions).find((one) => one.ticket === position.ticket) ?? position;
  const lines: Lines = [
    [texts.columns.position, String(position.ticket)],
    [texts.columns.symbol, position.symbol],
    [texts.columns.side, texts.sides[position.type] ?? ""],
    [texts.columns.volume, volume(position.volume)],
    [texts.columns.profit, signed(now.profit + now.swap)],
  ];
  return (
    <TradeDialog title={words.confirmClose} sending={sending} digits={digits} onClose={props.onClose}>
      <p>{words.closeWhole}</p>
      <Confirm
        lines={lines}
        action={`${words.close} ${position.ticket}`}
        sending={sending}
        side={position.type === 0 ? "sell" : "buy"}
        back={props.onClose}
        backLabel={texts.cancel}
        confirm={() => void sending.send()}
      />
    </TradeDialog>
  );
}
