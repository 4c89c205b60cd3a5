/** Placing an order and closing a position: said twice before it is sent, and explained when it is refused. */

import { useEffect, useState } from "preact/hooks";

import { call, Refused, session } from "./api";
import { anyText, price, signed, volume } from "./format";
import { useFrame, useSymbols } from "./hooks";
import { rows } from "./live";
import { Badge, Dialog, focusOnce, Foreign, TraceLink } from "./parts";
import { Store, useStore } from "./store";
import { texts } from "./texts";
import type { Mode, OrderAnswer, PositionRow, SymbolInfo, TickRow } from "./types";

const words = texts.form;

interface Wanted {
  canonical: string;
  side: "buy" | "sell";
  volume: number;
  sl: number | null;
  tp: number | null;
  comment: string;
}

type Sent = { answer: OrderAnswer } | { refused: Refused };

export function canTrade(scopes: string[]): boolean {
  return scopes.includes("trade");
}

/** Whether an order is under way: what shows it stays until its outcome has been seen. */
export const underWay = new Store(false);

/** Asked by the browser before it leaves the page: the outcome would come to nobody. */
function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (underWay.get()) event.preventDefault();
}

/** Sends once; what came of it, or why not. */
function useSending(path: string): { sent: Sent | null; sending: boolean; send: (body?: unknown) => Promise<void>; reset: () => void } {
  const [sent, setSent] = useState<Sent | null>(null);
  const [sending, setSending] = useState(false);
  useEffect(() => {
    addEventListener("beforeunload", askBeforeLeaving);
    return () => removeEventListener("beforeunload", askBeforeLeaving);
  }, []);
  const send = async (body?: unknown) => {
    if (underWay.get()) return;
    underWay.set(true);
    setSending(true);
    try {
      setSent({ answer: await call<OrderAnswer>("POST", path, body) });
    } catch (error) {
      setSent({ refused: error instanceof Refused ? error : new Refused(0, "FAULT", String(error)) });
    } finally {
      underWay.set(false);
      setSending(false);
    }
  };
  return { sent, sending, send, reset: () => setSent(null) };
}

export function OrderDialog(props: { onClose: () => void }) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const { sent, sending, send, reset } = useSending("/api/order");
  const frame = useFrame();
  const symbols = useSymbols();
  const ticks = rows<TickRow>(frame?.ticks);
  const mode = frame?.about.mode ?? "unknown";
  const scopes = useStore(session).scopes;
  const title = sent ? resultTitle(sent) : wanted ? words.confirm : words.title;
  const [draft, setDraft] = useState<Draft>({ symbol: "", side: "buy", volume: "0.10", sl: "", tp: "", comment: "" });
  const symbol = draft.symbol || ticks[0]?.symbol || "";
  return (
    <Dialog title={title} class={`order ${mode}`} busy={sending} onClose={props.onClose}>
      <ModeLine mode={mode} />
      {sent ? (
        <>
          <Result sent={sent} />
          <footer>
            <button type="button" onClick={() => (reset(), setWanted(null))}>
              {words.again}
            </button>
            <button type="button" class="primary" onClick={props.onClose} ref={focusOnce}>
              {texts.close}
            </button>
          </footer>
        </>
      ) : wanted ? (
        <Confirm
          lines={orderLines(wanted, ticks.find((tick) => tick.symbol === symbol), symbols.get(symbol))}
          action={`${words.place}: ${wanted.side === "buy" ? words.buy : words.sell} ${volume(wanted.volume)} ${wanted.canonical}`}
          sending={sending}
          side={wanted.side}
          back={() => setWanted(null)}
          confirm={() => void send(wanted)}
        />
      ) : (
        <OrderForm
          draft={{ ...draft, symbol }}
          change={(parts) => setDraft({ ...draft, symbol, ...parts })}
          ticks={ticks}
          symbol={symbols.get(symbol)}
          allowed={canTrade(scopes)}
          cancel={props.onClose}
          review={setWanted}
        />
      )}
    </Dialog>
  );
}

interface Draft {
  symbol: string;
  side: "buy" | "sell";
  volume: string;
  sl: string;
  tp: string;
  comment: string;
}

