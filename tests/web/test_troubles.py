"""What the page does when things go wrong: the API dies, the broker is lost, texts are hostile."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from app.access.key_book import KeyBook
from app.access.records import KeyLimits, Scope
from app.domain.clock import SystemClock
from tests.support.program import KEY, Program, order, running
from tests.web.browser import OpenPage, assert_accessible

STOP_S_MAX = 5.0
NOTICED_MS = 6_000


def test_the_page_outlives_the_api(own: Program, open_page: OpenPage) -> None:
    """Killed under an open page: it says so and keeps the last figures; started again: it goes on by itself."""
    with open_page(own.url) as seen:
        page = seen.go()
        expect(page.get_by_text("100,000.00").first).to_be_visible()
        own.kill()
        expect(page.locator(".live")).to_contain_text("Reconnecting")
        expect(page.get_by_text("These are the last known figures")).to_be_visible()
        expect(page).to_have_title(re.compile("Reconnecting"))
        expect(page.get_by_text("100,000.00").first).to_be_visible()
        assert_accessible(page)
        own.start()
        expect(page.locator(".live")).to_contain_text("Live")
        expect(page.get_by_text("These are the last known figures")).to_have_count(0)
        assert not [trouble for trouble in seen.troubles if trouble.startswith(("script", "dialog"))]


@pytest.mark.timed
def test_an_open_page_does_not_hold_up_the_end(own: Program, open_page: OpenPage) -> None:
    """Asked to stop, the program ends as soon as without a page, with nothing to complain about."""
    with open_page(own.url) as seen:
        seen.go()
        assert own.stop() < STOP_S_MAX
    assert "ERROR" not in own.log.read_text(encoding="utf-8")


def test_a_lost_broker_is_seen_and_its_return_too(own: Program, open_page: OpenPage) -> None:
    """A fault begun by its button: noticed within seconds, with the reason, a next step, an alert and the title."""
    with open_page(own.url) as seen:
        page = seen.go("?tab=system")
        seen.log_in()
        page.get_by_role("button", name="Lose the broker").click()
        expect(page.get_by_role("table", name="At work").get_by_text("disconnect")).to_be_visible()
        page.get_by_role("tab", name="Overview").click()
        expect(page.locator(".cards")).to_contain_text("Disconnected", timeout=NOTICED_MS)
        expect(page.locator(".layers .down").filter(has_text="Broker")).to_be_visible()
        expect(page.get_by_text("Next step:")).to_be_visible()
        expect(page.get_by_role("region", name="Active alerts").get_by_text("Critical")).to_be_visible()
        expect(page).to_have_title(re.compile("✕ MT5 disconnected"))
        assert_accessible(page)
        page.get_by_role("tab", name="System").click()
        page.get_by_role("button", name="End", exact=True).click()
        page.get_by_role("tab", name="Overview").click()
        expect(page.locator(".cards")).to_contain_text("✓Connected")
        expect(page.locator(".layers .down")).to_have_count(0)


def log_out_elsewhere(page: Page) -> None:
    """As another tab of the same browser does."""
    page.evaluate("""async () => {
        const { csrf } = await (await fetch('./api/session')).json();
        await fetch('./api/session', { method: 'DELETE', headers: { 'X-CSRF-Token': csrf } });
    }""")


def test_a_log_in_that_ends_is_said(program: Program, open_page: OpenPage) -> None:
    """Logged out in another tab: the page says so and goes on read-only; a log-out of its own is no news."""
    with open_page(program.url) as seen:
        page = seen.go()
        seen.log_in()
        log_out_elsewhere(page)
        notice = page.get_by_role("alert").filter(has_text="You were logged out")
        expect(notice).to_contain_text("goes on, read-only")
        expect(page.get_by_role("banner").get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator(".live")).to_contain_text("Live")
        assert_accessible(page)
        notice.get_by_role("button", name="Close").click()
        expect(notice).to_have_count(0)
        seen.log_in()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("banner").get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator(".live")).to_contain_text("Live")
        expect(notice).to_have_count(0)
        assert seen.troubles == []


def test_without_a_log_in_nothing_is_shown_where_it_needs_one(built: None, tmp_path: Path, open_page: OpenPage) -> None:
    """Its key revoked, the page forgets what it showed and waits, asking no more; a log-in brings it back."""
    with running(tmp_path / "data", MT5_OTEL_AUTH__ANONYMOUS_READ="off") as program, open_page(program.url) as seen:
        page = seen.page
        page.goto(program.url)
        expect(page.locator(".live")).to_contain_text("Logged out")
        expect(page.get_by_text("shows nothing without a log-in")).to_be_visible()
        assert_accessible(page)
        made = KeyBook(program.folder, clock=SystemClock()).create("reader", [Scope.READ], KeyLimits())
        while httpx2.get(f"{program.url}/api/session", headers={"X-API-Key": made.text}, trust_env=False).is_error:
            page.wait_for_timeout(100)  # a key is noticed within a second
        log_in(page, made.text)
        expect(page.locator(".live")).to_contain_text("Live")
        expect(page.get_by_text("100,000.00").first).to_be_visible()
        KeyBook(program.folder, clock=SystemClock()).revoke(made.key.id)
        expect(page.get_by_role("alert").filter(has_text="You were logged out")).to_be_visible()
        expect(page.locator(".live")).to_contain_text("Logged out")
        expect(page.get_by_text("100,000.00")).to_have_count(0)
        expect(page).to_have_title(re.compile("Logged out"))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(2_500)  # longer than two pauses before a stream is tried again
        assert [url for url in asked if "/api/stream" in url] == []
        log_in(page, KEY)
        expect(page.locator(".live")).to_contain_text("Live")


def log_in(page: Page, key: str) -> None:
    """With this key, wherever the page offers it."""
    page.get_by_role("button", name="Log in").first.click()
    page.get_by_label("API key").fill(key)
    page.get_by_role("dialog").get_by_role("button", name="Log in").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def hostile(count: int = 200) -> list[str]:
    """Markup, scripts, templates, control and direction characters, very long and very odd texts."""
    seeds = (
        '<img src=x onerror="alert(1)">',
        "<script>alert(1)</script>",
        '"><svg onload=alert(1)>',
        "javascript:alert(1)",
        "{{constructor.constructor('alert(1)')()}}",
        "\u202egnirts\u202c \u2066isolated\u2069 \u200b\ufeff",
        "__proto__",
        "&lt;b&gt;&amp;amp;",
        "x" * 10_000,
        "𝒳🧨\u0301\u0301\u0301",
    )
    return [f"{seed}{number}" for number, seed in zip(range(count), seeds * (count // len(seeds) + 1), strict=False)]


def fulfil(page: Page, path: str, body: Any) -> None:
    """Answer calls of *path* with this instead of the API."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route(re.compile(re.escape(path) + r"(\?|$)"), answer)


