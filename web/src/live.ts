/** The stream: one frame a second from the API, merged into one value that everything on the page looks at. */

import { readSession, refreshes, session, sessions } from "./api";
import { Store } from "./store";
import type { Columns, Delta, Frame, Session } from "./types";

export type LiveState = "connecting" | "live" | "stale" | "reconnecting" | "refused" | "locked" | "paused";

export interface Live {
  state: LiveState;
  frame: Frame | null;
  /** When the last frame came, by this machine's clock. */
  received_ms: number;
}

const SILENCE_MS = 4_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000];
const WAITING: ReadonlySet<LiveState> = new Set(["connecting", "reconnecting", "refused"]);
const RECENT_MS = 15_000;
const RECENT_MAX = 240;

export const live = new Store<Live>({ state: "connecting", frame: null, received_ms: 0 });

export type OpenStream = (path: string) => EventSource;

/** Says who is logged in and whether he may look; null where the API does not answer. */
export type AskWho = () => Promise<Session | null>;

/** *frame* as it is after *delta*; null if a frame between them was missed. */
export function merge(frame: Frame | null, delta: Delta): Frame | null {
  if (frame === null || delta.number !== frame.number + 1) return null;
  const merged: Record<string, unknown> = { ...frame, number: delta.number, at_ms: delta.at_ms };
  for (const [name, fields] of Object.entries(delta)) {
    if (typeof fields === "object") merged[name] = { ...(frame[name as keyof Frame] as object), ...fields };
  }
  return { ...(merged as unknown as Frame), recent: grown(merged as unknown as Frame) };
}

/** The small charts go on by themselves: a point every 15 s. */
function grown(frame: Frame): Frame["recent"] {
  const { recent, account } = frame;
  const times = recent.at_ms ?? [];
  if (account.balance === null || frame.at_ms - (times.at(-1) ?? 0) < RECENT_MS) return recent;
  const point: Record<string, number> = {
    at_ms: frame.at_ms,
    balance: account.balance ?? 0,
    equity: account.equity ?? 0,
    margin_free: account.margin_free ?? 0,
    floating: frame.today.floating,
    error_rate: frame.status.error_rate,
    pnl: frame.today.pnl,
  };
  return Object.fromEntries(
    Object.entries(point).map(([name, value]) => [name, [...(recent[name] ?? []), value].slice(-RECENT_MAX)]),
  );
}

/** Rows of a table that came as columns. */
export function rows<Row extends object>(columns: Columns<Row> | undefined): Row[] {
  const names = Object.keys(columns ?? {}) as (keyof Row)[];
  const first = names[0] === undefined ? [] : (columns?.[names[0]] ?? []);
  return first.map((_, index) => Object.fromEntries(names.map((name) => [name, columns?.[name]?.[index]])) as Row);
}

/**
 * Keeps the stream open while the page is looked at; a hidden page closes it and asks anew when it is shown. A page
 * that may not look any more forgets what it saw and waits for a log-in.
 */
export class Stream {
  #source: EventSource | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  #leave = () => {};

  constructor(
    private readonly open: OpenStream = (path) => new EventSource(path),
    private readonly ask: AskWho = readSession,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", this.#shownOrHidden);
    addEventListener("pagehide", () => this.#close());
    this.#leave = sessions.listen(() => this.again());
    this.#watch = setInterval(() => this.#noticeSilence(), 1_000);
    this.#connect();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.#shownOrHidden);
    clearInterval(this.#watch);
    this.#leave();
    this.#close();
  }

  /** Connects anew, as when refresh is pressed. */
  again(): void {
    this.#failures = 0;
    this.#connect();
  }

  readonly #shownOrHidden = () => {
    if (document.hidden) {
      this.#close();
      this.#say("paused");
    } else {
      this.again();
      refreshes.set(refreshes.get() + 1);
    }
  };

  #connect(): void {
    this.#close();
    const source = this.open("./api/stream");
    this.#source = source;
    source.addEventListener("full", (event) => {
      this.#take(JSON.parse(event.data) as Frame);
      // A log-in that ended before this stream began does not end it.
      if (session.get().authenticated) void this.ask();
    });
    source.addEventListener("delta", (event) => {
      const merged = merge(live.get().frame, JSON.parse(event.data) as Delta);
      if (merged === null) this.#connect();
      else this.#take(merged);
    });
    source.addEventListener("ended", () => void this.#ended(source));
    source.onerror = () => void this.#lost(source);
  }

  #take(frame: Frame): void {
    const wasAway = this.#failures > 0;
    this.#failures = 0;
    live.set({ state: "live", frame, received_ms: Date.now() });
    if (!wasAway) return;
    refreshes.set(refreshes.get() + 1);
    void this.ask(); // whoever was away may come back without its log-ins
  }

  /** The log-in that the stream rested on is over; perhaps one may look without. */
  async #ended(source: EventSource): Promise<void> {
    source.close();
    const who = await this.ask();
    if (this.#source !== source) return;
    if (who?.reads === false) this.#lock();
    else this.#connect();
  }

  /** Tried again after a while, unless the API says that there is nothing to look at for whoever this is. */
  async #lost(source: EventSource): Promise<void> {
    source.close();
    if (this.#source !== source) return;
    if (this.#failures === 0) this.#say("reconnecting");
    const pause = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures++;
    this.#retry = setTimeout(() => this.#connect(), pause);
    const who = await this.ask();
    if (!WAITING.has(live.get().state)) return;
    if (who?.reads === false) this.#lock();
    else this.#say(who !== null && this.#failures > 1 ? "refused" : "reconnecting");
  }

  #lock(): void {
    this.#close();
    live.set({ state: "locked", frame: null, received_ms: 0 });
  }

  #noticeSilence(): void {
    const { state, received_ms } = live.get();
    if (state === "live" && Date.now() - received_ms > SILENCE_MS) this.#say("stale");
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #say(state: LiveState): void {
    live.set({ ...live.get(), state });
  }
}
