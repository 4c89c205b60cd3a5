"""What is printed once the API answers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from app.bootstrap.services import Services
from app.settings import API_KEY_VARIABLE, Settings

NAME: Final = "mt5-otel"


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
        f"See its trace:       {called_as(sys.argv[0])} trace NUMBER{_where(services.folder)}",
        "                     (NUMBER is the order, deal or position of the answer)",
        "Stop:                Ctrl-C",
        "",
    ]


def called_as(started: str) -> str:
    """Return what to type for this program: how it was started where its name alone is not found, as in a checkout."""
    if Path(started).stem != NAME or shutil.which(NAME) is not None:
        return NAME
    return f'"{started}"' if " " in started else started


def _where(folder: Path) -> str:
    """The flag that leads to a data folder that is not the one of everybody who names none."""
    default: Path = Settings.model_fields["data_dir"].default
    return "" if folder == default.absolute() else f' --data-dir "{folder}"'


def _key_lines(services: Services) -> list[str]:
    if services.operator_key is None:
        return []
    return [
        f"API key (shown once, kept hashed; --new-key replaces it): {services.operator_key}",
        "",
    ]
