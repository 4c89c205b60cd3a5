/** Small things that every section is made of. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { type Loaded, refreshes } from "./api";
import { linkTo, place } from "./place";
import { texts } from "./texts";

export type Tone = "good" | "bad" | "warn" | "info" | "plain";

const SIGNS: Record<Tone, string> = { good: "✓", bad: "✕", warn: "▲", info: "i", plain: "" };

/** A word in a frame; its sign says the same as its colour. */
export function Badge(props: { tone: Tone; children: ComponentChildren; title?: string }) {
  return (
    <span class={`badge ${props.tone}`} title={props.title}>
      {SIGNS[props.tone] && <span aria-hidden="true">{SIGNS[props.tone]}</span>}
      {props.children}
    </span>
  );
}

export function Panel(props: { title: string; aside?: ComponentChildren; children: ComponentChildren; class?: string }) {
  return (
    <section class={`panel ${props.class ?? ""}`} aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/** One figure with its name; *note* says what it rests on. */
export function Figure(props: {
  label: string;
  value: ComponentChildren;
  note?: ComponentChildren;
  tone?: Tone | undefined;
  children?: ComponentChildren;
}) {
  return (
    <div class={`figure ${props.tone ?? "plain"}`}>
      <dt>{props.label}</dt>
      <dd>
        <span class="value">{props.value}</span>
        {props.note && <span class="note">{props.note}</span>}
      </dd>
      {props.children}
    </div>
  );
}

export function Empty(props: { children: ComponentChildren }) {
  return <p class="empty">{props.children}</p>;
}

/** What was read, or why there is nothing yet: loading, refused. What was read before stays under a failure. */
export function Shown<Value>(props: { of: Loaded<Value>; children: (value: Value) => ComponentChildren }) {
  const { value, error, loading } = props.of;
  if (error && value === undefined) return <Failed code={error.code} message={error.message} />;
  if (value === undefined) return loading ? <p class="empty loading">{texts.loading}</p> : null;
  return (
    <>
      {error && (
        <p class="old" role="status">
          <Badge tone="warn">{texts.notFresh}</Badge> {error.message}
        </p>
      )}
      {props.children(value)}
    </>
  );
}

function Failed(props: { code: string; message: string }) {
  return (
    <div class="failed" role="alert">
      <Badge tone="bad">{props.code}</Badge> {props.message}{" "}
      <button type="button" class="small" onClick={() => refreshes.set(refreshes.get() + 1)}>
        {texts.retry}
      </button>
    </div>
  );
}

/** Text from elsewhere: cut by its frame, whole in its title, its direction its own affair. */
export function Foreign(props: { text: string }) {
  return (
    <bdi class="foreign" title={props.text}>
      {props.text.length > 300 ? `${props.text.slice(0, 300)}…` : props.text}
    </bdi>
  );
}

/** A number of the broker's; it leads to its trace. */
export function Ticket(props: { number: number | null | undefined }) {
  if (!props.number) return <>–</>;
  return (
    <a class="ticket" {...linkTo({ tab: "traces", q: String(props.number), window: "all" })}>
      {props.number}
    </a>
  );
}

export function TraceLink(props: { id: string; children: ComponentChildren }) {
  return <a {...linkTo({ ...place.get(), tab: "traces", trace: props.id })}>{props.children}</a>;
}

/** A few choices of which one holds. */
export function Choice<Value extends string>(props: {
  label: string;
  values: readonly Value[];
  value: Value;
  words?: Record<Value, string>;
  choose: (value: Value) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={props.label}>
      {props.values.map((value) => (
        <button type="button" key={value} aria-pressed={value === props.value} onClick={() => props.choose(value)}>
          {props.words?.[value] ?? value}
        </button>
      ))}
    </div>
  );
}

/** Gives an element the focus when it appears, and never takes it back later. */
export function focusOnce(element: HTMLElement | null): void {
  if (element && !element.dataset.focused) {
    element.dataset.focused = "yes";
    element.autofocus = true; // a dialog that is about to open looks for this
    element.focus();
  }
}

/**
 * A dialog over the page: the browser keeps the focus in it and gives it back. While it is *busy* nothing closes it:
 * a browser asks a page once and closes at the second Escape, so one that was closed all the same opens again.
 * *back* is where Escape leads instead of closing it. A key that is held down counts once.
 */
export function Dialog(props: {
  title: string;
  class?: string;
  busy?: boolean;
  back?: (() => void) | undefined;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  const busy = props.busy ?? false;
  const press = (event: KeyboardEvent) => {
    const isEscape = event.key === "Escape";
    if (event.repeat ? isEscape || event.key === "Enter" : isEscape && (busy || props.back)) event.preventDefault();
    if (isEscape && !busy && !event.repeat) props.back?.();
  };
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      // Its event comes later, when another dialog may be open: only what a person closed is told.
      gone.current = true;
      element?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={props.class}
      aria-label={props.title}
      aria-busy={busy}
      onKeyDown={press}
      onCancel={(event) => busy && event.preventDefault()}
      onClose={() => {
        if (gone.current) return;
        if (busy) dialog.current?.showModal();
        else props.onClose();
      }}
    >
      <header>
        <h2>{props.title}</h2>
        <button type="button" class="plain" aria-label={texts.close} disabled={busy} onClick={props.onClose}>
          ✕
        </button>
      </header>
      {props.children}
    </dialog>
  );
}

/** Names and values, one a line. */
export type Lines = [string, string][];

export function Facts({ lines, across }: { lines: Lines; across?: boolean }) {
  return (
    <dl class={across ? "facts across" : "facts"}>
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
