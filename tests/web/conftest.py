"""A real browser before a real API on the simulator."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from app.dashboard.assets import Assets
from app.dashboard.build import CannotBuild, build_page
from tests.support.program import Program, close, mixed_orders, running
from tests.web.browser import FLAGS, SIZES, WAIT_MS, OpenPage, Seen, find_browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What drives the browser. Its event loop lies in the way of every other one, so it goes with its module."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=WAIT_MS)
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One browser for a module; each test has a profile of its own in it."""
    browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def built() -> None:
    """The page, built now where the installation could not."""
    if not Assets.load().built:
        try:
            build_page(ROOT)
        except CannotBuild as error:
            pytest.fail(f"the page cannot be built: {error}", pytrace=False)


@pytest.fixture(scope="session")
def program(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The API with a history: orders of every outcome, a wrong key, an unknown path."""
    folder = tmp_path_factory.mktemp("page") / "data"
    with running(folder, MT5_OTEL_PAGE__JAEGER_URL="http://127.0.0.1:16686") as program:
        with program.client() as client:
            mixed_orders(client, 24)
            close(client, 4_711)
            client.get("/no/such/path")
        with program.client("a-wrong-key-of-somebody") as client:
            client.get("/api/positions")
        yield program


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def own(built: None, tmp_path: Path) -> Iterator[Program]:
    """A program of the test's own, on a port that it comes back to."""
    with running(tmp_path / "data", "--port", str(free_port())) as program:
        yield program


@pytest.fixture
def open_page(browser: Browser) -> OpenPage:
    """Opens pages that are watched, each with a profile of its own."""

    @contextmanager
    def opened(origin: str, *, size: str = "desktop", theme: Any = "light") -> Iterator[Seen]:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        context.set_default_timeout(WAIT_MS)
        try:
            seen = Seen(context.new_page(), origin)
            seen.watch()
            yield seen
        finally:
            context.close()

    return opened