function OrderForm(props: {
  draft: Draft;
  change: (parts: Partial<Draft>) => void;
  ticks: TickRow[];
  symbol: SymbolInfo | undefined;
  allowed: boolean;
  cancel: () => void;
  review: (wanted: Wanted) => void;
}) {
  const { draft, change, symbol } = props;
  const tick = props.ticks.find((one) => one.symbol === draft.symbol);
  const submit = (event: Event) => {
    event.preventDefault();
    props.review({
      canonical: draft.symbol,
      side: draft.side,
      volume: Number(draft.volume),
      sl: draft.sl ? Number(draft.sl) : null,
      tp: draft.tp ? Number(draft.tp) : null,
      comment: draft.comment,
    });
  };
  const field = (name: "volume" | "sl" | "tp", label: string, more: Record<string, unknown>) => (
    <label>
      <span>{label}</span>
      <input
        type="number"
        inputMode="decimal"
        name={name}
        value={draft[name]}
        onInput={(event) => change({ [name]: event.currentTarget.value })}
        {...more}
      />
    </label>
  );
  return (
    <form onSubmit={submit}>
      <label>
        <span>{words.symbol}</span>
        <select name="symbol" ref={focusOnce} value={draft.symbol} onChange={(event) => change({ symbol: event.currentTarget.value })}>
          {props.ticks.map((one) => (
            <option key={one.symbol} value={one.symbol}>
              {one.symbol}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{words.side}</legend>
        {(["buy", "sell"] as const).map((side) => (
          <label key={side} class={`side ${side}`}>
            <input type="radio" name="side" value={side} checked={draft.side === side} onChange={() => change({ side })} />
            <span>
              {words[side]} <b>{price(side === "buy" ? tick?.ask : tick?.bid, symbol?.digits)}</b>
            </span>
          </label>
        ))}
      </fieldset>
      {field("volume", words.volume, { required: true, min: symbol?.min_lot ?? 0, max: symbol?.max_lot, step: "any" })}
      <div class="pair">
        {field("sl", words.sl, { min: 0, step: "any", placeholder: words.optional })}
        {field("tp", words.tp, { min: 0, step: "any", placeholder: words.optional })}
      </div>
      <label>
        <span>{words.comment}</span>
        <input
          name="comment"
          maxLength={1000}
          value={draft.comment}
          placeholder={words.optional}
          onInput={(event) => change({ comment: event.currentTarget.value })}
        />
      </label>
      {!props.allowed && <p class="advice">{words.needsLogin}</p>}
      <footer>
        <button type="button" onClick={props.cancel}>
          {texts.cancel}
        </button>
        <button type="submit" class="primary" disabled={!props.allowed || !draft.symbol}>
          {words.review}
        </button>
      </footer>
    </form>
  );
}

function orderLines(wanted: Wanted, tick: TickRow | undefined, symbol: SymbolInfo | undefined): [string, string][] {
  const about = price(wanted.side === "buy" ? tick?.ask : tick?.bid, symbol?.digits);
  const lines: [string, string][] = [
    [words.side, wanted.side === "buy" ? words.buy : words.sell],
    [words.volume, volume(wanted.volume)],
    [words.symbol, wanted.canonical],
    [texts.columns.price, `${words.atMarket}, ${words.about} ${about}`],
  ];
  if (wanted.sl !== null) lines.push([words.sl, String(wanted.sl)]);
  if (wanted.tp !== null) lines.push([words.tp, String(wanted.tp)]);
  if (wanted.comment) lines.push([words.comment, wanted.comment]);
  return lines;
}

export function CloseDialog(props: { position: PositionRow; onClose: () => void }) {
  const { position } = props;
  const { sent, sending, send } = useSending(`/api/positions/${position.ticket}/close`);
  const frame = useFrame();
  const mode = frame?.about.mode ?? "unknown";
  const allowed = canTrade(useStore(session).scopes);
  const now = rows<PositionRow>(frame?.positions).find((one) => one.ticket === position.ticket) ?? position;
  const side = position.type === 0 ? "sell" : "buy";
  const lines: [string, string][] = [
    [texts.columns.position, String(position.ticket)],
    [texts.columns.symbol, position.symbol],
    [texts.columns.side, texts.sides[position.type] ?? ""],
    [texts.columns.volume, volume(position.volume)],
    [texts.columns.profit, signed(now.profit + now.swap)],
  ];
  return (
    <Dialog title={sent ? resultTitle(sent) : words.confirmClose} class={`order ${mode}`} busy={sending} onClose={props.onClose}>
      <ModeLine mode={mode} />
      {sent ? (
        <>
          <Result sent={sent} />
          <footer>
            <button type="button" class="primary" onClick={props.onClose} ref={focusOnce}>
              {texts.close}
            </button>
          </footer>
        </>
      ) : (
        <>
          <p>{words.closeWhole}</p>
          {!allowed && <p class="advice">{words.needsLogin}</p>}
          <Confirm
            lines={lines}
            action={`${words.close} ${position.ticket}`}
            sending={sending}
            disabled={!allowed}
            side={side}
            back={props.onClose}
            backLabel={texts.cancel}
            confirm={() => void send()}
          />
        </>
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

function Confirm(props: {
  lines: [string, string][];
  action: string;
  sending: boolean;
  disabled?: boolean;
  side: "buy" | "sell";
  back: () => void;
  backLabel?: string;
  confirm: () => void;
}) {
  return (
    <>
      <Facts lines={props.lines} />
      <p class="note" role="status">
        {props.sending && words.waiting}
      </p>
      {/* The safe button has the focus first: Enter pressed once too often sends nothing. */}
      <footer>
        <button type="button" onClick={props.back} disabled={props.sending} ref={focusOnce}>
          {props.backLabel ?? words.back}
        </button>
        <button type="button" class={`primary ${props.side}`} onClick={props.confirm} disabled={props.sending || props.disabled}>
          {props.sending ? words.placing : props.action}
        </button>
      </footer>
    </>
  );
}

function Facts({ lines }: { lines: [string, string][] }) {
  return (
    <dl class="facts">
      {lines.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Foreign text={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const UNSURE = new Set(["OUTCOME_UNKNOWN", "OUTCOME_PENDING", "UNREACHABLE", "UNREADABLE"]);
const NOT_SENT = new Set(["MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OVERLOADED"]);

/** Whether the order may have been executed: a failure counts as refused only where the API says so. */
function isUnsure(refused: Refused): boolean {
  return UNSURE.has(refused.code) || (refused.status >= 500 && !NOT_SENT.has(refused.code));
}

function resultTitle(sent: Sent): string {
  if ("answer" in sent) return words.done;
  return isUnsure(sent.refused) ? texts.results.unknown : texts.results.refused;
}

function Result({ sent }: { sent: Sent }) {
  if ("answer" in sent) {
    const { answer } = sent;
    const lines: [string, string][] = [
      [texts.columns.symbol, answer.symbol],
      [texts.columns.side, answer.side === "buy" ? words.buy : words.sell],
      [texts.columns.volume, volume(answer.volume)],
      [texts.columns.price, anyText(answer.price)],
      [texts.columns.order, anyText(answer.order)],
      [texts.columns.position, anyText(answer.position)],
    ];
    const tone = answer.outcome === "filled" ? "good" : "info";
    const says = { filled: texts.results.filled, placed: texts.results.placed, unchanged: texts.results.unchanged };
    return (
      <div role="status" class="result">
        <Badge tone={tone}>{says[answer.outcome as keyof typeof says] ?? answer.outcome}</Badge>
        <Facts lines={lines} />
        {answer.trace_id && <TraceLink id={answer.trace_id}>{texts.results.trace}</TraceLink>}
      </div>
    );
  }
  return <Refusal refused={sent.refused} />;
}

const SHOWN_APART = new Set(["trace_id", "next_step", "explanation", "fields"]);

/** Why not, in the API's words, what to do next, and every number it gave. */
export function Refusal({ refused }: { refused: Refused }) {
  const { details } = refused;
  const isUnknown = isUnsure(refused);
  const numbers = Object.entries(details)
    .filter(([name, value]) => !SHOWN_APART.has(name) && value !== null && value !== "")
    .map(([name, value]): [string, string] => [name.replaceAll("_", " "), anyText(value)]);
  return (
    <div role="alert" class="result refused">
      <Badge tone={isUnknown ? "warn" : "bad"}>{isUnknown ? texts.results.unknown : `${texts.results.refused}: ${refused.code}`}</Badge>
      <p>{refused.message}</p>
      {isUnknown && (
        <p>
          <b>{texts.results.unknownSays}</b>
        </p>
      )}
      {numbers.length > 0 && (
        <details open>
          <summary>{texts.results.numbers}</summary>
          <Facts lines={numbers} />
        </details>
      )}
      {typeof details.trace_id === "string" && details.trace_id && (
        <TraceLink id={details.trace_id}>{texts.results.trace}</TraceLink>
      )}
    </div>
  );
}
