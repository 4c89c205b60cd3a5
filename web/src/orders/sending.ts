/** Sending an order once, and what came of it; a failure counts as a refusal only where that is certain. */

import { useEffect, useState } from "preact/hooks";

import { call, Refused, session } from "../api";
import { Store, useStore } from "../store";
import type { OrderAnswer } from "../types";

export type Sent = { answer: OrderAnswer } | { refused: Refused };

export interface Sending {
  sent: Sent | null;
  isUnderWay: boolean;
  /** The answer, where the broker did as asked. */
  send: (body?: unknown) => Promise<OrderAnswer | null>;
  reset: () => void;
}

export function useMayTrade(): boolean {
  return useStore(session).scopes.includes("trade");
}

/** Whether an order is under way: what shows it stays until its outcome has been seen. */
export const underWay = new Store(false);

/** Asked by the browser before it leaves the page: the outcome would come to nobody. */
function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (underWay.get()) event.preventDefault();
}

export function useSending(method: "POST" | "PATCH" | "DELETE", path: string): Sending {
  const [sent, setSent] = useState<Sent | null>(null);
  const [isUnderWay, setUnderWay] = useState(false);
  useEffect(() => {
    addEventListener("beforeunload", askBeforeLeaving);
    return () => removeEventListener("beforeunload", askBeforeLeaving);
  }, []);
  const send = async (body?: unknown) => {
    if (underWay.get()) return null;
    underWay.set(true);
    setUnderWay(true);
    try {
      const answer = await call<OrderAnswer>(method, path, body);
      setSent({ answer });
      return answer;
    } catch (error) {
      setSent({ refused: error instanceof Refused ? error : new Refused(0, "FAULT", String(error)) });
      return null;
    } finally {
      underWay.set(false);
      setUnderWay(false);
    }
  };
  return { sent, isUnderWay, send, reset: () => setSent(null) };
}

const UNSURE = new Set(["OUTCOME_UNKNOWN", "OUTCOME_PENDING", "UNREACHABLE", "UNREADABLE"]);
const NOT_SENT = new Set(["MT5_UNAVAILABLE", "JOURNAL_UNAVAILABLE", "OVERLOADED"]);

/** Whether the order may have been executed: a failure counts as refused only where the API says so. */
export function isUnsure(refused: Refused): boolean {
  return UNSURE.has(refused.code) || (refused.status >= 500 && !NOT_SENT.has(refused.code));
}
