import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ANONYMOUS, session, sessions } from "../src/api";
import { live, merge, rows, Stream } from "../src/live";
import type { Session } from "../src/types";
import { frame } from "./samples";

class FakeSource {
  static all: FakeSource[] = [];
  onerror: (() => void) | null = null;
  closed = false;
  readonly #listeners = new Map<string, (event: { data: string }) => void>();

  constructor(readonly path: string) {
    FakeSource.all.push(this);
  }

  addEventListener(name: string, listener: (event: { data: string }) => void): void {
    this.#listeners.set(name, listener);
  }

  say(name: string, data: unknown): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data) });
  }

  close(): void {
    this.closed = true;
  }
}

function newest(): FakeSource {
  return FakeSource.all.at(-1) as FakeSource;
}

describe("merge", () => {
  it("replaces the fields that changed and keeps the rest", () => {
    const before = frame();
    const after = merge(before, { number: 2, at_ms: before.at_ms + 1_000, positions: { profit: [4.2] } });
    expect(after?.positions.profit).toEqual([4.2]);
    expect(after?.positions.ticket).toEqual([77]);
    expect(after?.account).toEqual(before.account);
  });

  it("refuses a delta after a gap, so that no figure is ever half old", () => {
    expect(merge(frame(), { number: 3, at_ms: 0 })).toBeNull();
    expect(merge(null, { number: 1, at_ms: 0 })).toBeNull();
  });

  it("lets the small charts go on, one point every 15 seconds", () => {
    const before = frame({ recent: { at_ms: [frame().at_ms], equity: [1] } });
    const soon = merge(before, { number: 2, at_ms: before.at_ms + 1_000 });
    const later = merge(before, { number: 2, at_ms: before.at_ms + 16_000 });
    expect(soon?.recent.equity).toEqual([1]);
    expect(later?.recent.equity).toEqual([1, 99_990.5]);
  });
});

describe("rows", () => {
  it("turns columns into rows", () => {
    expect(rows<{ a: number; b: string }>({ a: [1, 2], b: ["x", "y"] })).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: "y" },
    ]);
    expect(rows(undefined)).toEqual([]);
  });
});

describe("Stream", () => {
  let stream: Stream;
  let hidden = false;
  let who: Session | null;
  let asked = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
    FakeSource.all = [];
    live.set({ state: "connecting", frame: null, received_ms: 0 });
    who = { authenticated: true, name: "operator", scopes: ["read"], csrf: "token", reads: true };
    asked = 0;
    const ask = async () => {
      asked++;
      return who;
    };
    stream = new Stream((path) => new FakeSource(path) as unknown as EventSource, ask);
    stream.start();
  });

  afterEach(() => {
    stream.stop();
    hidden = false;
    vi.useRealTimers();
  });

  it("is live with the first full frame", () => {
    newest().say("full", frame());
    expect(live.get().state).toBe("live");
    expect(live.get().frame?.account.balance).toBe(100_000);
  });

  it("asks whether the log-in still stands once the stream has begun, and not without one", () => {
    newest().say("full", frame());
    expect(asked).toBe(0);
    session.set({ ...ANONYMOUS, authenticated: true });
    newest().say("full", frame());
    expect(asked).toBe(1);
    session.set(ANONYMOUS);
  });

  it("asks anew when a frame was missed", () => {
    newest().say("full", frame());
    newest().say("delta", { number: 7, at_ms: 0 });
    expect(FakeSource.all).toHaveLength(2);
    expect(FakeSource.all[0]?.closed).toBe(true);
  });

  it("says reconnecting with the last figures kept, and comes back by itself", () => {
    newest().say("full", frame());
    newest().onerror?.();
    expect(live.get().state).toBe("reconnecting");
    expect(live.get().frame?.account.balance).toBe(100_000);
    vi.advanceTimersByTime(600);
    newest().say("full", frame({ number: 9 }));
    expect(live.get().state).toBe("live");
    expect(live.get().frame?.number).toBe(9);
  });

  it("goes on at once where one may look without the log-in that ended", async () => {
    newest().say("full", frame());
    newest().say("ended", {});
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSource.all).toHaveLength(2);
    expect(newest().closed).toBe(false);
    expect(live.get().frame).not.toBeNull();
  });

  it("forgets what it showed and asks no more where one may not, until somebody logs in", async () => {
    who = { authenticated: false, name: "", scopes: [], csrf: "", reads: false };
    newest().say("full", frame());
    newest().say("ended", {});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(live.get()).toMatchObject({ state: "locked", frame: null });
    expect(FakeSource.all).toHaveLength(1);
    sessions.set(sessions.get() + 1);
    expect(FakeSource.all).toHaveLength(2);
  });

  it("waits for a log-in too where the first stream is refused for the want of one", async () => {
    who = { authenticated: false, name: "", scopes: [], csrf: "", reads: false };
    newest().onerror?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(live.get().state).toBe("locked");
    expect(FakeSource.all).toHaveLength(1);
  });

  it("tells an API that does not answer from one that lets nobody else listen", async () => {
    newest().say("full", frame());
    who = null;
    newest().onerror?.();
    await vi.advanceTimersByTimeAsync(600);
    newest().onerror?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.get().state).toBe("reconnecting");
    who = { authenticated: false, name: "", scopes: [], csrf: "", reads: true };
    await vi.advanceTimersByTimeAsync(1_100);
    newest().onerror?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.get().state).toBe("refused");
    await vi.advanceTimersByTimeAsync(5_100);
    newest().say("full", frame());
    expect(live.get().state).toBe("live");
  });

  it("says stale when an open stream falls silent", () => {
    newest().say("full", frame());
    vi.advanceTimersByTime(6_000);
    expect(live.get().state).toBe("stale");
  });

  it("closes while the page is hidden and opens when it is shown", () => {
    newest().say("full", frame());
    hidden = true;
    document.dispatchEvent(new Event("visibilitychange"));
    expect(newest().closed).toBe(true);
    expect(live.get().state).toBe("paused");
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    expect(newest().closed).toBe(false);
    expect(FakeSource.all).toHaveLength(2);
  });
});
