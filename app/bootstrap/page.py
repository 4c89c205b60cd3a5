"""What an open page is told, from the services: figures as others keep them, none of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.bootstrap.services import Services
from app.dashboard.feed import Feed
from app.dashboard.frame import Section, View, columns
from app.dashboard.recent import Figures, Recent
from app.domain.events import SecurityType
from app.monitoring.answers import Answers
from app.monitoring.ledger import Ledger
from app.monitoring.notes import SECURITY
from app.monitoring.windows import Window
from otel.accounts import AccountSnapshot
from otel.shipper import DeliveryStatus

HOURS: Final = 24
SLOW_S: Final = 30.0
"""Figures that take a look at the disk or through a day of counts are renewed so often."""
RATE_S: Final = 5
MB: Final = 1_000_000
PIPELINE_COLUMNS: Final = (
    *("signal", "emitted", "delivered", "spooled", "dropped", "state", "reason", "waiting_s", "last_success_ms"),
)
WORKER_COLUMNS: Final = ("worker", "alive", "ready", "reason")


def open_feed(services: Services) -> Feed:
    """The feed of the page, which begins to work when the first page listens."""
    recent = Recent(figures=lambda: _figures(services), clock=services.clock)
    services.watch.subscribe(recent.sample)
    slow = _Slow(services)
    answers, ledger = services.monitoring.answers, services.monitoring.monitor.ledger
    view = View(
        watch=services.watch,
        clock=services.clock,
        about=lambda: _about(services),
        status=lambda: {**_status(answers, ledger), **slow.figures()},
        today=lambda: answers.trading()["today"],
        others={"pipeline": lambda: _pipeline(services), "workers": lambda: _workers(services)},
        recent=recent,
    )
    return Feed(view.look, streams_max=services.settings.page.streams_max)


def _figures(services: Services) -> Figures | None:
    """For the small charts; None while no account is known."""
    account, monitor = services.watch.latest.account, services.monitoring.monitor
    if account is None:
        return None
    return {
        "balance": account.balance,
        "equity": account.equity,
        "margin_free": account.margin_free,
        "floating": services.watch.latest.floating,
        "pnl": monitor.figures.today().pnl,
        "error_rate": monitor.ledger.shown(Window.H1.seconds).error_rate,
    }


def _about(services: Services) -> Section:
    settings = services.settings
    return {
        "version": services.version,
        "terminal": settings.terminal.kind,
        "simulated": settings.terminal.kind == "simulator",
        "jaeger_url": settings.page.jaeger_url.rstrip("/"),
        "utc_offset_s": services.watch.latest.offset_s,
    }


def _status(answers: Answers, ledger: Ledger) -> Section:
    status = answers.status()
    return {
        "status": status["status"],
        "issues": status["issues"],
        "error_rate": status["error_rate"],
        "uptime_seconds": round(status["uptime_hours"] * 3_600),
        "requests_per_second": ledger.answers(RATE_S).requests / RATE_S,
        "alerts": answers.alerts()["alerts"],
    }


def _pipeline(services: Services) -> Section:
    """A row for each signal; without an endpoint what is written counts as delivered."""
    deliveries: Mapping[Any, DeliveryStatus] = services.pipeline.delivery()
    rows = []
    for signal, account in services.pipeline.accounts.items():
        items: AccountSnapshot = account.snapshot()
        delivery = deliveries.get(signal)
        sent = delivery.last_success if delivery else None
        rows.append(
            {
                "signal": str(signal),
                "emitted": items.emitted + items.carried,
                "delivered": items.delivered,
                "spooled": items.spooled,
                "dropped": sum(items.dropped.values()),
                "state": str(delivery.state) if delivery else "",
                "reason": delivery.reason if delivery else "",
                "waiting_s": round(delivery.oldest_unshipped_age_s) if delivery else 0,
                "last_success_ms": None if sent is None else int(sent * 1_000),
            }
        )
    return columns(rows, PIPELINE_COLUMNS)


def _workers(services: Services) -> Section:
    workers = services.watch.latest.workers
    rows = [
        {"worker": name, "alive": state.alive, "ready": state.ready, "reason": state.reason}
        for name, state in workers.items()
    ]
    return columns(rows, WORKER_COLUMNS)


@dataclass(slots=True)
class _Slow:
    """Figures that are not worth a look every second."""

    services: Services
    _due: float = float("-inf")
    _kept: dict[str, Any] = field(default_factory=dict)

    def figures(self) -> Section:
        """Room on the disk, and wrong keys by the hour, oldest first."""
        now = self.services.clock.monotonic()
        if now >= self._due:
            self._due = now + SLOW_S
            ledger = self.services.monitoring.monitor.ledger
            self._kept = {
                "free_mb": round(shutil.disk_usage(self.services.folder).free / MB),
                "wrong_keys": hourly(ledger, SECURITY + SecurityType.INVALID_API_KEY_ATTEMPT),
            }
        return self._kept


def hourly(ledger: Ledger, name: str, hours: int = HOURS) -> list[int]:
    """How often *name* was counted in each of the last hours, the present one last."""
    sums = [0, *(ledger.counts(hour * 3_600)[name] for hour in range(1, hours + 1))]
    return [max(0, sums[hour] - sums[hour - 1]) for hour in range(hours, 0, -1)]
