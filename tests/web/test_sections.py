"""Every section, in both themes, on a desk and on a phone: complete, accessible, quiet, and all of it from here."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.support.program import Program, order
from tests.web.browser import OpenPage, assert_accessible

SECTIONS = {
    "overview": ("Connection", "Active alerts", "Trends"),
    "trading": ("Open positions", "Pending orders", "Prices", "Orders over time", "Deals"),
    "traces": ("Orders as traces",),
    "performance": ("By route", "Errors of the last 24 hours"),
    "security": ("Security events", "API keys"),
    "system": ("Storage", "Workers", "Telemetry pipeline", "Simulator faults"),
}
CUT_COLUMNS = """() => [...document.querySelectorAll('.scroll')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.getAttribute('aria-label'))"""
FIRST_LOAD_BYTES_MAX = 80_000
STICKING_OUT = """() => [...document.querySelectorAll('body *')]
    .filter((one) => !one.closest('.scroll, .tabs, .hidden') && one.getBoundingClientRect().right > screen.width + 1)
    .map((one) => `${one.tagName} ${one.className}`)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_whole(program: Program, open_page: OpenPage, section: str, size: str, theme: str) -> None:
    """It shows what it promises, fits the screen, passes axe, and neither errs nor asks anybody else."""
    with open_page(program.url, size=size, theme=theme) as seen:
        page = seen.go(f"?tab={section}")
        for title in SECTIONS[section]:
            expect(page.get_by_role("heading", name=title, exact=True).first).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        expect(page.get_by_role("tab", selected=True)).to_have_id(f"tab-{section}")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate(STICKING_OUT) == []
        assert_accessible(page)
        assert seen.troubles == []


def test_a_trace_that_is_opened_early_fills_up(program: Program, open_page: OpenPage) -> None:
    """Whoever comes right from an order's answer sees its last spans without asking again."""
    with program.client() as client:
        trace_id = order(client).trace_id

    def half(route: Route) -> None:
        """The first answer is of a moment at which one span had been written."""
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "spans": answer.json()["spans"][:1]})

    with open_page(program.url) as seen:
        seen.page.route(re.compile("/api/traces/[0-9a-f]{32}$"), half, times=1)
        page = seen.go(f"?tab=traces&trace={trace_id}")
        waterfall = page.get_by_role("table", name="Waterfall")
        expect(waterfall.get_by_text("order_send", exact=True)).to_be_visible(timeout=10_000)


def test_a_stop_that_came_later_is_reached_from_its_order_and_back(program: Program, open_page: OpenPage) -> None:
    """What closed a position is a trace of its own: each of the two leads to the other by a click."""
    with program.client() as client:
        opened = order(client)
        fault = {"fault": "external_trade", "position": opened.body["position"], "reason": "mobile"}
        client.post("/api/simulator/faults", json=fault).raise_for_status()
    with open_page(program.url) as seen:
        page = seen.go(f"?tab=traces&trace={opened.trace_id}")
        waterfall = page.get_by_role("table", name="Waterfall")
        page.get_by_role("link", name=re.compile("^deal [0-9a-f]{8}$")).click(timeout=10_000)
        expect(waterfall.get_by_text("deal", exact=True)).to_be_visible()
        expect(waterfall.get_by_text("order_send", exact=True)).to_have_count(0)
        assert_accessible(page)
        page.get_by_role("link", name=f"place_order {opened.trace_id[:8]}").click()
        expect(waterfall.get_by_text("order_send", exact=True)).to_be_visible()
        assert seen.troubles == []


ROWS = """(row) => {
    const tops = new Set([...row.children].map((one) => Math.round(one.getBoundingClientRect().top)));
    return tops.size;
}"""


def test_a_laptop_shows_figures_in_a_row_and_every_column(program: Program, open_page: OpenPage) -> None:
    """At 1200 pixels no tile stands alone in a second row, and no column has to be scrolled to."""
    with open_page(program.url, size="laptop") as seen:
        page = seen.go("?tab=trading")
        assert page.locator(".today .figures").evaluate(ROWS) == 1
        page.get_by_role("tab", name="Overview").click()
        for row in page.locator(".figures").all():
            assert row.evaluate(ROWS) == 1
        page.get_by_role("tab", name="Traces").click()
        table = page.get_by_role("table", name="Orders as traces")
        expect(table.get_by_text("NO_MONEY").first).to_be_visible()
        assert page.evaluate(CUT_COLUMNS) == []
        table.get_by_role("link").first.click()
        expect(page.get_by_role("table", name="Waterfall")).to_be_visible()
        assert page.evaluate(CUT_COLUMNS) == []


