"""Takes the pictures of the live page that the README shows.

    python docs/pictures.py

Starts the API on the simulator in a folder of its own, with the demo trader and some sixty orders more, and looks at
it with the Chromium of this machine. The page must be built (`mt5-otel page build`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from app.dashboard.assets import Assets

PICTURES: Final = Path(__file__).parent / "pictures"
KEY: Final = "key-for-the-pictures-0123456789"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS: Final = (
    *("--no-sandbox", "--headless=new", "--disable-background-networking", "--hide-scrollbars"),
    "--disable-lcd-text",  # colours at the edges of letters make pictures large
)
DESKTOP: Final = (1280, 720)
PHONE: Final = (390, 844)
BYTES_MAX: Final = 150_000
ORDERS: Final = 60
OPEN_MAX: Final = 6
STOP_AWAY: Final = 0.004
SYMBOLS: Final = ("EURUSD", "GBPUSD", "USDCAD")
VOLUMES: Final = (0.1, 0.2, 0.3, 0.5)
ABOVE_MAXIMUM, OFF_STEP = 500.0, 0.015
START_S: Final = 60.0
LINES_S: Final = 40.0
"""Small charts get a point every 15 s; with three there are lines."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file, where in the page, and how it is looked at."""

    name: str
    search: str
    theme: Literal["dark", "light"]
    size: tuple[int, int]


def main() -> int:
    """Take all four; 1 where something that is needed is missing."""
    chromium = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if chromium is None or not Assets.load().built:
        sys.stderr.write("Needs Chromium on PATH, and the page built once: mt5-otel page build\n")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running(Path(folder)) as url:
        trace_id = trade(url)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            for picture in pictures(trace_id):
                take(browser, url, picture)
            browser.close()
    return 0


def pictures(trace_id: str) -> tuple[Picture, ...]:
    """The four; the waterfall is that of *trace_id*."""
    return (
        Picture("overview", "", "dark", DESKTOP),
        Picture("trading", "?tab=trading", "light", DESKTOP),
        Picture("trace", f"?tab=traces&trace={trace_id}", "dark", DESKTOP),
        Picture("phone", "", "dark", PHONE),
    )


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The API with the demo trader, its data in *folder*; its URL, once it takes orders."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MT5_OTEL_", "OTEL_"))}
    command = [sys.executable, "-m", "app", "run", "--port", "0", "--data-dir", str(folder / "data")]
    log = folder / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, env={**environ, "MT5_OTEL_API_KEY": KEY}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield await_ready(log)
    finally:
        process.terminate()
        process.wait(20)


def await_ready(log: Path) -> str:
    """The URL that the program printed, once it takes orders."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        lines = [line for line in log.read_text("utf-8", "replace").splitlines() if "API and its docs" in line]
        if lines:
            url = lines[0].split()[-1].removesuffix("/docs")
            if httpx2.get(f"{url}/api/ready", trust_env=False).status_code == 200:
                return url
        time.sleep(0.2)
    raise SystemExit(f"the API did not start: {log.read_text('utf-8', 'replace')}")


def trade(url: str) -> str:
    """Place orders of every outcome, spread over the time that charts need; the trace of one that was filled."""
    random = Random(11)  # noqa: S311 - trades, not secrets
    opened: list[int] = []
    trace_id = ""
    with httpx2.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=20, trust_env=False) as client:
        for number in range(ORDERS):
            if len(opened) == OPEN_MAX:
                client.post(f"/api/positions/{opened.pop(random.randrange(OPEN_MAX))}/close")
            else:
                answer = client.post("/api/order", json=an_order(client, random, number))
                if answer.status_code == 200:
                    opened.append(answer.json()["position"])
                    trace_id = answer.json()["trace_id"]
            time.sleep(LINES_S / ORDERS)
    return trace_id


def an_order(client: httpx2.Client, random: Random, number: int) -> dict[str, Any]:
    """A small order with stops; now and then one that the broker or our own checks refuse."""
    symbol, side, volume = random.choice(SYMBOLS), random.choice(("buy", "sell")), random.choice(VOLUMES)
    if number % 20 == 10:
        volume = ABOVE_MAXIMUM
    if number % 30 == 18:
        volume = OFF_STEP
    price = client.get(f"/api/symbols/{symbol}/tick").json()["bid"]
    away = STOP_AWAY if side == "buy" else -STOP_AWAY
    stops = {"sl": round(price - away, 5), "tp": round(price + 2 * away, 5)}
    return {"canonical": symbol, "side": side, "volume": volume, "comment": "breakout", **stops}


def take(browser: Browser, url: str, picture: Picture) -> None:
    """Look at it once nothing is loading any more, and keep that."""
    width, height = picture.size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=picture.theme)
    page = context.new_page()
    page.goto(f"{url}/{picture.search}")
    settle(page)
    path = PICTURES / f"{picture.name}.png"
    page.screenshot(path=path, animations="disabled")
    context.close()
    size = path.stat().st_size
    sys.stdout.write(f"{path.name}: {size / 1e3:.0f} KB\n")
    if size > BYTES_MAX:
        raise SystemExit(f"{path.name} is larger than {BYTES_MAX / 1e3:.0f} KB")


def settle(page: Page) -> None:
    """Live, nothing loading, and the next frame drawn as well."""
    page.locator(".live", has_text="Live").wait_for()
    page.locator(".loading").first.wait_for(state="detached")
    page.wait_for_timeout(2_500)


if __name__ == "__main__":
    sys.exit(main())
