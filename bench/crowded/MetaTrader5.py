"""The simulator in the place of the vendor's package, with EURUSD under 50 names and 200 positions in them.

All prices move every second and every position with them: more than a market does.
"""  # noqa: N999 - the name is the vendor's

from __future__ import annotations

import os
import time
from typing import Any

from app.simulator import open_module
from app.simulator.vocabulary.structs import Struct, TradePosition
from bench.crowded import LEDGER, POSITIONS, SYMBOLS, UTC_OFFSET_S

POINT = 0.00001
_NAMES = tuple(f"EURUSD.{number:02}" for number in range(SYMBOLS))
_simulator = open_module({"ledger": os.environ[LEDGER]})


def __getattr__(name: str) -> Any:
    """Everything else is the simulator's."""
    return getattr(_simulator, name)


def symbols_get(*_: Any) -> tuple[Struct, ...]:
    """Every symbol, all of them in Market Watch."""
    found = _simulator.symbol_info("EURUSD")
    return tuple(_changed(found, name=name, select=True, visible=True) for name in _NAMES)


def symbol_info(name: str) -> Struct | None:
    """EURUSD by another name."""
    return _changed(_simulator.symbol_info("EURUSD"), name=name, select=True) if name in _NAMES else None


def symbol_info_tick(name: str) -> Struct | None:
    """Its last price."""
    return _tick() if name in _NAMES else None


def symbol_select(name: str, _enable: bool = True) -> bool:
    """They are selected and stay so."""
    return name in _NAMES


def positions_get(**_: Any) -> tuple[Struct, ...]:
    """Buys and sells in turn, opened a minute apart."""
    tick = _tick()
    return tuple(_position(number, tick) for number in range(POSITIONS))


def _tick() -> Struct:
    """EURUSD's price, a point higher in every other second: the simulator's may stand still for many of them."""
    tick, second = _simulator.symbol_info_tick("EURUSD"), int(time.time())
    moved, server = second % 2 * POINT, second + UTC_OFFSET_S
    return _changed(tick, bid=tick.bid + moved, ask=tick.ask + moved, time=server, time_msc=server * 1_000)


def _position(number: int, tick: Struct) -> Struct:
    opened, side = 1_700_000_000 + 60 * number, number % 2
    price_open, price = 1.1, tick.ask if side else tick.bid
    fields: dict[str, Any] = {
        **dict.fromkeys(TradePosition.__match_args__, 0),
        "ticket": 500_000 + number,
        "identifier": 500_000 + number,
        "time": opened,
        "time_msc": opened * 1_000,
        "time_update": opened,
        "time_update_msc": opened * 1_000,
        "type": side,
        "magic": number % 7,
        "volume": 0.1,
        "price_open": price_open,
        "price_current": price,
        "swap": -0.5,
        "profit": round((price - price_open) * (-1 if side else 1) * 10_000 + number, 2),
        "symbol": _NAMES[number % SYMBOLS],
        "comment": f"position {number}",
        "external_id": "",
    }
    return TradePosition(fields.values())


def _changed(record: Struct, **fields: Any) -> Struct:
    return type(record)({**record._asdict(), **fields}.values())
