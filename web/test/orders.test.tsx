import { fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { beforeEach, describe, expect, it } from "vitest";

import { session } from "../src/api";
import { Times } from "../src/format";
import { CancelDialog } from "../src/orders/cancel";
import { ChangeDialog } from "../src/orders/change";
import { OrderDialog } from "../src/orders/new";
import { priceTrouble, suggested, whereItLies } from "../src/orders/prices";
import { typeOf } from "../src/orders/vocabulary";
import { Trading } from "../src/tabs/trading";
import type { SymbolInfo } from "../src/types";
import { answers, asColumns, EURUSD, placed, press, refusal, sent, setUp, showing, TICK, type, WAITING } from "./desk";

const INDEX: SymbolInfo = { ...EURUSD, canonical: "DE40", broker_symbol: "DE40", digits: 1, point: 0.1, tick_size: 0.5, stops_level: 20 };

beforeEach(setUp);

describe("a waiting order's price", () => {
  it.each([
    ["buy_limit", "1.10139", true],
    ["buy_limit", "1.1014", false],
    ["sell_limit", "1.10131", true],
    ["sell_limit", "1.1013", false],
    ["buy_stop", "1.10141", true],
    ["buy_stop", "1.1014", false],
    ["sell_stop", "1.10129", true],
    ["sell_stop", "1.1013", false],
  ])("of %s at %s is right: %s", (name, text, isRight) => {
    expect(priceTrouble(typeOf(name), text, TICK, EURUSD) === null).toBe(isRight);
  });

  it("is told where it must lie, and what is wrong with it", () => {
    expect(whereItLies(typeOf("buy_limit"), TICK, EURUSD)).toBe("A buy limit must be below the ask (1.10140).");
    expect(priceTrouble(typeOf("sell_limit"), "1.1", TICK, EURUSD)).toBe("A sell limit must be above the bid (1.10130); 1.1 is not.");
    expect(priceTrouble(typeOf("buy_limit"), "", TICK, EURUSD)).toContain("Give the price");
    expect(priceTrouble(typeOf("buy_limit"), "2", undefined, EURUSD)).toBeNull();
  });

  it("stands off the market as far as the broker asks, and on the symbol's steps", () => {
    const tick = { ...TICK, symbol: "DE40", bid: 18_000, ask: 18_001.5 };
    expect(priceTrouble(typeOf("buy_limit"), "18000", tick, INDEX)).toContain("at least 20 points below the ask");
    expect(priceTrouble(typeOf("buy_limit"), "17999.5", tick, INDEX)).toBeNull();
    expect(priceTrouble(typeOf("buy_limit"), "17990.3", tick, INDEX)).toContain("the nearest are 17990.0 and 17990.5");
    expect(suggested(typeOf("buy_limit"), tick, INDEX)).toBe("17983.0");
    expect(suggested(typeOf("sell_limit"), tick, INDEX)).toBe("18018.0");
  });

  it("is proposed on the right side for every type", () => {
    for (const name of ["buy_limit", "sell_limit", "buy_stop", "sell_stop"]) {
      expect(priceTrouble(typeOf(name), suggested(typeOf(name), TICK, EURUSD), TICK, EURUSD)).toBeNull();
    }
    expect(suggested(typeOf("buy"), TICK, EURUSD)).toBe("");
  });
});

describe("moments that are typed", () => {
  it("are read on the clock that the page shows", () => {
    const ms = Date.UTC(2026, 0, 6, 16, 0, 0);
    expect(new Times("broker", 7_200).typed(ms)).toBe("2026-01-06T18:00");
    for (const zone of ["broker", "utc", "local"] as const) {
      const times = new Times(zone, 7_200);
      expect(times.parse(times.typed(ms))).toBe(ms);
      expect(times.parse(times.typed(ms + 5_000))).toBe(ms + 5_000);
    }
    expect(new Times("utc", 0).parse("")).toBeNull();
    expect(new Times("utc", 0).typed(0)).toBe("");
  });
});

describe("placing an order that waits", () => {
  it("makes the type from side and kind, and sends it once after the second yes", async () => {
    answers.set("/api/orders/pending", placed("sell_stop"));
    render(<OrderDialog onClose={() => {}} />);
    await screen.findAllByText("1.10140");
    fireEvent.click(screen.getByLabelText(/^Sell/));
    fireEvent.click(screen.getByLabelText("Stop"));
    expect((screen.getByLabelText("Price") as HTMLInputElement).value).toBe("1.10019");
    type("Price", "1.1");
    type(/^Expires/, "2026-01-06T18:00");
    press("Review order");
    expect(sent).toHaveLength(0);
    const send = screen.getByRole("button", { name: "Place order: Sell stop 0.10 EURUSD at 1.10000" });
    fireEvent.click(send);
    fireEvent.click(send);
    await screen.findByText("Placed: it waits for its price");
    const body = { canonical: "EURUSD", volume: 0.1, sl: null, tp: null, comment: "", order_type: "sell_stop", price: 1.1, expiration: Date.UTC(2026, 0, 6, 16) / 1_000 };
    expect(sent).toEqual([{ method: "POST", path: "/api/orders/pending", body }]);
  });

  it("warns where the market passes the price while it is read once more", async () => {
    render(<OrderDialog onClose={() => {}} />);
    await screen.findAllByText("1.10140");
    fireEvent.click(screen.getByLabelText("Limit"));
    press("Review order");
    expect(screen.queryByRole("alert")).toBeNull();
    showing({ ticks: { symbol: ["EURUSD"], bid: [1.05], ask: [1.0501], time_msc: [1] } });
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("must be below the ask"));
  });

  it("goes no further with a price on the wrong side, and says why", async () => {
    render(<OrderDialog onClose={() => {}} />);
    await screen.findAllByText("1.10140");
    fireEvent.click(screen.getByLabelText("Limit"));
    type("Price", "1.2");
    press("Review order");
    expect(screen.getByRole("alert").textContent).toContain("must be below the ask (1.10140); 1.2 is not.");
    expect(document.activeElement).toBe(screen.getByLabelText("Price"));
    expect(screen.queryByRole("button", { name: /Place order/ })).toBeNull();
  });

  it("says of a moment that is over that it is", async () => {
    render(<OrderDialog onClose={() => {}} />);
    await screen.findAllByText("1.10140");
    fireEvent.click(screen.getByLabelText("Limit"));
    type(/^Expires/, "2026-01-05T11:00");
    press("Review order");
    expect(screen.getByRole("alert").textContent).toContain("That time has passed.");
    expect(screen.queryByRole("button", { name: /Place order/ })).toBeNull();
  });
});

