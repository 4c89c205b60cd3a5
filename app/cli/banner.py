"""What is printed once the API answers."""

from __future__ import annotations

from app.bootstrap.services import Services
from app.settings import API_KEY_VARIABLE


def banner(services: Services, url: str, links: tuple[str, ...] = ()) -> list[str]:
    """URLs, the page's with a code that logs in; files; the key where it is new; a command that places an order."""
    shown_key = services.operator_key or f"${API_KEY_VARIABLE}"
    return [
        "",
        f"mt5-otel {services.version} is ready on the {services.settings.terminal.kind}.",
        "",
        f"  Page                  {url}/#code={services.sessions.new_code()}   (logs you in once, within 10 minutes)",
        f"  API and its docs      {url}/docs",
        f"  Health                {url}/health",
        f"  Metrics               {url}/metrics",
        f"  Files                 {services.folder} (journal/, telemetry/, logs/)",
        *(f"  {link}" for link in links),
        "",
        *_key_lines(services),
        "Place an order:",
        "",
        f"  curl -s -X POST {url}/api/order -H 'Content-Type: application/json' \\",
        f'    -H "X-API-Key: {shown_key}" -d \'{{"canonical": "EURUSD", "side": "buy", "volume": 0.1}}\'',
        "",
        "See its trace:       mt5-otel trace NUMBER   (the order, deal or position of the answer)",
        "Stop:                Ctrl-C",
        "",
    ]


def _key_lines(services: Services) -> list[str]:
    if services.operator_key is None:
        return []
    return [
        f"API key (shown once, kept hashed; --new-key replaces it): {services.operator_key}",
        "",
    ]
