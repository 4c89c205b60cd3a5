/** When an order expires: as typed, and said so that it cannot be misread. */

import { Times } from "../format";
import { texts } from "../texts";

/** Stands for a date of which a part is missing, which an input shows and does not tell. */
export const INCOMPLETE = "incomplete";

/** The last minute that the inputs take; without it a year may have six digits. */
export const LAST = "2099-12-31T23:59";

/** On the clock that the page shows, and on another one: "2026-01-06 18:00:00 Broker time (2026-01-06 16:00:00 UTC)". */
export function instant(ms: number, times: Times): string {
  const said = `${times.dateTime(ms)} ${texts.zone[times.zone]}`;
  const other = times.zone === "broker" || times.brokerOffset_s === null ? "utc" : "broker";
  return other === times.zone ? said : `${said} (${new Times(other, times.brokerOffset_s).dateTime(ms)} ${texts.zone[other]})`;
}

export function instantOrNever(ms: number | null, times: Times): string {
  return ms === null ? texts.form.never : instant(ms, times);
}

/** What is wrong with a moment as typed, in a sentence; empty for never, and null where nothing is wrong. */
export function momentTrouble(text: string, times: Times, now_ms: number): string | null {
  if (!text) return null;
  const ms = times.parse(text);
  if (ms === null) return texts.moment.incomplete;
  const typed = Date.parse(`${text}Z`);
  // What comes back as another time is in the hour that the clock leaves out.
  if (times.shifted(ms).getTime() !== typed) return texts.moment.skipped;
  return typed > Date.parse(`${LAST}Z`) ? texts.moment.tooFar : passedTrouble(ms, now_ms);
}

export function passedTrouble(ms: number | null, now_ms: number): string | null {
  return ms !== null && ms <= now_ms ? texts.moment.past : null;
}

/** What the broker is sent: its own clock, as it is ahead of UTC today. */
export function brokersTime(text: string, times: Times): string {
  const ms = text ? times.parse(text) : null;
  if (ms === null) return texts.form.neverUnless;
  if (times.brokerOffset_s === null) return texts.moment.noClock;
  return texts.moment.brokers(new Times("broker", times.brokerOffset_s).dateTime(ms));
}
