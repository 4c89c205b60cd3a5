/** Calls of the API: every refusal becomes a `Refused` with the API's own code, words and numbers. */

import { useEffect, useRef, useState } from "preact/hooks";

import { Store, useStore } from "./store";
import { texts } from "./texts";
import type { ErrorBody, Session } from "./types";

const TIMEOUT_MS = 12_000; // an order is answered within 8 s, whatever happens
export const REFRESH_MS = 30_000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export const ANONYMOUS: Session = { authenticated: false, name: "", scopes: [], csrf: "", reads: true };
export const session = new Store<Session>(ANONYMOUS);

/** Whether the log-in ended without having been asked to: it was too old, its key is gone, or the API began anew. */
export const loggedOut = new Store(false);

export async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    if (session.get().csrf) headers["X-CSRF-Token"] = session.get().csrf;
  }
  const options: RequestInit = { method, headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) options.body = JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(`.${path}`, options);
  } catch {
    throw new Refused(0, "UNREACHABLE", texts.unreachable);
  }
  const read = await answer.json().catch(() => null);
  if (answer.ok && read === null) throw new Refused(answer.status, "UNREADABLE", texts.noWords);
  if (answer.ok) return read as Answer;
  if (answer.status === 401 && session.get().authenticated && path !== "/api/session") void readSession();
  const error = (read as ErrorBody | null)?.detail?.error;
  throw new Refused(answer.status, error?.code ?? `HTTP ${answer.status}`, error?.message ?? texts.noWords, error?.details);
}

export interface Loaded<Value> {
  value: Value | undefined;
  error: Refused | undefined;
  loading: boolean;
}

/** Counts up when somebody asks for everything anew. */
export const refreshes = new Store(0);

/** Counts up when a log-in begins or ends, since other things may then be seen. */
export const sessions = new Store(0);

/**
 * Reads *path* now, every 30 s while the page is looked at, and whenever refresh is pressed or *trigger* changes.
 * What was read stays while it is read again; a null path reads nothing.
 */
export function useRead<Value>(path: string | null, trigger: unknown = 0): Loaded<Value> {
  const refreshed = useStore(refreshes);
  const logged = useStore(sessions);
  const [loaded, setLoaded] = useState<Loaded<Value> & { path: string | null }>(() => nothing(path));
  const reading = useRef(0);
  useEffect(() => {
    if (path === null) return;
    const read = async () => {
      const number = ++reading.current;
      try {
        const value = await call<Value>("GET", path);
        if (number === reading.current) setLoaded({ value, error: undefined, loading: false, path });
      } catch (error) {
        if (number !== reading.current) return;
        setLoaded((before) => ({
          value: before.path === path ? before.value : undefined,
          error: error as Refused,
          loading: false,
          path,
        }));
      }
    };
    void read();
    const timer = setInterval(() => document.hidden || void read(), REFRESH_MS);
    return () => {
      reading.current++;
      clearInterval(timer);
    };
  }, [path, refreshed, logged, trigger]);
  return loaded.path === path ? loaded : nothing(path);
}

function nothing<Value>(path: string | null): Loaded<Value> & { path: string | null } {
  return { value: undefined, error: undefined, loading: path !== null, path };
}

/** Who the API says is logged in; null, and nothing changed, where it does not answer. */
export async function readSession(): Promise<Session | null> {
  let now: Session;
  try {
    now = { ...ANONYMOUS, ...(await call<Session>("GET", "/api/session")) };
  } catch {
    return null;
  }
  if (session.get().authenticated && !now.authenticated) loggedOut.set(true);
  session.set(now);
  return now;
}

export async function logIn(by: { key: string } | { code: string }): Promise<void> {
  const answer = await call<Partial<Session>>("POST", "/api/session", by);
  session.set({ ...ANONYMOUS, authenticated: true, ...answer });
  loggedOut.set(false);
  await readSession();
  sessions.set(sessions.get() + 1);
}

export async function logOut(): Promise<void> {
  try {
    await call("DELETE", "/api/session");
    session.set(ANONYMOUS);
  } catch {
    // It may be over or not: the API is asked below.
  }
  await readSession();
  loggedOut.set(false);
  sessions.set(sessions.get() + 1);
}
