"""How often each path may be called: a table, and who it is counted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.access.budgets import Budgets
from app.access.clients import network_of
from app.access.records import OPERATOR, Key, KeyLimits
from app.domain.clock import Clock
from app.errors import SettingsError
from app.settings import LimitSettings


class Kind(StrEnum):
    """Which of a key's own limits holds for a path. `SAME` is the same for everyone, whatever the key."""

    READ = "read"
    WRITE = "write"
    CLOSE = "close"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls a minute, of one client to one path; a key's own limit of this kind takes its place."""

    per_minute: int
    kind: Kind


READ, WRITE, CLOSE, SAME = Kind.READ, Kind.WRITE, Kind.CLOSE, Kind.SAME

UNMATCHED_LOOK: Final = "unmatched"
UNMATCHED_CHANGE: Final = "unmatched change"

LIMITS: Final[Mapping[str, Limit]] = {
    "GET /health": Limit(100, READ),
    "GET /api/health": Limit(100, READ),
    "GET /api/ready": Limit(100, READ),
    "GET /metrics": Limit(100, READ),
    "GET /api/account": Limit(60, READ),
    "GET /api/positions": Limit(60, READ),
    "GET /api/symbols": Limit(100, READ),
    "GET /api/symbols/market-watch": Limit(100, READ),
    "GET /api/market-watch": Limit(100, READ),
    "GET /api/symbols/priority": Limit(100, READ),
    "GET /api/symbols/{symbol}/tick": Limit(200, READ),
    "GET /api/symbols/{symbol}/info": Limit(100, READ),
    "GET /api/symbol/{symbol}": Limit(100, READ),
    "GET /api/orders": Limit(60, READ),
    "GET /api/orders/{order_id}": Limit(60, READ),
    "GET /api/ticks": Limit(30, READ),
    "GET /api/bars": Limit(30, READ),
    "GET /api/history/bars": Limit(30, READ),
    "GET /api/history/ticks": Limit(20, READ),
    "GET /api/history/deals": Limit(30, READ),
    "GET /api/history/orders": Limit(30, READ),
    "GET /api/traces": Limit(100, READ),
    "GET /api/traces/{trace_id}": Limit(100, READ),
    "GET /events": Limit(5, READ),
    "POST /api/order": Limit(10, WRITE),
    "POST /api/orders/pending": Limit(10, WRITE),
    "PATCH /api/orders/{ticket}": Limit(20, WRITE),
    "DELETE /api/orders/{ticket}": Limit(20, CLOSE),
    "POST /api/positions/{ticket}/close": Limit(20, CLOSE),
    "GET /api/monitoring/status": Limit(100, SAME),
    "GET /api/monitoring/health": Limit(100, SAME),
    "GET /api/monitoring/metrics": Limit(100, SAME),
    "GET /api/monitoring/metrics/trading": Limit(100, SAME),
    "GET /api/monitoring/metrics/errors": Limit(100, SAME),
    "GET /api/monitoring/metrics/security": Limit(100, SAME),
    "GET /api/monitoring/performance": Limit(100, SAME),
    "GET /api/monitoring/alerts": Limit(100, SAME),
    "GET /api/monitoring/dashboard": Limit(100, SAME),
    "GET /api/monitoring/history": Limit(100, SAME),
    "POST /api/monitoring/metrics/snapshot": Limit(10, SAME),
    "POST /api/monitoring/metrics/reset": Limit(5, SAME),
    "GET /api/session": Limit(100, SAME),
    "POST /api/session": Limit(10, SAME),
    "DELETE /api/session": Limit(20, SAME),
    "GET /api/keys": Limit(100, SAME),
    "GET /api/simulator/faults": Limit(100, READ),
    "POST /api/simulator/faults": Limit(20, WRITE),
    "DELETE /api/simulator/faults": Limit(20, WRITE),
    "DELETE /api/simulator/faults/{fault_id}": Limit(20, WRITE),
    UNMATCHED_LOOK: Limit(100, READ),
    UNMATCHED_CHANGE: Limit(20, WRITE),
}
"""Every path that is counted. What is not here and exists (streams, files of the page and the docs) is not."""

FREE_PATHS: Final = frozenset({"/", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/api/stream"})
"""Not counted: the page's own stream is limited by how many are open."""
FREE_PREFIXES: Final = ("/static-offline-docs/", "/assets/")
"""Below them lie the scripts and styles of the documentation page, and those of the live page."""
LOOKS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Limits:
    """Says whether a call is one too many.

    Args:
        settings: other numbers than the table's.
        clock: gives the moments.

    Raises:
        SettingsError: a number is set for a path that is not in the table.
    """

    def __init__(self, settings: LimitSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._operator = KeyLimits(writes=settings.operator_writes, reads=settings.operator_reads)
        self._table = _with_settings(settings.per_minute)
        self._static, self._templates = _by_shape(self._table)
        self.budgets = Budgets(clock=clock)

    def find(self, method: str, path: str) -> str | None:
        """The name of the path that is called, as in the table; None where it is not counted."""
        known = self._static.get((_looked(method), path))
        if known is not None:
            return known
        if path in FREE_PATHS or path.startswith(FREE_PREFIXES):
            return None
        parts = path.split("/")
        for template, name in self._templates.get((_looked(method), len(parts)), ()):
            if all(wanted in ("", part) and part for wanted, part in zip(template[1:], parts[1:], strict=True)):
                return name
        return UNMATCHED_LOOK if method in LOOKS else UNMATCHED_CHANGE

    def take(self, name: str | None, address: str, key: Key | None) -> int | None:
        """Count a call; None if it may go on, else after how many whole seconds one may again."""
        if name is None or not self._settings.enabled:
            return None
        limit = self._table[name]
        if key is None:
            return self.budgets.take(limit.per_minute, network_of(address), name)
        own = self._own(key, limit.kind)
        if own is None:
            return self.budgets.take(limit.per_minute, key.id, name)
        return self.budgets.take(own, key.id, limit.kind.value)

    def take_refusal(self, address: str) -> int | None:
        """Count a call without a valid key. It takes nothing from those that have one."""
        if not self._settings.enabled:
            return None
        return self.budgets.take(self._settings.refused, network_of(address), "refused")

    def _own(self, key: Key, kind: Kind) -> int | None:
        if kind is SAME:
            return None
        usual = self._operator if key.name == OPERATOR else KeyLimits()
        if kind is READ:
            return key.limits.reads or usual.reads
        return key.limits.writes or usual.writes


def _looked(method: str) -> str:
    return "GET" if method == "HEAD" else method


def _with_settings(per_minute: Mapping[str, int]) -> dict[str, Limit]:
    unknown = [name for name in per_minute if name not in LIMITS]
    if unknown:
        raise SettingsError(f"limits.per_minute: there is no {unknown[0]!r}; a name is such as 'POST /api/order'.")
    return {name: Limit(per_minute.get(name, limit.per_minute), limit.kind) for name, limit in LIMITS.items()}


_Static = dict[tuple[str, str], str]
_Templates = dict[tuple[str, int], list[tuple[tuple[str, ...], str]]]


def _by_shape(table: Mapping[str, Limit]) -> tuple[_Static, _Templates]:
    """Paths without a parameter as they are; the others by method and number of parts, a parameter as ''."""
    static: _Static = {}
    templates: _Templates = {}
    for name in table:
        method, _, path = name.partition(" ")
        if "{" in path:
            parts = tuple("" if part.startswith("{") else part for part in path.split("/"))
            templates.setdefault((method, len(parts)), []).append((parts, name))
        elif path.startswith("/"):
            static[method, path] = name
    return static, templates
