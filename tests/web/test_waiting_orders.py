"""Orders that wait for their price, from the page: placed, changed, cancelled; refused with the reason."""

from __future__ import annotations

import re
from typing import Any

import httpx2
from playwright.sync_api import Locator, Page, expect

from app.access.key_book import KeyBook
from app.access.records import KeyLimits, Scope
from app.domain.clock import SystemClock
from tests.support.program import Program
from tests.web.browser import OpenPage, assert_accessible
from tests.web.test_trading import close_outcome, focus

CANCELLED = 2
"""MetaTrader's ORDER_STATE_CANCELED."""
NARROW = {"width": 360, "height": 800}
BESIDE = """() => [...document.querySelectorAll('dialog *')]
    .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.outerHTML.slice(0, 80))"""


def waiting(program: Program) -> dict[int, dict[str, Any]]:
    """The broker's pending orders by ticket."""
    with program.client() as client:
        return {order["ticket"]: order for order in client.get("/api/orders").json()}


def ask(program: Program) -> float:
    """What EURUSD costs now."""
    with program.client() as client:
        return float(client.get("/api/symbols/EURUSD/tick").json()["ask"])


def place_limit(program: Program, away: float = 0.005) -> int:
    """A buy limit so far below the market, placed over HTTP."""
    body = {"canonical": "EURUSD", "order_type": "buy_limit", "volume": 0.1, "price": round(ask(program) - away, 5)}
    with program.client() as client:
        return int(client.post("/api/orders/pending", json=body).json()["order"])


def cancel(program: Program, ticket: int) -> httpx2.Response:
    """Take an order back over HTTP."""
    with program.client() as client:
        return client.delete(f"/api/orders/{ticket}")


def spans_of(program: Program, ticket: int) -> list[set[str]]:
    """Names of the spans of every trace about an order, oldest first; deals and positions may have its number too."""
    with program.client() as client:
        traces = client.get(f"/api/traces?ticket={ticket}").json()["traces"]
        found = [
            client.get(f"/api/traces/{trace['trace_id']}").json()["spans"]
            for trace in reversed(traces)
            if trace["order"] == ticket
        ]
    return [{span["name"] for span in spans} for spans in found]


def fill_limit(page: Page, price: str) -> Locator:
    """The order dialog with a buy limit in it."""
    page.get_by_role("button", name="New order").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Limit").check()
    dialog.get_by_label("Price", exact=True).fill(price)
    return dialog


def test_a_buy_limit_is_placed_changed_and_cancelled(program: Program, open_page: OpenPage) -> None:
    """Each step is said twice, then stands in the broker's books and in the list, and is a trace of its own."""
    before = set(waiting(program))
    price = round(ask(program) - 0.005, 5)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        dialog = fill_limit(page, f"{price:.5f}")
        expect(dialog.get_by_text("A buy limit must be below the ask")).to_be_visible()
        assert_accessible(page)
        dialog.get_by_role("button", name="Review order").click()
        assert set(waiting(program)) == before
        dialog.get_by_role("button", name=f"Place order: Buy limit 0.10 EURUSD at {price:.5f}").click()
        expect(dialog.get_by_text("Placed: it waits for its price")).to_be_visible()
        dialog.get_by_role("button", name="Close").last.click()
        (ticket,) = set(waiting(program)) - before
        assert waiting(program)[ticket]["price_open"] == price
        row = page.get_by_role("table", name="Pending orders").get_by_role("row").filter(has_text=str(ticket))
        expect(row).to_contain_text(f"{price:.5f}")
        change_price(page, ticket, f"{price - 0.001:.5f}")
        assert waiting(program)[ticket]["price_open"] == round(price - 0.001, 5)
        expect(row).to_contain_text(f"{price - 0.001:.5f}")
        page.get_by_role("button", name=f"Cancel order {ticket}").click()
        expect(dialog).to_contain_text("Buy limit")
        assert_accessible(page)
        dialog.get_by_role("button", name=f"Cancel order {ticket}").click()
        expect(dialog.locator(".result").get_by_text("Cancelled")).to_be_visible()
        assert ticket not in waiting(program)
        expect(row).to_have_count(0)
        dialog.get_by_role("link", name="See its trace").click()
        waterfall = page.get_by_role("table", name="Waterfall")
        expect(waterfall.get_by_text("cancel_pending_order", exact=True)).to_be_visible()
        assert seen.troubles == []
    with program.client() as client:
        past = {order["ticket"]: order for order in client.get("/api/history/orders?limit=20").json()["orders"]}
    assert past[ticket]["state"] == CANCELLED
    acts = ("place_pending_order", "modify_pending_order", "cancel_pending_order")
    assert [act in names for act, names in zip(acts, spans_of(program, ticket), strict=True)] == [True] * 3


