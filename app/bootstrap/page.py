"""What an open page is told, from the services: figures as others keep them, none of its own."""

from __future__ import annotations

from typing import Any, Protocol

from app.bootstrap.services import Services
from app.dashboard.feed import Feed
from app.dashboard.frame import Section, View
from app.dashboard.recent import Figures, Recent


class Monitoring(Protocol):
    """Says how it goes."""

    def status(self) -> Any:
        """How it goes now."""


def open_feed(services: Services, monitor: Monitoring) -> Feed:
    """The feed of the page, which begins to work when the first page listens."""

    def figures() -> Figures | None:
        account = services.watch.latest.account
        if account is None:
            return None
        return {
            "balance": account.balance,
            "equity": account.equity,
            "margin_free": account.margin_free,
            "floating": round(account.equity - account.balance, 2),
            "error_rate": float(getattr(monitor.status(), "error_rate", 0.0)),
        }

    recent = Recent(figures=figures, clock=services.clock)
    services.watch.subscribe(recent.sample)
    view = View(
        watch=services.watch,
        clock=services.clock,
        about=lambda: _about(services),
        status=lambda: _status(monitor),
        today=lambda: _today(monitor),
        recent=recent,
    )
    return Feed(view.look, streams_max=services.settings.page.streams_max)


def _about(services: Services) -> Section:
    settings = services.settings
    return {
        "version": services.version,
        "terminal": settings.terminal.kind,
        "simulated": settings.terminal.kind == "simulator",
        "jaeger_url": settings.page.jaeger_url.rstrip("/"),
        "utc_offset_s": services.gateway.server_time.offset_s,
    }


def _status(monitor: Monitoring) -> Section:
    status = monitor.status()
    return {"status": status.health, "issues": list(status.issues)}


def _today(monitor: Monitoring) -> Section:
    return {}
