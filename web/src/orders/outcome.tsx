/** What came of an order: done, refused with the numbers, or not known. */

import type { Refused } from "../api";
import { anyText, price, volume } from "../format";
import { Badge, Facts, type Lines, TraceLink } from "../parts";
import { texts } from "../texts";
import type { OrderAnswer } from "../types";
import { isUnsure, type Sent } from "./sending";
import { typeOf, typeWord } from "./vocabulary";

const words = texts.results;

export function resultTitle(sent: Sent): string {
  if ("answer" in sent) return texts.form.done;
  return isUnsure(sent.refused) ? words.unknown : words.refused;
}

const SAYS: Partial<Record<OrderAnswer["outcome"], string>> = { filled: words.filled, placed: words.placed, unchanged: words.unchanged };

interface Meaning {
  /** What it means that the broker took it: it waits, is changed, is cancelled. */
  placed?: string | undefined;
  /** What was changed, in place of the price. */
  changes?: Lines | undefined;
  /** What to do where the outcome is unknown. */
  unknown?: string | undefined;
}

export function Result({ sent, placed, changes, unknown, digits }: Meaning & { sent: Sent; digits?: number | undefined }) {
  if ("refused" in sent) return <Refusal refused={sent.refused} unknown={unknown} />;
  const { answer } = sent;
  const says = answer.outcome === "placed" ? (placed ?? words.placed) : (SAYS[answer.outcome] ?? answer.outcome);
  return (
    <div role="status" class="result">
      <Badge tone={answer.outcome === "unchanged" || (answer.outcome === "placed" && !placed) ? "info" : "good"}>{says}</Badge>
      <Facts lines={answerLines(answer, answer.outcome === "placed" ? changes : undefined, digits)} />
      {answer.trace_id && <TraceLink id={answer.trace_id}>{words.trace}</TraceLink>}
    </div>
  );
}

function answerLines(answer: OrderAnswer, changes: Lines | undefined, digits: number | undefined): Lines {
  const isPending = (answer.order_type ?? "market") !== "market";
  const lots = answer.volume || answer.remaining;
  const lines: Lines = [
    [texts.columns.symbol, answer.symbol],
    isPending ? [texts.columns.type, typeWord(typeOf(answer.order_type))] : [texts.columns.side, texts.form[answer.side]],
  ];
  if (lots) lines.push([texts.columns.volume, volume(lots)]);
  lines.push(...(changes ?? [[texts.columns.price, price(answer.price, digits)]] satisfies Lines), [texts.columns.order, anyText(answer.order)]);
  if (answer.position) lines.push([texts.columns.position, anyText(answer.position)]);
  return lines;
}

/** Said in words above, or a way that only a program goes. */
const SHOWN_APART = new Set(["trace_id", "next_step", "explanation", "fields", "ask"]);

/** What is said of it: in the page's words where the API speaks to a program, else in the API's. */
function messageOf(refused: Refused): string {
  const { reason } = refused.details;
  if (refused.status === 401) return words.loggedOut;
  return isUnsure(refused) && typeof reason === "string" ? words.unknownFor(reason) : refused.message;
}

/** Why not, what to do next, and every number that the API gave. */
export function Refusal({ refused, unknown }: { refused: Refused; unknown?: string | undefined }) {
  const { details } = refused;
  const isUnknown = isUnsure(refused);
  const numbers = Object.entries(details)
    .filter(([name, value]) => !SHOWN_APART.has(name) && value !== null && value !== "")
    .map(([name, value]): [string, string] => [name.replaceAll("_", " "), anyText(value)]);
  return (
    <div role="alert" class="result refused">
      <Badge tone={isUnknown ? "warn" : "bad"}>{isUnknown ? words.unknown : words.refusedFor(refused.code)}</Badge>
      <p>{messageOf(refused)}</p>
      {isUnknown && (
        <p>
          <b>{unknown ?? words.unknownSays}</b>
        </p>
      )}
      {numbers.length > 0 && (
        <details open>
          <summary>{words.details}</summary>
          <Facts lines={numbers} />
        </details>
      )}
      {typeof details.trace_id === "string" && details.trace_id && <TraceLink id={details.trace_id}>{words.trace}</TraceLink>}
    </div>
  );
}
