import { fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { call, loggedOut, logOut, readSession, session } from "../src/api";
import { live } from "../src/live";
import { CloseDialog } from "../src/orders/close";
import { Refusal } from "../src/orders/outcome";
import { OrderDialog } from "../src/orders/new";
import { Refused } from "../src/api";
import { Foreign, Shown } from "../src/parts";
import { type Column, Table } from "../src/table";
import { Overview } from "../src/tabs/overview";
import { titleOf, troubleOf } from "../src/trouble";
import type { Live } from "../src/live";
import { tree, Waterfall } from "../src/waterfall";
import type { PositionRow } from "../src/types";
import { rows } from "../src/live";
import { frame, span, trace } from "./samples";

function showing(parts: Parameters<typeof frame>[0] = {}, state: Live["state"] = "live"): void {
  live.set({ state, frame: frame(parts), received_ms: Date.now() });
}

const answers = new Map<string, { status: number; body: unknown }>();
const asked: { method: string; path: string; body: unknown; csrf: string | undefined }[] = [];

beforeEach(() => {
  answers.clear();
  asked.length = 0;
  session.set({ authenticated: true, name: "operator", scopes: ["read", "trade"], csrf: "token", reads: true });
  vi.stubGlobal("fetch", async (url: string, options: RequestInit) => {
    const path = url.replace(/^\./, "").split("?")[0] ?? "";
    const headers = options.headers as Record<string, string>;
    asked.push({ method: options.method ?? "", path, body: options.body, csrf: headers["X-CSRF-Token"] });
    const { status, body } = answers.get(path) ?? { status: 200, body: [] };
    return new Response(JSON.stringify(body), { status });
  });
});

describe("Table", () => {
  interface Row {
    id: number;
    profit: number;
  }
  const columns: Column<Row>[] = [
    { name: "id", label: "Ticket", show: (row) => row.id, by: (row) => row.id },
    { name: "profit", label: "Profit", number: true, show: (row) => row.profit, by: (row) => row.profit },
  ];
  const found: Row[] = [
    { id: 1, profit: 5 },
    { id: 2, profit: -7 },
    { id: 3, profit: 11 },
  ];
  const order = () => screen.getAllByRole("row").slice(1).map((row) => within(row).getAllByRole("cell")[0]?.textContent);

  it("sorts by number when its head is pressed, and says so", () => {
    render(<Table caption="Positions" columns={columns} rows={found} id={(row) => row.id} empty="none" />);
    fireEvent.click(screen.getByRole("button", { name: "Profit" }));
    expect(order()).toEqual(["3", "1", "2"]);
    expect(screen.getByRole("columnheader", { name: "Profit" }).getAttribute("aria-sort")).toBe("descending");
    fireEvent.click(screen.getByRole("button", { name: "Profit" }));
    expect(order()).toEqual(["2", "1", "3"]);
  });

  it("says what is not there instead of showing an empty table", () => {
    render(<Table caption="Positions" columns={columns} rows={[]} id={(row) => row.id} empty="No position is open." />);
    expect(screen.queryByRole("table")).toBeNull();
    expect(screen.getByText("No position is open.")).toBeTruthy();
  });
});

describe("Foreign", () => {
  it("shows markup as text and isolates its direction", () => {
    const hostile = '<img src=x onerror="alert(1)">\u202Egnirts';
    const { container } = render(<Foreign text={hostile} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.querySelector("bdi")?.textContent).toBe(hostile);
  });
});

describe("Overview", () => {
  it("gives reason and next step where a layer is down", () => {
    const connection = { ...frame().connection, broker: false, account: false, trading: false, connected: false };
    showing({ connection: { ...connection, reason: "the terminal has lost its broker", next_step: "look at the corner" } });
    render(<Overview />);
    expect(screen.getAllByText("down")).toHaveLength(3);
    expect(screen.getByText(/look at the corner/)).toBeTruthy();
  });

  it("shows every alert with its severity in words", () => {
    const alert = { severity: "critical" as const, category: "system", message: "MT5 disconnected: broker down", timestamp: "2026-01-05T09:59:00Z" };
    showing({ status: { ...frame().status, status: "degraded", issues: ["MT5 disconnected"], alerts: [alert] } });
    render(<Overview />);
    expect(screen.getByText("Critical")).toBeTruthy();
    expect(screen.getByText(/broker down/)).toBeTruthy();
  });

  it("shows no invented zero while no account is known", () => {
    const nothing = Object.fromEntries(Object.keys(frame().account).map((name) => [name, null]));
    showing({ account: nothing as never });
    render(<Overview />);
    const balance = screen.getAllByText("Balance")[0]?.parentElement as HTMLElement;
    expect(within(balance).getByText("–")).toBeTruthy();
  });
});

describe("Shown", () => {
  it("keeps what was read under a failure, and says that it is not fresh", () => {
    render(<Shown of={{ value: "1,234", error: new Refused(503, "MT5_UNAVAILABLE", "the terminal is away"), loading: false }}>{(value) => <b>{value}</b>}</Shown>);
    expect(screen.getByText("1,234")).toBeTruthy();
    expect(screen.getByText(/the terminal is away/)).toBeTruthy();
  });
});

describe("a log-in that is over", () => {
  it("is noticed where the API says so, and is no log-out that was asked for", async () => {
    answers.set("/api/session", { status: 200, body: { authenticated: false, reads: true } });
    await logOut();
    expect(loggedOut.get()).toBe(false);
    session.set({ authenticated: true, name: "operator", scopes: ["read"], csrf: "token", reads: true });
    answers.set("/api/account", { status: 401, body: { detail: { error: { code: "UNAUTHORIZED", message: "no", details: {} } } } });
    await expect(call("GET", "/api/account")).rejects.toThrow("no");
    await waitFor(() => expect(session.get().authenticated).toBe(false));
    expect(loggedOut.get()).toBe(true);
    loggedOut.set(false);
  });

  it("is not concluded from an API that does not answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("gone")));
    expect(await readSession()).toBeNull();
    expect(session.get().authenticated).toBe(true);
  });
});

