"""A MetaTrader5 module with no broker behind it: recorded prices, a durable ledger, the package's own manners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import SimulatorModule as SimulatorModule
    from .module import open_module as open_module
    from .virtual_clock import VirtualClock as VirtualClock

__all__ = ["SimulatorModule", "VirtualClock", "open_module"]


def __getattr__(name: str) -> Any:
    """Load the module when it is asked for: `faults` is of use without it, and without the NumPy that it needs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import module, virtual_clock  # noqa: PLC0415

    return getattr(virtual_clock if name == "VirtualClock" else module, name)
