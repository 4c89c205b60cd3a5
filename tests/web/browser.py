"""A page in a real browser, and everything that goes wrong in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from tests.support.program import KEY

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = (
    *("--no-sandbox", "--headless=new", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
SIZES: dict[str, tuple[int, int]] = {"desktop": (1440, 900), "laptop": (1200, 800), "phone": (390, 844)}
WAIT_MS = 30_000
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


def find_browser() -> str:
    """The Chromium of this machine; without one, fail with what to install."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no Chromium is on PATH; install it once: sudo apt-get install chromium", pytrace=False)
    return found


def assert_accessible(page: Page) -> None:
    """Nothing that axe objects to, best practice included."""
    found = Axe().run(page)
    told = [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found.response["violations"]]
    assert not told


@dataclass
class Seen:
    """A page, and everything that went wrong in it.

    Attributes:
        page: the page.
        troubles: errors of scripts and of the console, violations of the policy, requests to elsewhere.
        bytes: how many bytes came over the wire, by path.
    """

    page: Page
    origin: str
    troubles: list[str] = field(default_factory=list)
    bytes: dict[str, int] = field(default_factory=dict)

    def watch(self) -> None:
        """Take note from now on."""
        self.page.add_init_script(TELL_VIOLATIONS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))
        self.page.on("requestfinished", self._on_finished)

    def go(self, search: str = "") -> Page:
        """Open the page there, and wait until figures move."""
        self.page.goto(f"{self.origin}/{search}")
        expect(self.page.locator(".live")).to_contain_text("Live")
        return self.page

    def log_in(self) -> None:
        """As a person with a key does."""
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_label("API key").fill(KEY)
        self.page.get_by_role("dialog").get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("button", name="Log out")).to_be_visible()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text} {message.location.get('url', '')}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:")):
            self.troubles.append(f"request to elsewhere: {request.url}")

    def _on_finished(self, request: Request) -> None:
        sizes = request.sizes()
        self.bytes[request.url.removeprefix(self.origin)] = sizes["responseBodySize"] + sizes["responseHeadersSize"]


OpenPage = Callable[..., AbstractContextManager[Seen]]