def change_price(page: Page, ticket: int, price: str) -> None:
    """Change the price of an order that waits, and nothing else of it."""
    page.get_by_role("button", name=f"Change order {ticket}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Price", exact=True)).to_be_focused()
    dialog.get_by_label("Price", exact=True).fill(price)
    assert_accessible(page)
    dialog.get_by_role("button", name="Review change").click()
    expect(dialog.get_by_text(re.compile(f"→ {price}$"))).to_be_visible()
    dialog.get_by_role("button", name=f"Change order {ticket}").click()
    expect(dialog.get_by_text("Changed")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()


def test_a_wrong_price_goes_nowhere(program: Program, open_page: OpenPage) -> None:
    """The form says on which side of the market the price must lie, and sends nothing until it does."""
    before = waiting(program)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        dialog = fill_limit(page, "9")
        expect(dialog.get_by_role("alert")).to_contain_text("A buy limit must be below the ask")
        dialog.get_by_role("button", name="Review order").click()
        expect(dialog.get_by_label("Price", exact=True)).to_be_focused()
        expect(dialog.get_by_role("button", name=re.compile("^Place order"))).to_have_count(0)
        assert_accessible(page)
        dialog.get_by_label("Stop", exact=True).check()
        expect(dialog.get_by_role("alert")).to_have_count(0)
        assert waiting(program) == before


def test_a_price_that_the_broker_refuses_is_explained(program: Program, open_page: OpenPage) -> None:
    """Where the market has passed the price meanwhile, the answer names the reason, the numbers and the trace."""
    before = waiting(program)

    with open_page(program.url) as seen:
        page = seen.page
        # What was on its side at the review is not any more when it comes to the broker.
        page.route(
            "**/api/orders/pending", lambda route: route.continue_(post_data=passed(route.request.post_data_json))
        )
        page = seen.go("?tab=trading")
        seen.log_in()
        dialog = fill_limit(page, "1.00000")
        dialog.get_by_role("button", name="Review order").click()
        dialog.get_by_role("button", name=re.compile("^Place order")).click()
        expect(dialog.get_by_text("Refused: BROKER_REJECT")).to_be_visible()
        expect(dialog.get_by_role("alert")).to_contain_text("a buy limit and a sell stop stand below the market")
        expect(dialog.get_by_text("INVALID_PRICE", exact=True)).to_be_visible()
        dialog.get_by_role("link", name="See its trace").click()
        waterfall = page.get_by_role("table", name="Waterfall")
        expect(waterfall.get_by_text("place_pending_order", exact=True)).to_be_visible()
    assert waiting(program) == before


def passed(body: dict[str, Any]) -> dict[str, Any]:
    """The same order at a price that the market has passed."""
    return {**body, "price": 9.0}


def test_an_order_that_is_gone_meanwhile_is_explained(program: Program, open_page: OpenPage) -> None:
    """Cancelled elsewhere under an open dialog: it says so, that nothing was changed, and where to look."""
    ticket = place_limit(program)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        page.get_by_role("button", name=f"Cancel order {ticket}").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Keep order")).to_be_focused()
        assert cancel(program, ticket).status_code == 200
        expect(dialog.get_by_text("not among the pending ones any more")).to_be_visible()
        dialog.get_by_role("button", name=f"Cancel order {ticket}").click()
        expect(dialog.get_by_text("so nothing was changed")).to_be_visible()
        assert_accessible(page)
        dialog.get_by_role("link", name=str(ticket)).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("table", name="Orders as traces").get_by_role("row")).not_to_have_count(0)


def test_who_may_only_look_sees_no_buttons(program: Program, open_page: OpenPage) -> None:
    """Neither without a log-in nor with a key that lacks the scope `trade`; with it they are there."""
    ticket = place_limit(program)
    made = KeyBook(program.folder, clock=SystemClock()).create("looker", [Scope.READ], KeyLimits())
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        row = page.get_by_role("table", name="Pending orders").get_by_role("row").filter(has_text=str(ticket))
        expect(row).to_be_visible()
        expect(row.get_by_role("button")).to_have_count(0)
        while httpx2.get(f"{program.url}/api/session", headers={"X-API-Key": made.text}, trust_env=False).is_error:
            page.wait_for_timeout(100)  # a key is noticed within a second
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("API key").fill(made.text)
        page.get_by_role("dialog").get_by_role("button", name="Log in").click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        expect(row.get_by_role("button")).to_have_count(0)
        page.get_by_role("button", name="Log out").click()
        seen.log_in()
        expect(row.get_by_role("button")).to_have_count(2)
    cancel(program, ticket)


def test_an_order_that_waits_by_keyboard_on_a_narrow_screen(program: Program, open_page: OpenPage) -> None:
    """At 360 pixels every step is done without a mouse, and nothing of it has to be scrolled to sideways."""
    before = set(waiting(program))
    with open_page(program.url) as seen:
        page = seen.page
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        seen.go("?tab=trading")
        seen.log_in()
        page.keyboard.press("n")
        focus(page, "Market")
        page.keyboard.press("ArrowRight")
        focus(page, "Price")
        assert_fits(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile("^Place order: Buy limit"))).to_be_visible()
        focus(page, "Place order: Buy limit 0.10")
        assert_fits(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_text("Placed: it waits")).to_be_visible()
        close_outcome(page)
        expect(page.get_by_role("dialog")).to_have_count(0)
        (ticket,) = set(waiting(program)) - before
        button = page.get_by_role("button", name=f"Cancel order {ticket}")
        expect(button).to_be_visible()
        box = button.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= NARROW["width"]
        focus(page, f"Cancel order {ticket}")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_role("button", name="Keep order")).to_be_focused()
        focus(page, f"Cancel order {ticket}")
        assert_fits(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").locator(".result").get_by_text("Cancelled")).to_be_visible()
    assert set(waiting(program)) == before


def assert_fits(page: Page) -> None:
    """Nothing of the open dialog lies beside the screen, and axe has no objection."""
    assert page.evaluate(BESIDE) == []
    assert_accessible(page)