def test_a_phone_shows_first_what_matters(program: Program, open_page: OpenPage) -> None:
    """Of a position what it is, how it stands and the way out, without scrolling sideways."""
    with open_page(program.url, size="phone") as seen:
        page = seen.go("?tab=trading")
        seen.log_in()
        positions = page.get_by_role("table", name="Open positions")
        for name in ("Symbol", "Side", "Volume", "Profit", "Action"):
            box = positions.get_by_role("columnheader", name=name, exact=True).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 390


def test_the_first_load_is_small(program: Program, open_page: OpenPage) -> None:
    """Page, script and style together, as they come over the wire."""
    with open_page(program.url) as seen:
        seen.go()
        files = {path: size for path, size in seen.bytes.items() if path == "/" or path.startswith("/assets/")}
    assert len(files) == 3
    assert sum(files.values()) <= FIRST_LOAD_BYTES_MAX, files


def test_the_mode_of_the_account_is_said_in_words(program: Program, open_page: OpenPage) -> None:
    """In the head of every section, and in the title."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=system")
        expect(page.get_by_role("banner").get_by_text("SIMULATED")).to_be_visible()
        expect(page).to_have_title(re.compile("SIMULATED"))


def test_a_trace_shows_where_its_time_went(program: Program, open_page: OpenPage) -> None:
    """From a ticket to its trace, its spans with attributes and logs, and on to Jaeger."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        page.get_by_role("region", name="Open positions").get_by_role("link").first.click()
        waterfall = page.get_by_role("table", name="Waterfall")
        for span in ("POST /api/order", "place_order", "order_send"):
            expect(waterfall.get_by_text(span, exact=True)).to_be_visible()
        waterfall.get_by_role("button", name="Details of order_send").click()
        expect(page.get_by_text("rpc.system.name")).to_be_visible()
        link = page.get_by_role("link", name="Open in Jaeger")
        trace_id = re.search(r"trace=([0-9a-f]{32})", page.url)
        assert trace_id is not None
        expect(link).to_have_attribute("href", f"http://127.0.0.1:16686/trace/{trace_id[1]}")
        assert_accessible(page)
        assert seen.troubles == []


def test_the_address_holds_what_is_shown(program: Program, open_page: OpenPage) -> None:
    """Filters survive a reload, and back leads to where one was."""
    with open_page(program.url) as seen:
        page = seen.go()
        page.get_by_role("tab", name="Traces").click()
        page.get_by_label("Outcome").select_option("rejected")
        rejected = page.get_by_role("table", name="Orders as traces").get_by_role("row").filter(has_text="rejected")
        others = page.get_by_role("table", name="Orders as traces").get_by_role("row").filter(has_text="filled")
        expect(others).to_have_count(0)
        expect(rejected).not_to_have_count(0)
        count = rejected.count()
        page.reload()
        expect(page.get_by_label("Outcome")).to_have_value("rejected")
        expect(rejected).to_have_count(count)
        page.go_back()
        expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")


def test_a_table_sorts_by_keyboard(program: Program, open_page: OpenPage) -> None:
    """Heads are buttons, and say which way they sort."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=performance")
        head = page.get_by_role("columnheader", name="p95")
        head.get_by_role("button").press("Enter")
        expect(head).to_have_attribute("aria-sort", "descending")
        head.get_by_role("button").press("Enter")
        expect(head).to_have_attribute("aria-sort", "ascending")


def test_keys_lead_everywhere(program: Program, open_page: OpenPage) -> None:
    """`?` lists them; digits change sections, arrows too, `z` the time zone, `d` the theme; typing is left alone."""
    with open_page(program.url) as seen:
        page = seen.go()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        assert_accessible(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("2")
        expect(page.get_by_role("tab", name="Trading")).to_have_attribute("aria-selected", "true")
        page.get_by_role("tab", name="Trading").press("ArrowRight")
        expect(page.get_by_role("tab", name="Traces")).to_be_focused()
        page.keyboard.press("z")
        expect(page.locator(".clock")).to_contain_text("UTC")
        page.keyboard.press("d")
        page.keyboard.press("d")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.keyboard.press("/")
        page.keyboard.type("dz2")
        expect(page.get_by_label("Symbol or ticket")).to_have_value("dz2")
        expect(page.locator(".clock")).to_contain_text("UTC")
        assert seen.troubles == []


def test_a_chart_can_be_read_as_a_table(program: Program, open_page: OpenPage) -> None:
    """Its points are there for those who do not see it."""
    with open_page(program.url) as seen:
        page = seen.go("?tab=trading")
        chart = page.get_by_role("img", name=re.compile("^Order latency"))
        expect(chart).to_be_visible()
        page.get_by_role("button", name="As table").first.click()
        expect(page.get_by_role("table", name="Order latency").get_by_role("row")).not_to_have_count(0)
        assert_accessible(page)
