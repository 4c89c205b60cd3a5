"""A MetaTrader5 module with no broker behind it: recorded prices, a durable ledger, the package's own manners."""

from app.simulator.module import SimulatorModule as SimulatorModule
from app.simulator.module import open_module as open_module

__all__ = ["SimulatorModule", "open_module"]
