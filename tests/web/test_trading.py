"""Trading from the page: by mouse and by keyboard, never without a log-in or a second yes, refusals explained."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support.program import Program
from tests.web.browser import OpenPage, assert_accessible


def open_tickets(program: Program) -> set[int]:
    """Tickets of the positions that are open."""
    with program.client() as client:
        return {position["ticket"] for position in client.get("/api/positions").json()}


NAME_OF_FOCUSED = """() => {
    const one = document.activeElement;
    if (one === document.body) return '';
    return one.getAttribute('aria-label') ?? one.closest('label')?.innerText ?? one.innerText ?? '';
}"""


def focus(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _ in range(80):
        if name in page.evaluate(NAME_OF_FOCUSED):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {name}")


def close_outcome(page: Page) -> None:
    """Close the dialog by keyboard, once its outcome has been there for long enough to take a key."""
    expect(page.get_by_role("dialog").get_by_role("button", name="Close").last).to_be_enabled()
    focus(page, "Close")
    page.keyboard.press("Enter")


def test_an_order_by_mouse(program: Program, open_page: OpenPage) -> None:
    """Log in, order, confirm, see it among the positions, close it, see it gone."""
    before = open_tickets(program)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        page.get_by_role("button", name="New order").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Symbol").select_option("GBPUSD")
        dialog.get_by_text("Sell").click()
        dialog.get_by_label("Volume").fill("0.03")
        assert_accessible(page)
        dialog.get_by_role("button", name="Review order").click()
        assert open_tickets(program) == before
        assert_accessible(page)
        dialog.get_by_role("button", name="Place order: Sell 0.03 GBPUSD").click()
        expect(dialog.get_by_text("Filled")).to_be_visible()
        dialog.get_by_role("button", name="Close").last.click()
        (ticket,) = open_tickets(program) - before
        page.get_by_role("button", name=f"Close position {ticket}").click()
        page.get_by_role("dialog").get_by_role("button", name=f"Close position {ticket}").click()
        expect(page.get_by_role("dialog").get_by_text("Filled")).to_be_visible()
        close_outcome(page)
        expect(page.get_by_role("button", name=f"Close position {ticket}")).to_have_count(0)
        assert open_tickets(program) == before
        assert seen.troubles == []


def test_an_order_by_keyboard_alone(program: Program, open_page: OpenPage) -> None:
    """From the log-in to the close without a mouse; Enter once too often sends nothing."""
    before = open_tickets(program)
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        focus(page, "Log in")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        focus(page, "API key")
        page.keyboard.type("test-key-of-the-operator-0123456789")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("n")
        expect(page.get_by_role("dialog", name="New order")).to_be_visible()
        focus(page, "Volume")
        page.keyboard.press("Control+a")
        page.keyboard.type("0.02")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="Confirm the order")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="New order")).to_be_visible()
        assert open_tickets(program) == before
        focus(page, "Review order")
        page.keyboard.press("Enter")
        focus(page, "Place order: Buy 0.02")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_text("Filled")).to_be_visible()
        close_outcome(page)
        expect(page.get_by_role("dialog")).to_have_count(0)
        (ticket,) = open_tickets(program) - before
        expect(page.get_by_role("button", name=f"Close position {ticket}")).to_be_visible()
        focus(page, f"Close position {ticket}")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
        focus(page, f"Close position {ticket}")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_text("Filled")).to_be_visible()
        assert open_tickets(program) == before
        assert [trouble for trouble in seen.troubles if "policy" in trouble or "script" in trouble] == []


def test_a_refusal_is_explained_with_its_numbers(program: Program, open_page: OpenPage) -> None:
    """What the broker said, what it means, what to do, and the way to its trace."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        page.keyboard.press("n")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Volume").fill("90")
        dialog.get_by_role("button", name="Review order").click()
        dialog.get_by_role("button", name=re.compile("^Place order")).click()
        expect(dialog.get_by_text("Refused: BROKER_REJECT")).to_be_visible()
        expect(dialog.get_by_text("retcode name")).to_be_visible()
        expect(dialog.get_by_text("NO_MONEY").first).to_be_visible()
        assert_accessible(page)
        dialog.get_by_role("link", name="See its trace").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("table", name="Waterfall").get_by_text("order_send", exact=True)).to_be_visible()


def test_who_is_not_logged_in_may_only_look(program: Program, open_page: OpenPage) -> None:
    """The form says what it takes, and nothing can be sent; a wrong key lets nobody in."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        page.keyboard.press("n")
        expect(page.get_by_role("button", name="Review order")).to_be_disabled()
        expect(page.get_by_text("Trading needs a log-in")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("API key").fill("no-key-of-anybody-here")
        page.get_by_role("dialog").get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("The log-in failed.")


def test_the_printed_link_logs_in_once(program: Program, open_page: OpenPage) -> None:
    """It opens the page with the right to trade, its code leaves the address, and a second use has no effect."""
    found = re.search(r"/(#code=\S+)", program.log.read_text(encoding="utf-8"))
    assert found is not None
    with open_page(program.url) as seen:
        page = seen.go(found[1])
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        assert "code" not in page.url
        assert page.evaluate("document.cookie") == ""
    with open_page(program.url) as seen:
        page = seen.go(found[1])
        expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_an_order_under_way_stays_until_its_outcome_is_seen(own: Program, open_page: OpenPage) -> None:
    """Neither Escape nor a click beside it nor going back closes it; then it says what came of it."""
    with open_page(own.url) as seen:
        page = seen.go()
        page.get_by_role("tab", name="Trading").click()
        seen.log_in()
        with own.client() as client:
            client.post("/api/simulator/faults", json={"fault": "hang", "seconds": 4, "function": "order_send"})
        page.keyboard.press("n")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Review order").click()
        dialog.get_by_role("button", name=re.compile("^Place order")).click()
        expect(dialog).to_have_attribute("aria-busy", "true")
        for button in dialog.get_by_role("button").all():
            expect(button).to_be_disabled()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.mouse.click(5, 400)
        page.evaluate("document.querySelector('dialog').close()")  # what a browser does at a second Escape
        page.go_back()
        expect(dialog.get_by_text("It is answered within 8 seconds")).to_be_visible()
        assert_accessible(page)
        expect(dialog).to_have_attribute("aria-busy", "false")
        expect(dialog.get_by_role("alert").or_(dialog.get_by_text("Filled"))).to_be_visible()
        dialog.get_by_role("button", name="Close").last.click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert [trouble for trouble in seen.troubles if trouble.startswith("script")] == []
