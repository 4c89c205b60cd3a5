/** What came of an order: done, refused with the numbers, or not known. */

import type { Refused } from "../api";
import { anyText, price, volume } from "../format";
import { Badge, Foreign, TraceLink } from "../parts";
import { texts } from "../texts";
import type { OrderAnswer } from "../types";
import { typeOf, typeWord } from "./prices";
import { isUnsure, type Sent } from "./sending";

const words = texts.results;

export function Facts({ lines }: { lines: [string, string][] }) {
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

export function resultTitle(sent: Sent): string {
  if ("answer" in sent) return texts.form.done;
  return isUnsure(sent.refused) ? words.unknown : words.refused;
}

const SAYS: Partial<Record<OrderAnswer["outcome"], string>> = { filled: words.filled, placed: words.placed, unchanged: words.unchanged };

/** *placed* says what it means that the broker took it: it waits, is changed, is cancelled. */
export function Result({ sent, placed, digits }: { sent: Sent; placed?: string | undefined; digits?: number | undefined }) {
  if ("refused" in sent) return <Refusal refused={sent.refused} />;
  const { answer } = sent;
  const says = answer.outcome === "placed" ? (placed ?? words.placed) : (SAYS[answer.outcome] ?? answer.outcome);
  const isPending = (answer.order_type ?? "market") !== "market";
  const lines: [string, string][] = [
    [texts.columns.symbol, answer.symbol],
    isPending ? [texts.columns.type, typeWord(typeOf(answer.order_type))] : [texts.columns.side, texts.form[answer.side]],
    [texts.columns.price, price(answer.price, digits)],
    [texts.columns.order, anyText(answer.order)],
  ];
  const lots = answer.volume || answer.remaining;
  if (lots) lines.splice(2, 0, [texts.columns.volume, volume(lots)]);
  if (answer.position) lines.push([texts.columns.position, anyText(answer.position)]);
  return (
    <div role="status" class="result">
      <Badge tone={answer.outcome === "unchanged" || (answer.outcome === "placed" && !placed) ? "info" : "good"}>{says}</Badge>
      <Facts lines={lines} />
      {answer.trace_id && <TraceLink id={answer.trace_id}>{words.trace}</TraceLink>}
    </div>
  );
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
      <Badge tone={isUnknown ? "warn" : "bad"}>{isUnknown ? words.unknown : `${words.refused}: ${refused.code}`}</Badge>
      <p>{refused.message}</p>
      {isUnknown && (
        <p>
          <b>{words.unknownSays}</b>
        </p>
      )}
      {numbers.length > 0 && (
        <details open>
          <summary>{words.numbers}</summary>
          <Facts lines={numbers} />
        </details>
      )}
      {typeof details.trace_id === "string" && details.trace_id && <TraceLink id={details.trace_id}>{words.trace}</TraceLink>}
    </div>
  );
}