describe("changing an order that waits", () => {
  it("sends nothing but what was changed", async () => {
    answers.set("/api/orders/501", placed("buy_limit"));
    render(<ChangeDialog order={WAITING} onClose={() => {}} />);
    await screen.findByDisplayValue("1.09500");
    press("Review change");
    expect(screen.getByText("Nothing is changed yet.")).toBeTruthy();
    type("Price", "1.096");
    type("Stop-loss price", "");
    press("Review change");
    expect(screen.getByText("1.09500 → 1.09600")).toBeTruthy();
    expect(screen.getByText("1.09000 → none")).toBeTruthy();
    press("Change order 501");
    await screen.findByText("Changed");
    expect(sent).toEqual([{ method: "PATCH", path: "/api/orders/501", body: { price: 1.096, sl: null } }]);
  });

  it("lets a price stay that the market has passed, and judges one that is new", async () => {
    showing({ orders: asColumns(WAITING), ticks: { symbol: ["EURUSD"], bid: [1.05], ask: [1.0501], time_msc: [1] } });
    render(<ChangeDialog order={WAITING} onClose={() => {}} />);
    await screen.findByDisplayValue("1.09500");
    expect(screen.queryByRole("alert")).toBeNull();
    type("Price", "1.096");
    expect(screen.getByRole("alert").textContent).toContain("must be below the ask");
  });

  it("takes the expiration away with an empty field", async () => {
    answers.set("/api/orders/501", placed("buy_limit"));
    render(<ChangeDialog order={WAITING} onClose={() => {}} />);
    await screen.findByDisplayValue("1.09500");
    type(/^Expires/, "");
    press("Review change");
    press("Change order 501");
    await screen.findByText("Changed");
    expect(sent.map((one) => one.body)).toEqual([{ expiration: null }]);
  });
});

describe("cancelling an order that waits", () => {
  it("names it in full, its comment as text, with the focus on the button that keeps it", async () => {
    render(<CancelDialog order={WAITING} onClose={() => {}} />);
    const dialog = screen.getByRole("dialog");
    for (const text of ["501", "Buy limit", "0.10", "EURUSD", WAITING.comment]) expect(screen.getByText(text)).toBeTruthy();
    expect(dialog.querySelector("img")).toBeNull();
    await waitFor(() => expect(document.activeElement?.textContent).toBe("Keep order"));
    expect(sent).toHaveLength(0);
  });

  it("explains that it was filled or is gone meanwhile", async () => {
    answers.set("/api/orders/501", refusal(404, "NOT_FOUND"));
    render(<CancelDialog order={WAITING} onClose={() => {}} />);
    showing({ orders: {} });
    expect(await screen.findByText(/not among the pending ones any more/)).toBeTruthy();
    press("Cancel order 501");
    expect(await screen.findByText(/executed, cancelled or rejected meanwhile, or has expired/)).toBeTruthy();
    expect(screen.getByRole("link", { name: "501" })).toBeTruthy();
  });

  it("says that an outcome is unknown where it is, and claims nothing more", async () => {
    answers.set("/api/orders/501", refusal(504, "OUTCOME_UNKNOWN"));
    render(<CancelDialog order={WAITING} onClose={() => {}} />);
    press("Cancel order 501");
    expect(await screen.findByText(/Do not send it again/)).toBeTruthy();
    expect(screen.queryByText(/meanwhile/)).toBeNull();
  });
});

describe("the list of orders that wait", () => {
  it("offers change and cancel to those who may trade, and to nobody else", async () => {
    answers.set("/api/traces", { status: 200, body: { traces: [] } });
    answers.set("/api/history/deals", { status: 200, body: { deals: [], summary: { total_deals: 0, net_profit: 0 } } });
    render(<Trading trade={() => {}} />);
    expect(screen.getByRole("button", { name: "Change order 501" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "Cancel order 501" })).toBeTruthy();
    session.set({ authenticated: true, name: "reader", scopes: ["read"], csrf: "token", reads: true });
    await waitFor(() => expect(screen.queryByRole("button", { name: "Change order 501" })).toBeNull());
    expect(screen.queryByRole("button", { name: "Cancel order 501" })).toBeNull();
  });
});
