"""A MetaTrader5 module with no broker behind it: recorded prices, a durable ledger, the package's own manners."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .books.faults import FaultBook as FaultBook
    from .due.operations import OperationBook as OperationBook
    from .market.virtual_clock import VirtualClock as VirtualClock
    from .module import SimulatorModule as SimulatorModule
    from .module import open_module as open_module

__all__ = ["FaultBook", "OperationBook", "SimulatorModule", "VirtualClock", "open_module"]

_HOMES = {
    "FaultBook": "books.faults",
    "OperationBook": "due.operations",
    "SimulatorModule": "module",
    "VirtualClock": "market.virtual_clock",
    "open_module": "module",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for and no more: the faults, for one, need no market, and not the NumPy that it needs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
