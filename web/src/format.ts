/** Numbers and times as people read them; what is not known is a dash, never a zero. */

import type { Zone } from "./types";

export const DASH = "–";
const MINUS = "−";

type Maybe = number | null | undefined;

const formats = new Map<string, Intl.NumberFormat>();

export function number(value: Maybe, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  const key = String(digits);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key, format);
  }
  return format.format(value).replace("-", MINUS);
}

export const money = (value: Maybe): string => number(value, 2);

/** Money with its sign: gain and loss must not be told by colour alone. */
export function signed(value: Maybe, digits = 2): string {
  const text = number(value, digits);
  return typeof value === "number" && value > 0 ? `+${text}` : text;
}

export function percent(fraction: Maybe, digits = 1): string {
  return fraction === null || fraction === undefined ? DASH : `${number(fraction * 100, digits)} %`;
}

/** A price; zero means that there is none (a stop-loss not set). */
export function price(value: Maybe, digits: number | undefined): string {
  if (!value) return DASH;
  return digits === undefined ? String(value) : value.toFixed(digits);
}

export function volume(value: Maybe): string {
  if (value === null || value === undefined) return DASH;
  const exact = Number(value.toFixed(8));
  return exact === Number(exact.toFixed(2)) ? exact.toFixed(2) : String(exact);
}

export function milliseconds(value: Maybe): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  if (value === 0) return "0 ms";
  if (value >= 10_000) return `${number(value / 1_000, 1)} s`;
  return `${number(value, value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

/** How long, in its two largest units. */
export function duration(seconds: Maybe): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  const units: [number, string][] = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return seconds > 0 ? "< 1 s" : "0 s";
  const [size, unit] = units[first] as [number, string];
  const after = units[first + 1];
  const rest = after ? Math.floor((whole % size) / after[0]) : 0;
  return `${Math.floor(whole / size)} ${unit}${after && rest ? ` ${rest} ${after[1]}` : ""}`;
}

export function megabytes(value: Maybe): string {
  if (value === null || value === undefined) return DASH;
  return value >= 1_000 ? `${number(value / 1_000, 1)} GB` : `${number(value, value < 10 ? 2 : 1)} MB`;
}

/** Shows moments in one zone. */
export class Times {
  constructor(
    readonly zone: Zone,
    /** How far the broker's clock is ahead of UTC; null while that is not known. */
    readonly brokerOffset_s: number | null,
  ) {}

  /** A date whose UTC fields read as the zone's clock. */
  shifted(ms: number): Date {
    const ahead =
      this.zone === "broker" ? (this.brokerOffset_s ?? 0) * 1_000 : this.zone === "local" ? -new Date(ms).getTimezoneOffset() * 60_000 : 0;
    return new Date(ms + ahead);
  }

  time(ms: Maybe, millis = false): string {
    if (!ms) return DASH;
    return this.shifted(ms).toISOString().slice(11, millis ? 23 : 19);
  }

  dateTime(ms: Maybe, millis = false): string {
    if (!ms) return DASH;
    return `${this.shifted(ms).toISOString().slice(0, 10)} ${this.time(ms, millis)}`;
  }

  /** As an input of date and time takes it; empty for none. */
  typed(ms: Maybe): string {
    return ms ? this.shifted(ms).toISOString().slice(0, ms % 60_000 ? 19 : 16) : "";
  }

  /** The moment that was typed into such an input; null where there is none. */
  parse(text: string): number | null {
    const read_ms = Date.parse(this.zone === "local" ? text : `${text}Z`);
    if (Number.isNaN(read_ms)) return null;
    return this.zone === "broker" ? read_ms - (this.brokerOffset_s ?? 0) * 1_000 : read_ms;
  }

  /** For an axis over *span* milliseconds: as much of a moment as tells its points apart. */
  axis(ms: number, span: number): string {
    const text = this.shifted(ms).toISOString();
    if (span <= 10 * 60_000) return text.slice(11, 19);
    if (span <= 36 * 3_600_000) return text.slice(11, 16);
    return span <= 3 * 86_400_000 ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(5, 10);
  }

  /** The time of today, or date and time of another day. */
  moment(ms: Maybe, now_ms: number): string {
    if (!ms) return DASH;
    const day = (at: number) => this.shifted(at).toISOString().slice(0, 10);
    return day(ms) === day(now_ms) ? this.time(ms) : `${day(ms).slice(5)} ${this.time(ms)}`;
  }
}

export function parseTime(text: string | null | undefined): number | null {
  const ms = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Anything at all as text: attributes may hold lists and objects. */
export function anyText(value: unknown): string {
  if (value === null || value === undefined) return DASH;
  return typeof value === "string" ? value : JSON.stringify(value);
}