def test_hostile_texts_are_texts(program: Program, open_page: OpenPage) -> None:
    """200 of them in deals, traces, events and attributes: shown as they are, nothing run, nothing loaded."""
    texts = hostile()
    deal = {"order": 1, "position_id": 1, "time": 1, "type": 0, "entry": 0, "reason": 0, "volume": 1, "price": 1}
    money = {"profit": 0, "commission": 0, "swap": 0}
    deals = [{"ticket": n, "symbol": text, "comment": text, **deal, **money} for n, text in enumerate(texts, 1)]
    events = [
        {"timestamp": "2026-01-05T10:00:00Z", "event_type": text, "client_ip": text, "details": text, "key_id": str(n)}
        for n, text in enumerate(texts)
    ]
    row = {"start": "2026-01-05T10:00:00Z", "duration_ms": 1, "order": 1, "deal": 1, "position": 1}
    traces = [
        {"trace_id": f"{n:032x}", "name": text, "symbol": text, "outcome": text, "error": text, **row}
        for n, text in enumerate(texts)
    ]
    with open_page(program.url) as seen:
        page = seen.page
        fulfil(page, "/api/history/deals", {"deals": deals, "summary": {"total_deals": 1, "net_profit": 0}})
        fulfil(page, "/api/traces", {"traces": traces})
        counts = {"recent_events": 1, "events_by_type": dict.fromkeys(texts, 1), "invalid_api_key_attempts": 0}
        fulfil(page, "/api/monitoring/metrics/security", {**counts, "last_events": events})
        for section, table in (("trading", "Deals"), ("traces", "Orders as traces"), ("security", "Security events")):
            seen.go(f"?tab={section}")
            expect(page.get_by_role("table", name=table).get_by_role("row")).to_have_count(len(texts) + 1)
            titles = (
                page.get_by_role("table", name=table).locator("bdi").evaluate_all("all => all.map(one => one.title)")
            )
            assert set(texts) <= set(titles)
            assert page.locator("main img, main script, main iframe, main a[href^='javascript']").count() == 0
        assert seen.troubles == []


def test_a_hostile_comment_stays_one_all_the_way(own: Program, open_page: OpenPage) -> None:
    """Sent with a real order, found again among the positions and in its trace, as text."""
    comment = '<img src=x onerror="alert(1)">\u202egnirts'
    with own.client(KEY) as client:
        asked = order(client, comment=comment)
    assert asked.status == 200
    with open_page(own.url) as seen:
        page = seen.go("?tab=trading")
        expect(page.get_by_role("table", name="Open positions")).to_contain_text("<img src=x")
        page.goto(f"{own.url}/?tab=traces&trace={asked.trace_id}")
        expect(page.get_by_role("table", name="Waterfall")).to_be_visible()
        assert page.locator("main img").count() == 0
        assert seen.troubles == []
