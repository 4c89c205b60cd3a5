/** What every dialog that trades is made of: whose money it is, the second yes, and the outcome. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { useFrame } from "../hooks";
import { Dialog, Facts, focusOnce, type Lines } from "../parts";
import { texts } from "../texts";
import type { Mode } from "../types";
import { Result, resultTitle } from "./outcome";
import { isUnsure, type Sending, type Sent, useMayTrade } from "./sending";
import type { Side } from "./vocabulary";

const words = texts.form;

/** For so long an outcome takes no click and no key: the second of two was meant for what stood there before. */
const SETTLING_MS = 700;

/** Whether an outcome has been there for long enough to be answered. */
function useSettled(sent: Sent | null): boolean {
  const [settled, setSettled] = useState<Sent | null>(null);
  useEffect(() => {
    if (sent === null) return;
    const timer = setTimeout(() => setSettled(sent), SETTLING_MS);
    return () => clearTimeout(timer);
  }, [sent]);
  return sent === null || settled === sent;
}

/** Shows *children* until something was sent, then what came of it. */
export function TradeDialog(props: {
  title: string;
  sending: Sending;
  onClose: () => void;
  children: ComponentChildren;
  /** What it means here that the broker took it. */
  placed?: string | undefined;
  /** What was changed. */
  changes?: Lines | undefined;
  /** What to do where the outcome is unknown. */
  unknown?: string | undefined;
  digits?: number | undefined;
  /** Stands under the outcome. */
  after?: ComponentChildren;
  /** Where Escape leads before anything was sent; without it the dialog closes. */
  back?: (() => void) | undefined;
  again?: (() => void) | undefined;
}) {
  const { sent, isUnderWay } = props.sending;
  const isSettled = useSettled(sent);
  const mode = useFrame()?.about.mode ?? "unknown";
  const title = sent ? resultTitle(sent) : props.title;
  const isKnown = sent !== null && !("refused" in sent && isUnsure(sent.refused));
  return (
    <Dialog title={title} class={`order ${mode}`} busy={isUnderWay || !isSettled} back={sent ? undefined : props.back} onClose={props.onClose}>
      <ModeLine mode={mode} />
      {sent ? (
        <div class={isSettled ? "outcome" : "outcome fresh"}>
          {/* The outcome itself has the focus: Enter pressed once too often leaves it there. */}
          <div tabIndex={-1} ref={focusOnce}>
            <Result sent={sent} placed={props.placed} changes={props.changes} unknown={props.unknown} digits={props.digits} />
          </div>
          {props.after}
          <footer>
            {props.again && isKnown && (
              <button type="button" disabled={!isSettled} onClick={props.again}>
                {words.again}
              </button>
            )}
            <button type="button" class="primary" disabled={!isSettled} onClick={props.onClose}>
              {texts.close}
            </button>
          </footer>
        </div>
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

/** The way back and the way on. Who may not trade is told so, and only gets back; without *act* it is the form's own button. */
export function Buttons(props: {
  back: () => void;
  backLabel: string;
  /** Whether the way back has the focus first: Enter pressed once too often then sends nothing. */
  isBackFirst?: boolean;
  label: string;
  act?: () => void;
  /** Which colour the button has; none where nothing is bought or sold. */
  side?: Side | undefined;
  isBusy?: boolean;
  isOff?: boolean;
}) {
  const mayTrade = useMayTrade();
  return (
    <>
      {!mayTrade && !props.isBusy && (
        <p class="advice" role="status">
          {words.needsLogin}
        </p>
      )}
      <footer>
        <button type="button" onClick={props.back} disabled={props.isBusy} ref={props.isBackFirst ? focusOnce : null}>
          {props.backLabel}
        </button>
        <button type={props.act ? "button" : "submit"} class={`primary ${props.side ?? ""}`} onClick={props.act} disabled={props.isBusy || props.isOff || !mayTrade}>
          {props.isBusy ? words.placing : props.label}
        </button>
      </footer>
    </>
  );
}

/** Everything once more, and the button that sends it. */
export function Confirm(props: {
  lines: Lines;
  /** What has become wrong since it was filled in: the market and the time go on while it is read. */
  warning?: string | null;
  action: string;
  sending: Sending;
  side?: Side;
  back: () => void;
  backLabel?: string;
  confirm: () => void;
}) {
  const { isUnderWay } = props.sending;
  return (
    <>
      <Facts lines={props.lines} />
      {props.warning && !isUnderWay && (
        <p class="advice" role="alert">
          {props.warning}
        </p>
      )}
      <p class="note" role="status">
        {isUnderWay && words.waiting}
      </p>
      <Buttons back={props.back} backLabel={props.backLabel ?? words.back} isBackFirst label={props.action} act={props.confirm} side={props.side} isBusy={isUnderWay} />
    </>
  );
}
