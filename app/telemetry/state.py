"""The latest state of account, positions, connection and journal as metrics: read at collection, never asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from opentelemetry.metrics import Meter

from app.domain.account import Account
from app.telemetry.instruments import Labels, observe
from app.telemetry.names import (
    ACCOUNT_INFO,
    ACTION,
    BALANCE,
    CAUSE,
    CONNECTED,
    CONNECTION_FAILURES,
    CURRENCY,
    DEAL_ENTRY,
    DEAL_NET,
    DEAL_ORIGIN,
    DEAL_REASON,
    DEALS,
    EQUITY,
    LAYER,
    MARGIN,
    MARGIN_FREE,
    MODE,
    ORDERS,
    OUTCOME,
    PENDING_COUNT,
    POSITION_COUNT,
    POSITION_SIDE,
    POSITIONS_CLOSED,
    POSITIONS_OPENED,
    PROFIT_DAY,
    PROFIT_FLOATING,
    RESOLUTIONS,
    RESOLVED_FROM,
    RESOLVED_TO,
    SERVER,
    SIDE,
    SYMBOL,
    TICK_AGE,
)

_Labels = TypeVar("_Labels", bound=tuple[str, str, str, str])
_Position = TypeVar("_Position", bound=tuple[str, str, str])


def observe_orders(
    meter: Meter,
    totals: Callable[[], Mapping[_Labels, int]],
    resolutions: Callable[[], Mapping[tuple[str, str], int]],
) -> None:
    """Export the journal's own totals, so that the counter and the journal cannot disagree.

    Args:
        meter: makes the instruments.
        totals: how many orders by (action, side, outcome, symbol).
        resolutions: how many orders by (outcome first told, outcome found later).
    """
    names = (ACTION.name, SIDE.name, OUTCOME.name, SYMBOL.name)
    observe(meter, ORDERS, lambda: [(count, dict(zip(names, key, strict=True))) for key, count in totals().items()])
    observe(
        meter,
        RESOLUTIONS,
        lambda: [
            (count, {RESOLVED_FROM.name: before, RESOLVED_TO.name: after})
            for (before, after), count in resolutions().items()
        ],
    )


def observe_deals(
    meter: Meter,
    totals: Callable[[], Mapping[_Labels, int]],
    net: Callable[[], Mapping[tuple[str, str], float]],
    opened: Callable[[], Mapping[_Position, int]],
    closed: Callable[[], Mapping[_Position, int]],
) -> None:
    """Export what the journal counted of deals and positions, whoever caused them.

    Args:
        meter: makes the instruments.
        totals: how many deals by (entry, reason, origin, symbol).
        net: what deals won or lost by (origin, symbol).
        opened: how many positions were opened by (symbol, side, cause).
        closed: how many were fully closed, by the same.
    """
    names = (DEAL_ENTRY.name, DEAL_REASON.name, DEAL_ORIGIN.name, SYMBOL.name)
    observe(meter, DEALS, lambda: [(count, dict(zip(names, key, strict=True))) for key, count in totals().items()])
    observe(
        meter,
        DEAL_NET,
        lambda: [(sum_, {DEAL_ORIGIN.name: origin, SYMBOL.name: symbol}) for (origin, symbol), sum_ in net().items()],
    )
    of_position = (SYMBOL.name, POSITION_SIDE.name, CAUSE.name)
    for metric, counts in ((POSITIONS_OPENED, opened), (POSITIONS_CLOSED, closed)):
        observe(meter, metric, partial(_labelled, of_position, counts))


def observe_watch(
    meter: Meter,
    *,
    failures: Callable[[], int],
    pending: Callable[[], int],
    tick_ages_s: Callable[[], Mapping[str, float]],
) -> None:
    """Export connection failures, pending orders and the age of prices."""
    observe(meter, CONNECTION_FAILURES, lambda: [(failures(), {})])
    observe(meter, PENDING_COUNT, lambda: [(pending(), {})])
    observe(meter, TICK_AGE, lambda: [(age, {SYMBOL.name: symbol}) for symbol, age in tick_ages_s().items()])


def observe_profit(
    meter: Meter, account: Callable[[], Account | None], day: Callable[[], float], floating: Callable[[], float]
) -> None:
    """Export the result of the day and of the open positions, once the account was seen."""

    def amount(value: Callable[[], float]) -> Callable[[], Iterable[tuple[float, Labels]]]:
        def values() -> Iterable[tuple[float, Labels]]:
            if (seen := account()) is not None:
                yield value(), {CURRENCY.name: seen.currency, MODE.name: seen.mode.value}

        return values

    observe(meter, PROFIT_DAY, amount(day))
    observe(meter, PROFIT_FLOATING, amount(floating))


def _labelled(names: tuple[str, ...], counts: Callable[[], Mapping[_Position, int]]) -> list[tuple[float, Labels]]:
    return [(count, dict(zip(names, key, strict=True))) for key, count in counts().items()]


def observe_account(meter: Meter, account: Callable[[], Account | None]) -> None:
    """Export balance, equity and margin of the account last seen."""

    def labels(seen: Account) -> Labels:
        return {CURRENCY.name: seen.currency, MODE.name: seen.mode.value}

    def amount(of: Callable[[Account], float]) -> Callable[[], Iterable[tuple[float, Labels]]]:
        return lambda: [(of(seen), labels(seen))] if (seen := account()) is not None else []

    observe(meter, BALANCE, amount(lambda seen: seen.balance))
    observe(meter, EQUITY, amount(lambda seen: seen.equity))
    observe(meter, MARGIN, amount(lambda seen: seen.margin))
    observe(meter, MARGIN_FREE, amount(lambda seen: seen.margin_free))
    observe(
        meter,
        ACCOUNT_INFO,
        lambda: [(1, {**labels(seen), SERVER.name: seen.server})] if (seen := account()) is not None else [],
    )


def observe_positions(meter: Meter, counts: Callable[[], Mapping[tuple[str, str], int]]) -> None:
    """Export open positions by symbol and side; a series once shown goes on at 0 after the last one closed."""
    seen: dict[tuple[str, str], int] = {}

    def values() -> list[tuple[float, Labels]]:
        seen.update(dict.fromkeys(seen, 0))
        seen.update(counts())
        return [(count, {SYMBOL.name: symbol, POSITION_SIDE.name: side}) for (symbol, side), count in seen.items()]

    observe(meter, POSITION_COUNT, values)


def observe_connection(meter: Meter, layers: Callable[[], Mapping[str, bool]]) -> None:
    """Export each layer of the connection as 1 or 0."""
    observe(meter, CONNECTED, lambda: [(int(up), {LAYER.name: layer}) for layer, up in layers().items()])
