/** Sending an order once, and what came of it; a failure counts as a refusal only where that is certain. */

import { useEffect, useState } from "preact/hooks";

import { call, Refused } from "../api";
import { Store } from "../store";
import type { OrderAnswer } from "../types";

export type Sent = { answer: OrderAnswer } | { refused: Refused };

export interface Sending {
  sent: Sent | null;
  sending: boolean;
  send: (body?: unknown) => Promise<void>;
  reset: () => void;
}

export function canTrade(scopes: string[]): boolean {
  return scopes.includes("trade");
}

/** Whether an order is under way: what shows it stays until its outcome has been seen. */
export const underWay = new Store(false);

/** Asked by the browser before it leaves the page: the outcome would come to nobody. */
function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (underWay.get()) event.preventDefault();
}

export function useSending(method: "POST" | "PATCH" | "DELETE", path: string): Sending {
  const [sent, setSent] = useState<Sent | null>(null);
  const [sending, setSending] = useState(false);
  useEffect(() => {
    addEventListener("beforeunload", askBeforeLeaving);
    return () => removeEventListener("beforeunload", askBeforeLeaving);
  }, []);
  const send = async (body?: unknown) => {
    if (underWay.get()) return;
    underWay.set(true);
    setSending(true);
    try {
      setSent({ answer: await call<OrderAnswer>(method, path, body) });
    } catch (error) {
      setSent({ refused: error instanceof Refused ? error : new Refused(0, "FAULT", String(error)) });
    } finally {
      underWay.set(false);
      setSending(false);
    }
  };
  return { sent, sending, send, reset: () => setSent(null) };
}

const UNSURE = new Set(["OUTCOME_UNKNOWN", "OUTCOME_PENDING", "UNREACHABLE", "UNREADABLE"]);
const NOT_SENT = new Set(["MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OVERLOADED"]);

/** Whether the order may have been executed: a failure counts as refused only where the API says so. */
export function isUnsure(refused: Refused): boolean {
  return UNSURE.has(refused.code) || (refused.status >= 500 && !NOT_SENT.has(refused.code));
}
