/** What every dialog that trades is made of: whose money it is, the second yes, and the outcome. */

import type { ComponentChildren } from "preact";

import { session } from "../api";
import { useFrame } from "../hooks";
import { Dialog, focusOnce } from "../parts";
import { useStore } from "../store";
import { texts } from "../texts";
import type { Mode } from "../types";
import { Facts, Result, resultTitle } from "./outcome";
import type { Side } from "./prices";
import { canTrade, type Sending } from "./sending";

const words = texts.form;

export function useMayTrade(): boolean {
  return canTrade(useStore(session).scopes);
}

/** Shows *children* until something was sent, then what came of it. */
export function TradeDialog(props: {
  title: string;
  sending: Sending;
  onClose: () => void;
  children: ComponentChildren;
  /** What it means here that the broker took it. */
  placed?: string | undefined;
  digits?: number | undefined;
  /** Stands under the outcome. */
  after?: ComponentChildren;
  again?: (() => void) | undefined;
}) {
  const { sent, sending } = props.sending;
  const mode = useFrame()?.about.mode ?? "unknown";
  return (
    <Dialog title={sent ? resultTitle(sent) : props.title} class={`order ${mode}`} busy={sending} onClose={props.onClose}>
      <ModeLine mode={mode} />
      {sent ? (
        <>
          <Result sent={sent} placed={props.placed} digits={props.digits} />
          {props.after}
          <footer>
            {props.again && (
              <button type="button" onClick={props.again}>
                {words.again}
              </button>
            )}
            <button type="button" class="primary" onClick={props.onClose} ref={focusOnce}>
              {texts.close}
            </button>
          </footer>
        </>
      ) : (
        props.children
      )}
    </Dialog>
  );
}

function ModeLine({ mode }: { mode: Mode }) {
  return (
    <p class={`modeline ${mode}`}>
      <b>{texts.mode[mode].word}</b> {texts.mode[mode].says}
    </p>
  );
}

export function NeedsLogin() {
  return <p class="advice">{words.needsLogin}</p>;
}

/** Everything once more, and the button that sends it. */
export function Confirm(props: {
  lines: [string, string][];
  /** What has become wrong since it was filled in: the market goes on while it is read. */
  warning?: string | null;
  action: string;
  sending: boolean;
  disabled?: boolean;
  /** Which colour the button has; none where nothing is bought or sold. */
  side?: Side;
  back: () => void;
  backLabel?: string;
  confirm: () => void;
}) {
  return (
    <>
      <Facts lines={props.lines} />
      {props.warning && !props.sending && (
        <p class="advice" role="alert">
          {props.warning}
        </p>
      )}
      <p class="note" role="status">
        {props.sending && words.waiting}
      </p>
      {/* The safe button has the focus first: Enter pressed once too often sends nothing. */}
      <footer>
        <button type="button" onClick={props.back} disabled={props.sending} ref={focusOnce}>
          {props.backLabel ?? words.back}
        </button>
        <button type="button" class={`primary ${props.side ?? ""}`} onClick={props.confirm} disabled={props.sending || props.disabled}>
          {props.sending ? words.placing : props.action}
        </button>
      </footer>
    </>
  );
}
