/** The fields of the forms: prices that wait, stops, and when an order is given up. */

import { zone } from "../choices";
import { useFrame, useTimes } from "../hooks";
import { focusOnce } from "../parts";
import { useStore } from "../store";
import { texts } from "../texts";
import type { SymbolInfo, TickRow } from "../types";
import { priceTrouble, whereItLies } from "./prices";

const words = texts.form;

export function NumberField(props: {
  name: string;
  label: string;
  value: string;
  change: (value: string) => void;
  required?: boolean;
  min?: number;
  max?: number | undefined;
  step?: number | undefined;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        type="number"
        inputMode="decimal"
        name={props.name}
        value={props.value}
        required={props.required}
        min={props.min ?? 0}
        max={props.max}
        step={props.step || "any"}
        placeholder={props.required ? undefined : words.optional}
        onInput={(event) => props.change(event.currentTarget.value)}
      />
    </label>
  );
}

export function StopFields(props: { sl: string; tp: string; symbol: SymbolInfo | undefined; change: (parts: { sl?: string; tp?: string }) => void }) {
  const step = props.symbol?.tick_size;
  return (
    <div class="pair">
      <NumberField name="sl" label={words.sl} value={props.sl} step={step} change={(sl) => props.change({ sl })} />
      <NumberField name="tp" label={words.tp} value={props.tp} step={step} change={(tp) => props.change({ tp })} />
    </div>
  );
}

/** The price that an order waits for, with where it must lie; once that is broken, with what is wrong. */
export function PriceField(props: {
  type: number;
  value: string;
  change: (value: string) => void;
  tick: TickRow | undefined;
  symbol: SymbolInfo | undefined;
  /** Whether it may be judged: a price that is to stay as it is need not be right any more. */
  judged?: boolean;
  first?: boolean;
}) {
  const { type, tick, symbol } = props;
  const trouble = props.judged === false ? null : priceTrouble(type, props.value, tick, symbol);
  return (
    <div class="field">
      <label>
        <span>{words.price}</span>
        <input
          type="number"
          inputMode="decimal"
          name="price"
          value={props.value}
          step={symbol?.tick_size || "any"}
          aria-invalid={trouble !== null}
          aria-describedby="price-says"
          ref={props.first ? focusOnce : null}
          onInput={(event) => props.change(event.currentTarget.value)}
        />
      </label>
      <p class={trouble ? "says wrong" : "says"} id="price-says" role={trouble ? "alert" : undefined}>
        {trouble ? <span aria-hidden="true">✕ </span> : null}
        {trouble ?? whereItLies(type, tick, symbol)}
      </p>
    </div>
  );
}

/** When it is given up, on the clock that the page shows; *value* is that of the input, empty for never. */
export function ExpirationField(props: { value: string; change: (value: string) => void }) {
  const trouble = useExpirationTrouble(props.value);
  const shown = useStore(zone);
  return (
    <div class="field">
      <label>
        <span>
          {words.expires}, {texts.zone[shown]}
        </span>
        <input
          type="datetime-local"
          name="expiration"
          value={props.value}
          // An order may end at a second, which a step of minutes would call wrong.
          step={/:\d\d:(?!00)\d\d$/.test(props.value) ? 1 : 60}
          aria-invalid={trouble !== null}
          aria-describedby="expiration-says"
          onInput={(event) => props.change(event.currentTarget.value)}
        />
      </label>
      <p class={trouble ? "says wrong" : "says"} id="expiration-says" role={trouble ? "alert" : undefined}>
        {trouble ?? words.neverUnless}
      </p>
    </div>
  );
}

/** What is wrong with a moment as typed; null where nothing is. */
export function useExpirationTrouble(text: string): string | null {
  const times = useTimes();
  const now_ms = useFrame()?.at_ms ?? 0;
  const ms = times.parse(text);
  return ms !== null && ms <= now_ms ? texts.price.past : null;
}
