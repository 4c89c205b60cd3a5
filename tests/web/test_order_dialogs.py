"""The dialogs for orders under hasty hands: second clicks, commas, wheels, half a date, changes from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.program import Program
from tests.web.browser import OpenPage, assert_accessible
from tests.web.test_waiting_orders import ask, cancel, fill_limit, place_limit, waiting

FULL_MINUTE_S = 60


def centre(locator: Locator) -> tuple[float, float]:
    """Where a pointer on it stands."""
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def change(program: Program, ticket: int, **terms: Any) -> None:
    """Change an order over HTTP, as somebody else does."""
    with program.client() as client:
        assert client.patch(f"/api/orders/{ticket}", json=terms).status_code == 200


def open_change(page: Page, ticket: int) -> Locator:
    """The dialog that changes an order."""
    page.get_by_role("button", name=f"Change order {ticket}").click()
    return page.get_by_role("dialog")


def test_a_second_click_or_enter_leaves_the_outcome(program: Program, open_page: OpenPage) -> None:
    """What was meant for the button that sends neither begins another order nor closes the dialog unread."""
    before = set(waiting(program))
    price = f"{ask(program) - 0.005:.5f}"
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        for send in ("click", "Enter"):
            dialog = fill_limit(page, price)
            dialog.get_by_role("button", name="Review order").click()
            button = dialog.get_by_role("button", name=re.compile("^Place order"))
            at = centre(button)
            button.press("Enter") if send == "Enter" else page.mouse.click(*at)
            another = dialog.get_by_role("button", name="Another order")
            another.wait_for()
            for spot in (at, centre(another), centre(dialog.get_by_role("button", name="Close").last)):
                page.mouse.click(*spot)
            page.keyboard.press("Enter")
            page.keyboard.press("Escape")
            expect(another).to_be_enabled()
            expect(dialog.get_by_text("Placed: it waits for its price")).to_be_visible()
            assert_accessible(page)
            another.click()
            expect(dialog.get_by_label("Market")).to_be_checked()
            page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
    made = set(waiting(program)) - before
    assert len(made) == len(("click", "Enter"))
    for ticket in made:
        cancel(program, ticket)


def test_a_comma_is_the_decimal_mark(program: Program, open_page: OpenPage) -> None:
    """`0,10` lots are a tenth of one, wheel and arrows change nothing, and what is no number is refused in words."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        dialog = fill_limit(page, "1,05")
        volume = dialog.get_by_label("Volume, lots")
        volume.click()
        page.keyboard.press("Control+a")
        page.keyboard.type("0,10")
        page.keyboard.press("ArrowUp")
        volume.hover()
        page.mouse.wheel(0, -300)
        expect(volume).to_have_value("0,10")
        dialog.get_by_role("button", name="Review order").click()
        expect(dialog.get_by_role("button", name="Place order: Buy limit 0.10 EURUSD at 1.05000")).to_be_visible()
        page.keyboard.press("Escape")
        volume.fill("1,000.5")
        dialog.get_by_role("button", name="Review order").click()
        expect(dialog.get_by_role("alert")).to_contain_text("Volume: “1,000.5” is no number")
        expect(volume).to_be_focused()


def test_a_change_from_elsewhere_is_seen_under_the_dialog(program: Program, open_page: OpenPage) -> None:
    """Untouched fields follow the order, and what was changed stands above them; nothing of it is changed back."""
    ticket = place_limit(program)
    price = round(waiting(program)[ticket]["price_open"] - 0.001, 5)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        dialog = open_change(page, ticket)
        dialog.get_by_label("Stop-loss price").fill(f"{price - 0.01:.5f}")
        change(program, ticket, price=price)
        expect(dialog.get_by_text(f"Changed elsewhere: price {price:.5f}")).to_be_visible()
        expect(dialog.get_by_label("Price", exact=True)).to_have_value(f"{price:.5f}")
        assert_accessible(page)
        dialog.get_by_role("button", name="Review change").click()
        dialog.get_by_role("button", name=f"Change order {ticket}").click()
        expect(dialog.get_by_text(f"none → {price - 0.01:.5f}")).to_be_visible()
        dialog.get_by_role("button", name="Close").last.click()
        assert waiting(program)[ticket]["price_open"] == price
        dialog = open_change(page, ticket)
        expect(dialog.get_by_label("Stop-loss price")).to_have_value(f"{price - 0.01:.5f}")
        dialog.get_by_label("Stop-loss price").fill("")
        dialog.get_by_role("button", name="Review change").click()
        dialog.get_by_role("button", name=f"Change order {ticket}").click()
        expect(dialog.get_by_text(f"{price - 0.01:.5f} → none")).to_be_visible()
    assert waiting(program)[ticket]["sl"] == 0
    cancel(program, ticket)


def test_half_a_date_is_never_taken_for_none(program: Program, open_page: OpenPage) -> None:
    """An expiration with seconds keeps them while it is edited; one of which a part is missing goes no further."""
    ticket = place_limit(program)
    with program.client() as client:
        now_s = int(client.get("/api/symbols/EURUSD/tick").json()["time_msc"]) // 1_000
    until = now_s // FULL_MINUTE_S * FULL_MINUTE_S + 86_400 + 7
    change(program, ticket, expiration=until)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        expect(page.get_by_role("columnheader", name="Expires, Broker time")).to_be_visible()
        dialog = open_change(page, ticket)
        expires = dialog.get_by_label("Expires")
        expect(expires).to_have_value(re.compile(":07$"))
        was = expires.input_value()
        expires.fill(f"{was[:-3]}:00")
        expect(expires).to_have_value(re.compile(r"T\d\d:\d\d(:00)?$"))
        expires.focus()
        page.keyboard.press("Backspace")
        expect(expires).to_have_value("")
        dialog.get_by_role("button", name="Review change").click()
        expect(dialog.get_by_role("alert")).to_contain_text("The date is not complete.")
        expect(expires).to_be_focused()
        assert_accessible(page)
        page.keyboard.press("Escape")
        fill_limit(page, f"{ask(program) - 0.005:.5f}")
        expires.focus()
        page.keyboard.type("01")
        dialog.get_by_role("button", name="Review order").click()
        expect(dialog.get_by_role("alert")).to_contain_text("The date is not complete.")
    cancel(program, ticket)