describe("title and icon", () => {
  const now = (parts: Parameters<typeof frame>[0], state: Live["state"] = "live"): Live => ({ state, frame: frame(parts), received_ms: 0 });

  it("show trouble by its kind", () => {
    expect(troubleOf(now({}))).toBe("none");
    expect(titleOf(now({}))).toBe("mt5-otel · SIMULATED");
    expect(troubleOf(now({}, "reconnecting"))).toBe("away");
    const away = { ...frame().connection, connected: false };
    expect(troubleOf(now({ connection: away }))).toBe("bad");
    expect(titleOf(now({ connection: away }))).toContain("✕");
  });
});

describe("OrderDialog", () => {
  it("sends nothing before the second yes, and then once, with the token", async () => {
    showing();
    answers.set("/api/order", { status: 200, body: { order: 11, position: 31, deal: 21, outcome: "filled", symbol: "EURUSD", side: "buy", volume: 0.1, price: 1.1014, order_id: "X", trace_id: "" } });
    render(<OrderDialog onClose={() => {}} />);
    fireEvent.click(screen.getByRole("button", { name: "Review order" }));
    expect(asked.filter((one) => one.method === "POST")).toHaveLength(0);
    const send = screen.getByRole("button", { name: /Place order: Buy 0.10 EURUSD/ });
    fireEvent.click(send);
    fireEvent.click(send);
    await screen.findByText("Filled");
    const sent = asked.filter((one) => one.method === "POST");
    expect(sent).toHaveLength(1);
    expect(sent[0]?.csrf).toBe("token");
    expect(JSON.parse(String(sent[0]?.body))).toEqual({ canonical: "EURUSD", side: "buy", volume: 0.1, sl: null, tp: null, comment: "" });
  });

  it("stays open while its order is under way, whatever is pressed, and then shows the outcome", async () => {
    showing();
    let answer: (response: Response) => void = () => {};
    const closed = vi.fn();
    render(<OrderDialog onClose={closed} />);
    fireEvent.click(screen.getByRole("button", { name: "Review order" }));
    vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
    fireEvent.click(screen.getByRole("button", { name: /Place order/ }));
    const dialog = screen.getByRole("dialog") as HTMLDialogElement;
    await waitFor(() => expect(dialog.getAttribute("aria-busy")).toBe("true"));
    expect(fireEvent.keyDown(dialog, { key: "Escape" })).toBe(false);
    expect(fireEvent(dialog, new Event("cancel", { cancelable: true }))).toBe(false);
    dialog.open = false; // as a browser does that asks only once
    fireEvent(dialog, new Event("close"));
    expect(dialog.open).toBe(true);
    for (const button of screen.getAllByRole("button")) expect((button as HTMLButtonElement).disabled).toBe(true);
    expect(fireEvent(window, new Event("beforeunload", { cancelable: true }))).toBe(false);
    expect(closed).not.toHaveBeenCalled();
    answer(new Response(JSON.stringify({ detail: { error: { code: "BROKER_REJECT", message: "no", details: {} } } }), { status: 409 }));
    await screen.findByText("Refused: BROKER_REJECT");
    expect(fireEvent(window, new Event("beforeunload", { cancelable: true }))).toBe(true);
    fireEvent.click(screen.getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
    expect(closed).toHaveBeenCalledOnce();
  });

  it("lets nobody order who may only look", () => {
    session.set({ authenticated: false, name: "", scopes: [], csrf: "", reads: true });
    showing();
    render(<OrderDialog onClose={() => {}} />);
    expect((screen.getByRole("button", { name: "Review order" }) as HTMLButtonElement).disabled).toBe(true);
    expect(screen.getByText(/needs a log-in/)).toBeTruthy();
  });

  it("says whose money it is", () => {
    showing({ about: { ...frame().about, mode: "real" } });
    render(<OrderDialog onClose={() => {}} />);
    expect(screen.getByText("REAL MONEY")).toBeTruthy();
  });
});

describe("CloseDialog", () => {
  it("puts the focus on the button that sends nothing", async () => {
    showing();
    const [position] = rows<PositionRow>(frame().positions);
    render(<CloseDialog position={position as PositionRow} onClose={() => {}} />);
    await waitFor(() => expect(document.activeElement?.textContent).toBe("Cancel"));
  });
});

describe("Refusal", () => {
  it("explains a refusal with its numbers", () => {
    const details = { retcode: 10016, next_step: "x", minimum: 0.01, yours: 0.001, trace_id: "" };
    render(<Refusal refused={new Refused(400, "VOLUME_TOO_SMALL", "0.001 lots is below 0.01.", details)} />);
    expect(screen.getByText("Refused: VOLUME_TOO_SMALL")).toBeTruthy();
    expect(screen.getByText("0.001 lots is below 0.01.")).toBeTruthy();
    expect(screen.getByText("minimum")).toBeTruthy();
  });

  it("says of an unknown outcome that it must not be sent again", () => {
    render(<Refusal refused={new Refused(504, "OUTCOME_UNKNOWN", "It is not known.", { ask: "/api/orders/X" })} />);
    expect(screen.getByText(/Do not send it again/)).toBeTruthy();
  });
});

describe("waterfall", () => {
  const spans = [
    span({ span_id: "c", parent_span_id: "b", name: "order_send", start_ns: 5_000_000, end_ns: 15_000_000, status: "error", status_message: "no money" }),
    span({ span_id: "a" }),
    span({ span_id: "b", parent_span_id: "a", name: "place_order", start_ns: 2_000_000, end_ns: 20_000_000 }),
    span({ span_id: "z", parent_span_id: "gone", name: "late", start_ns: 30_000_000, end_ns: 31_000_000 }),
  ];

  it("stands every span under its parent, and one without at the top", () => {
    expect(tree(spans).map(({ span: { name }, depth }) => [name, depth])).toEqual([
      ["POST /api/order", 0],
      ["place_order", 1],
      ["order_send", 2],
      ["late", 0],
    ]);
  });

  it("opens a span to its attributes and its error", () => {
    render(<Waterfall trace={trace(spans)} jaeger="http://jaeger:16686" />);
    fireEvent.click(screen.getByRole("button", { name: "Details of order_send" }));
    expect(screen.getByText("no money")).toBeTruthy();
    const link = screen.getByRole("link", { name: /Jaeger/ }) as HTMLAnchorElement;
    expect(link.href).toBe("http://jaeger:16686/trace/4bf92f3577b34da6a3ce929d0e0e4736");
  });
});
