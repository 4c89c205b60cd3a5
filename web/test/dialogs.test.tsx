import { fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { session } from "../src/api";
import { Times } from "../src/format";
import { live } from "../src/live";
import { CancelDialog } from "../src/orders/cancel";
import { ChangeDialog } from "../src/orders/change";
import { instant, momentTrouble } from "../src/orders/moments";
import { OrderDialog } from "../src/orders/new";
import { parseNumber, stopTrouble, volumeTrouble } from "../src/orders/numbers";
import { priceTrouble } from "../src/orders/prices";
import { isPending, typeOf } from "../src/orders/vocabulary";
import { Trading } from "../src/tabs/trading";
import { answers, asColumns, EURUSD, placed, press, refusal, sent, setUp, showing, TICK, type, WAITING } from "./desk";
import { frame } from "./samples";

const READER = { authenticated: true, name: "reader", scopes: ["read"], csrf: "token", reads: true };
const button = (name: string | RegExp) => screen.getByRole("button", { name }) as HTMLButtonElement;
const field = (label: string | RegExp) => screen.getByLabelText(label) as HTMLInputElement;

/** A new limit order, filled in as far as it must be. */
async function limitOrder(): Promise<void> {
  render(<OrderDialog onClose={() => {}} />);
  await screen.findAllByText("1.10140");
  fireEvent.click(screen.getByLabelText("Limit"));
}

async function change(order = WAITING) {
  const shown = render(<ChangeDialog order={order} onClose={() => {}} />);
  await screen.findByDisplayValue("1.09500");
  return shown;
}

beforeEach(setUp);
afterEach(() => vi.unstubAllEnvs());

describe("an outcome", () => {
  it("takes no click at first, has the focus itself, and the next order begins empty", async () => {
    answers.set("/api/orders/pending", placed("buy_limit"));
    await limitOrder();
    type("Comment", "mine");
    press("Review order");
    press(/^Place order/);
    await screen.findByText("Placed: it waits for its price");
    expect(button("Another order").disabled).toBe(true);
    expect(document.activeElement?.textContent).toContain("Placed: it waits");
    button("Another order").click();
    expect(screen.getByText("Placed: it waits for its price")).toBeTruthy();
    await waitFor(() => expect(button("Another order").disabled).toBe(false));
    press("Another order");
    expect(field("Comment").value).toBe("");
    expect(field("Market").checked).toBe(true);
    expect(field("Symbol").value).toBe("EURUSD");
  });

  it("that is not known offers no other order, and speaks to people", async () => {
    const details = { reason: "no answer in 8 s", ask: "/api/orders/X", trace_id: "" };
    answers.set("/api/orders/pending", { status: 504, body: { detail: { error: { code: "OUTCOME_UNKNOWN", message: "ask /api/orders/X", details } } } });
    await limitOrder();
    press("Review order");
    press(/^Place order/);
    await screen.findByText("It is not known what came of it: no answer in 8 s.");
    expect(screen.queryByText(/api\/orders/)).toBeNull();
    await waitFor(() => expect((screen.getByText("Close") as HTMLButtonElement).disabled).toBe(false));
    expect(screen.queryByRole("button", { name: "Another order" })).toBeNull();
  });

  it("of a cancel that is not known leads to the order's row", async () => {
    answers.set("/api/orders/501", refusal(504, "OUTCOME_UNKNOWN"));
    render(<CancelDialog order={WAITING} onClose={() => {}} />);
    press("Cancel order 501");
    expect(await screen.findByText(/Its row among the pending orders/)).toBeTruthy();
  });

  it("of a log-in that ended is said in the page's words", async () => {
    answers.set("/api/orders/501", refusal(401, "UNAUTHORIZED"));
    render(<CancelDialog order={WAITING} onClose={() => {}} />);
    press("Cancel order 501");
    expect(await screen.findByText(/The log-in is over, so nothing was sent/)).toBeTruthy();
  });
});

describe("numbers as typed", () => {
  it.each([
    ["0,10", 0.1],
    [" 1.25 ", 1.25],
    [".5", 0.5],
    ["-5", -5],
    ["1,234.5", null],
    ["1.1.1", null],
    ["1 095", null],
    ["1e3", null],
    ["", null],
    ["9".repeat(400), null],
  ])("%s is %s", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it("are refused in words that name the field and the limit", () => {
    expect(volumeTrouble("0,10", EURUSD)).toBeNull();
    expect(volumeTrouble("1,234.5", EURUSD)).toBe("Volume: “1,234.5” is no number. Write it as 1.25 or 1,25.");
    expect(volumeTrouble("0.001", EURUSD)).toContain("0.01 lots or more");
    expect(volumeTrouble("101", EURUSD)).toContain("100 lots at most");
    expect(volumeTrouble("0.015", EURUSD)).toBe("Volume: it moves in steps of 0.01; the nearest are 0.01 and 0.02.");
    expect(volumeTrouble("", EURUSD)).toBe("Give the volume in lots.");
    expect(stopTrouble("Stop-loss price", "", EURUSD)).toBeNull();
    expect(stopTrouble("Stop-loss price", "-1", EURUSD)).toBe("Stop-loss price: it must be above zero.");
    expect(priceTrouble(typeOf("buy_limit"), "0", TICK, EURUSD)).toBe("Price: it must be above zero.");
  });

  it("with a comma are what is confirmed and sent", async () => {
    answers.set("/api/orders/pending", placed("buy_limit"));
    await limitOrder();
    for (const label of ["Price", "Volume, lots", "Stop-loss price", "Take-profit price"]) expect(field(label).type).toBe("text");
    type("Price", "1,095");
    type("Volume, lots", "0,20");
    type("Stop-loss price", "1,09");
    press("Review order");
    press("Place order: Buy limit 0.20 EURUSD at 1.09500");
    await screen.findByText("Placed: it waits for its price");
    expect(sent[0]?.body).toMatchObject({ volume: 0.2, price: 1.095, sl: 1.09, tp: null });
  });

  it("that are none go no further, and the first has the focus", async () => {
    await limitOrder();
    type("Volume, lots", "0,1,0");
    type("Stop-loss price", "x");
    press("Review order");
    expect(document.activeElement).toBe(field("Volume, lots"));
    expect(screen.getAllByRole("alert")).toHaveLength(2);
  });
});

describe("the confirmation", () => {
  it("stays with the symbol that was reviewed, whatever the frames show", async () => {
    answers.set("/api/order", placed("market"));
    render(<OrderDialog onClose={() => {}} />);
    await screen.findAllByText("1.10140");
    press("Review order");
    showing({ ticks: { symbol: ["GBPUSD", "EURUSD"], bid: [1.3, 1.1], ask: [1.4, 1.2], time_msc: [1, 1] } });
    await screen.findByText("at the market, about 1.20000");
    live.set({ state: "live", frame: null, received_ms: 0 });
    await screen.findByText("at the market, about –");
    press("Place order: Buy 0.10 EURUSD");
    await waitFor(() => expect(sent.map((one) => one.body)).toMatchObject([{ canonical: "EURUSD" }]));
  });

  it("sends nothing once the log-in is over, and says so", async () => {
    await limitOrder();
    press("Review order");
    session.set(READER);
    expect(await screen.findByText(/Trading needs a log-in/)).toBeTruthy();
    button(/^Place order/).click();
    expect(sent).toHaveLength(0);
  });

  it("warns where the expiration passes while it is read, and says the moment on two clocks", async () => {
    await limitOrder();
    type(/^Expires/, "2026-01-05T12:01");
    press("Review order");
    expect(screen.getByText("2026-01-05 12:01:00 Broker time (2026-01-05 10:01:00 UTC)")).toBeTruthy();
    showing({ at_ms: Date.UTC(2026, 0, 5, 10, 2) });
    await waitFor(() => expect(screen.getByRole("alert").textContent).toBe("That time has passed."));
  });

  it("leads back to the form by Escape, and a key held down counts for nothing", async () => {
    await limitOrder();
    press("Review order");
    const dialog = screen.getByRole("dialog");
    fireEvent.keyDown(dialog, { key: "Escape", repeat: true });
    expect(screen.getByRole("dialog", { name: "Confirm the order" })).toBeTruthy();
    expect(fireEvent.keyDown(dialog, { key: "Enter", repeat: true })).toBe(false);
    fireEvent.keyDown(dialog, { key: "Escape" });
    expect(await screen.findByRole("dialog", { name: "New order" })).toBeTruthy();
  });
});

describe("another symbol", () => {
  it("takes price and stops with it", async () => {
    answers.set("/api/symbols", { status: 200, body: [EURUSD, { ...EURUSD, broker_symbol: "GBPUSD", canonical: "GBPUSD" }] });
    showing({ ticks: { symbol: ["EURUSD", "GBPUSD"], bid: [1.1013, 1.3], ask: [1.1014, 1.4], time_msc: [1, 1] } });
    await limitOrder();
    type("Stop-loss price", "1.09");
    fireEvent.change(field("Symbol"), { target: { value: "GBPUSD" } });
    expect(field("Price").value).toMatch(/^1\.39/);
    expect(field("Stop-loss price").value).toBe("");
  });
});

describe("an order that changes while it is looked at", () => {
  it("is shown as it is: untouched fields follow, touched ones are held against it", async () => {
    await change();
    type("Stop-loss price", "1.08");
    showing({ orders: asColumns({ ...WAITING, price_open: 1.0928, sl: 1.08 }) });
    expect(await screen.findByText("Changed elsewhere: price 1.09280, stop-loss 1.08000.")).toBeTruthy();
    expect(field("Price").value).toBe("1.09280");
    press("Review change");
    expect(screen.getByText("Nothing is changed yet.")).toBeTruthy();
  });

  it("is named as it is where it is cancelled", async () => {
    render(<CancelDialog order={WAITING} onClose={() => {}} />);
    showing({ orders: asColumns({ ...WAITING, volume_current: 0.05, price_open: 1.0928 }) });
    expect(await screen.findByText("0.05")).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toContain("price 1.0928");
  });

  it("by this page opens anew as it was changed, and a stop just set can be removed", async () => {
    answers.set("/api/orders/501", placed("buy_limit"));
    const { unmount } = await change();
    type("Take-profit price", "1.2");
    press("Review change");
    press("Change order 501");
    await screen.findByText("Changed");
    expect(screen.getByText("none → 1.20000")).toBeTruthy();
    unmount();
    await change();
    expect(field("Take-profit price").value).toBe("1.20000");
    type("Take-profit price", "");
    press("Review change");
    press("Change order 501");
    await screen.findByText("1.20000 → none");
    expect(sent.map((one) => one.body)).toEqual([{ tp: 1.2 }, { tp: null }]);
  });
});

describe("an expiration", () => {
  it("with seconds keeps its seconds while it is edited", async () => {
    const order = { ...WAITING, time_expiration: WAITING.time_expiration + 7 };
    showing({ orders: asColumns(order) });
    await change(order);
    type(/^Expires/, "2026-01-06T18:30");
    expect(field(/^Expires/).step).toBe("1");
    expect(field(/^Expires/).value).toBe("2026-01-06T18:30");
  });

  it("that is not complete is no “never”", async () => {
    await change();
    Object.defineProperty(field(/^Expires/), "validity", { value: { badInput: true } });
    type(/^Expires/, "");
    press("Review change");
    expect(screen.getByRole("alert").textContent).toContain("The date is not complete.");
    expect(document.activeElement).toBe(field(/^Expires/));
  });

  it("that the local clock leaves out is refused, as is one far away", () => {
    vi.stubEnv("TZ", "Europe/Athens");
    const times = new Times("local", 7_200);
    expect(momentTrouble("2027-03-28T03:30", times, 0)).toContain("does not show this time");
    expect(momentTrouble("2027-03-28T04:30", times, 0)).toBeNull();
    expect(momentTrouble("2100-01-01T00:00", times, 0)).toContain("2099");
    expect(instant(Date.UTC(2027, 6, 1, 9), times)).toBe("2027-07-01 12:00:00 Local time (2027-07-01 11:00:00 Broker time)");
  });

  it("is on no broker's clock while that is not known", async () => {
    showing({ orders: asColumns(WAITING), about: { ...frame().about, utc_offset_s: null } });
    await change();
    expect(field("Expires, UTC").value).toBe("2026-01-06T16:00");
  });
});

describe("the tables", () => {
  it("name the clock of expirations, and let nobody close who may only read", async () => {
    answers.set("/api/traces", { status: 200, body: { traces: [] } });
    answers.set("/api/history/deals", { status: 200, body: { deals: [], summary: { total_deals: 0, net_profit: 0 } } });
    render(<Trading trade={() => {}} />);
    expect(screen.getByText("Expires, Broker time")).toBeTruthy();
    expect(button("Close position 77")).toBeTruthy();
    session.set(READER);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Close position 77" })).toBeNull());
  });

  it("take a “close by” for no order that waits", () => {
    expect([1, 2, 7, 8].map(isPending)).toEqual([false, true, true, false]);
  });
});
