"""What an open page shows at one moment, and what of it has changed since the one before.

A frame is sections of named fields. A table is a section too: one field for each column, so that a second of moving
prices costs two columns and not every row. The rule of a change is the same for all: fields that differ replace those
that the page has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from app.dashboard.recent import Recent
from app.domain.account import Account, Record
from app.domain.clock import Clock
from app.domain.connection import LAYERS, Connection
from app.watch.state import Snapshot

Section = Mapping[str, Any]
"""Fields of a frame; every value is ready for JSON."""

Part = Callable[[], Section]
"""Makes one section; must not block."""

POSITION_COLUMNS: Final = (
    *("ticket", "time_msc", "symbol", "type", "volume", "price_open", "price_current", "sl", "tp", "profit", "swap"),
    *("magic", "comment"),
)
ORDER_COLUMNS: Final = (
    *("ticket", "time_setup_msc", "symbol", "type", "volume_current", "price_open", "price_current", "sl", "tp"),
    *("time_expiration", "magic", "comment"),
)
ACCOUNT_FIELDS: Final = (
    *("login", "server", "currency", "leverage", "balance", "equity", "profit", "margin", "margin_free"),
    *("margin_level", "trade_allowed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How things stand.

    Attributes:
        at_ms: when, in milliseconds since 1970.
        sections: what changes are told of.
        recent: makes figures of the last hour for small charts; sent once, the page goes on by itself.
    """

    at_ms: int
    sections: Mapping[str, Section]
    recent: Part = dict

    def whole(self) -> dict[str, Any]:
        """Everything, for a page that knows nothing yet."""
        return {"at_ms": self.at_ms, **self.sections, "recent": self.recent()}

    def since(self, before: Frame) -> dict[str, Any]:
        """What a page must replace that has *before*: only fields that differ, only sections that have any."""
        changed = {name: _differing(before.sections.get(name, {}), now) for name, now in self.sections.items()}
        return {"at_ms": self.at_ms, **{name: fields for name, fields in changed.items() if fields}}


class Watching(Protocol):
    """Keeps the latest look at the terminal."""

    @property
    def latest(self) -> Snapshot:
        """What was seen last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Makes frames from what others keep.

    Args:
        watch: the terminal, as seen last.
        clock: stamps the frames.
        about: what stays: version, terminal, links.
        status: health, issues, alerts, request figures.
        today: orders, positions and result since broker midnight.
        others: more sections by name.
        recent: figures of the last hour.
    """

    watch: Watching
    clock: Clock
    about: Part
    status: Part
    today: Part
    others: Mapping[str, Part] = field(default_factory=dict)
    recent: Recent

    def look(self) -> Frame:
        """The frame of this moment; reads memory only."""
        seen = self.watch.latest
        return Frame(
            at_ms=self.clock.time_ns() // 1_000_000,
            sections={
                "about": {**self.about(), "mode": seen.mode},
                "status": self.status(),
                "connection": _connection(seen),
                "account": _account(seen.account),
                "today": self.today(),
                "positions": columns((position.record for position in seen.positions), POSITION_COLUMNS),
                "orders": columns((order.record for order in seen.orders), ORDER_COLUMNS),
                "ticks": _ticks(seen),
                **{name: part() for name, part in self.others.items()},
            },
            recent=self.recent.columns,
        )


def columns(records: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Records turned into one list for each of *names*; None where a record has no such field."""
    kept = list(records)
    return {name: [record.get(name) for record in kept] for name in names}


def _differing(before: Section, now: Section) -> Section:
    return {name: value for name, value in now.items() if name not in before or before[name] != value}


def _connection(seen: Snapshot) -> Section:
    connection: Connection = seen.connection
    return {
        **{layer: getattr(connection, layer) for layer in LAYERS},
        "connected": connection.connected,
        "reason": connection.reason,
        "next_step": connection.next_step,
        "since_ms": {layer: since_ns // 1_000_000 for layer, since_ns in seen.since_ns.items()},
        "looked_ms": seen.looked_ns // 1_000_000,
        "fresh_ms": seen.fresh_ns // 1_000_000,
    }


def _account(account: Account | None) -> Section:
    """The account's figures; None for each while none is known, so that a page never shows an invented zero."""
    record: Record = {} if account is None else account.record
    return {name: record.get(name) for name in ACCOUNT_FIELDS}


def _ticks(seen: Snapshot) -> Section:
    ticks = list(seen.ticks.values())
    return {
        "symbol": [tick.symbol for tick in ticks],
        "bid": [tick.bid for tick in ticks],
        "ask": [tick.ask for tick in ticks],
        "time_msc": [tick.time_msc for tick in ticks],
    }
