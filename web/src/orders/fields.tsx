/** The fields of the forms: numbers, prices that wait, stops, and when an order is given up. */

import type { InputHTMLAttributes } from "preact";

import { useTimes } from "../hooks";
import { focusOnce } from "../parts";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { brokersTime, INCOMPLETE, LAST } from "./moments";
import { whereItLies } from "./prices";

const words = texts.form;

/** What is wrong with each field, by its name; null where nothing is. In the order in which the form shows them. */
export type Troubles = Partial<Record<string, string | null>>;

/** Whether nothing is wrong with the form; else the first field that is wrong has the focus. */
export function isFilledIn(form: HTMLFormElement | null, troubles: Troubles, change: (parts: { expiration: string }) => void): boolean {
  const half = isHalfTyped(form);
  if (half) change({ expiration: INCOMPLETE });
  const all = half ? { ...troubles, expiration: INCOMPLETE } : troubles;
  const wrong = Object.keys(all).find((name) => all[name]);
  if (wrong) form?.querySelector<HTMLInputElement>(`[name="${wrong}"]`)?.focus();
  return wrong === undefined;
}

/** Whether a date was begun and not finished: the input shows that and gives an empty value. */
function isHalfTyped(form: HTMLFormElement | null): boolean {
  return form?.querySelector<HTMLInputElement>('[name="expiration"]')?.validity.badInput ?? false;
}

/** A field with its label; under it stands what is wrong with it, else what is to be known of it. */
function Field(props: {
  label: string;
  input: InputHTMLAttributes<HTMLInputElement> & { name: string };
  trouble: string | null;
  says?: string;
  first?: boolean;
}) {
  const { trouble } = props;
  const says = `${props.input.name}-says`;
  return (
    <div class="field">
      <label>
        <span>{props.label}</span>
        <input {...props.input} aria-invalid={trouble !== null} aria-describedby={says} ref={props.first ? focusOnce : null} />
      </label>
      <p class={trouble ? "says wrong" : "says"} id={says} role={trouble ? "alert" : undefined}>
        {trouble ? <span aria-hidden="true">✕ </span> : null}
        {trouble ?? props.says}
      </p>
    </div>
  );
}

/** Text, since an input of numbers swallows commas and turns with the wheel: `parseNumber` reads it. */
export function NumberField(props: {
  name: string;
  label: string;
  value: string;
  change: (value: string) => void;
  trouble: string | null;
  says?: string;
  isOptional?: boolean;
  first?: boolean;
}) {
  const { name, label, value, change, isOptional, ...rest } = props;
  return (
    <Field
      label={label}
      input={{
        type: "text",
        inputMode: "decimal",
        autocomplete: "off",
        name,
        value,
        placeholder: isOptional ? words.optional : undefined,
        onInput: (event) => change(event.currentTarget.value),
      }}
      {...rest}
    />
  );
}

export function StopFields(props: { sl: string; tp: string; troubles: Troubles; change: (parts: { sl?: string; tp?: string }) => void }) {
  const { sl, tp, troubles, change } = props;
  return (
    <div class="pair">
      <NumberField name="sl" label={words.sl} value={sl} trouble={troubles.sl ?? null} isOptional change={(text) => change({ sl: text })} />
      <NumberField name="tp" label={words.tp} value={tp} trouble={troubles.tp ?? null} isOptional change={(text) => change({ tp: text })} />
    </div>
  );
}

/** The price that an order waits for, with where it must lie. */
export function PriceField(props: {
  type: number;
  value: string;
  change: (value: string) => void;
  trouble: string | null;
  tick: TickRow | undefined;
  symbol: SymbolInfo | undefined;
  first?: boolean;
}) {
  const { type, tick, symbol, ...rest } = props;
  return <NumberField name="price" label={words.price} says={whereItLies(type, tick, symbol)} {...rest} />;
}

/** When it is given up, on the clock that the page shows; *value* is as typed, empty for never. */
export function ExpirationField(props: { value: string; change: (value: string) => void; trouble: string | null; step_s?: number }) {
  const { value, change, trouble } = props;
  const times = useTimes();
  return (
    <Field
      label={`${words.expires}, ${texts.zone[times.zone]}`}
      input={{
        type: "datetime-local",
        name: "expiration",
        value: value === INCOMPLETE ? "" : value,
        max: LAST,
        step: props.step_s ?? 60,
        onInput: ({ currentTarget }) => change(currentTarget.validity.badInput ? INCOMPLETE : currentTarget.value),
      }}
      trouble={trouble}
      says={brokersTime(value, times)}
    />
  );
}
