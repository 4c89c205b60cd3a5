"""MetaTrader records (already plain, times in UTC) as domain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.broker.requests import kind_and_side
from app.broker.terminal import ACCOUNT_REAL
from app.domain.account import Account, AccountMode, PastOrder, PendingOrder, Position, Symbol, Tick
from app.domain.deals import Deal
from app.domain.orders import Lifetime, Side

MODES: Mapping[int, AccountMode] = {0: AccountMode.DEMO, 1: AccountMode.DEMO, ACCOUNT_REAL: AccountMode.REAL}
"""ACCOUNT_TRADE_MODE_*: a contest account risks no money either."""
SIDES: Mapping[int, Side] = {0: Side.BUY, 1: Side.SELL}
"""POSITION_TYPE_*, ORDER_TYPE_* and DEAL_TYPE_* of market deals."""
ORDER_STATE_CANCELED = 2


def account_from(record: Mapping[str, Any], *, simulated: bool) -> Account:
    """An `account_info()` record; `simulated` says that no broker stands behind it."""
    mode = AccountMode.SIMULATED if simulated else MODES.get(record["trade_mode"], AccountMode.UNKNOWN)
    return Account(
        login=record["login"],
        server=record["server"],
        currency=record["currency"],
        mode=mode,
        balance=record["balance"],
        equity=record["equity"],
        margin=record["margin"],
        margin_free=record["margin_free"],
        margin_level=record["margin_level"],
        trade_allowed=bool(record["trade_allowed"] and record["trade_expert"]),
        record=record,
    )


def position_from(record: Mapping[str, Any]) -> Position:
    """A `positions_get()` record."""
    return Position(
        ticket=record["ticket"],
        symbol=record["symbol"],
        side=SIDES[record["type"]],
        volume=record["volume"],
        price_open=record["price_open"],
        profit=record["profit"],
        magic=record["magic"],
        record=record,
        swap=record["swap"],
        sl=record["sl"],
        tp=record["tp"],
    )


def pending_from(record: Mapping[str, Any], lifetime: Lifetime) -> PendingOrder:
    """An `orders_get()` record; `lifetime` as it was before the record's times became UTC."""
    return PendingOrder(**_common_fields(record), volume=record["volume_current"], lifetime=lifetime, record=record)


def past_order_from(record: Mapping[str, Any]) -> PastOrder:
    """A `history_orders_get()` record."""
    return PastOrder(**_common_fields(record), is_cancelled=record["state"] == ORDER_STATE_CANCELED)


def _common_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `BrokerOrder`, which waiting and past orders share."""
    return {
        "ticket": record["ticket"],
        "symbol": record["symbol"],
        "kind_and_side": kind_and_side(record["type"]),
        "volume_asked": record["volume_initial"],
        "price_open": record["price_open"],
        "sl": record["sl"],
        "tp": record["tp"],
        "magic": record["magic"],
        "comment": record["comment"],
        "setup_ns": record["time_setup_msc"] * 1_000_000,
        "stop_limit": record.get("price_stoplimit", 0.0),
        "expiration": record.get("time_expiration", 0),
    }


def lifetime_from(record: Mapping[str, Any]) -> Lifetime:
    """Of an `orders_get()` record as the terminal gave it."""
    return Lifetime(type=record["type_time"], until=record["time_expiration"])


def symbol_from(record: Mapping[str, Any]) -> Symbol:
    """A `symbol_info()` record."""
    return Symbol(
        name=record["name"],
        digits=record["digits"],
        point=record["point"],
        volume_min=record["volume_min"],
        volume_max=record["volume_max"],
        volume_step=record["volume_step"],
        filling_mode=record["filling_mode"],
        execution=record["trade_exemode"],
        record=record,
    )


def tick_from(symbol: str, record: Mapping[str, Any]) -> Tick:
    """A `symbol_info_tick()` record."""
    return Tick(symbol=symbol, bid=record["bid"], ask=record["ask"], time_msc=record["time_msc"], record=record)


def deal_from(record: Mapping[str, Any]) -> Deal:
    """A `history_deals_get()` record."""
    return Deal(
        ticket=record["ticket"],
        order=record["order"],
        position=record["position_id"],
        symbol=record["symbol"],
        type=record["type"],
        entry=record["entry"],
        reason=record["reason"],
        volume=record["volume"],
        price=record["price"],
        profit=record["profit"],
        commission=record["commission"],
        swap=record["swap"],
        fee=record["fee"],
        time_msc=record["time_msc"],
        magic=record["magic"],
        comment=record["comment"],
    )
