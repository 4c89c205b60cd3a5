"""Which module the terminal's process hosts, by what the operator set."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from app.broker.terminal import TerminalSpec
from app.domain.clock import Clock
from app.errors import StartupError
from app.settings import Settings
from app.simulator.books.faults import FaultBook
from app.simulator.books.ledger import LEDGER

NATIVE_PACKAGE = "MetaTrader5"


def terminal_spec(settings: Settings) -> TerminalSpec:
    """Name the module.

    Raises:
        StartupError: the vendor's package is not installed here.
    """
    if settings.terminal.kind == "simulator":
        return simulator_spec(settings)
    return native_spec(settings.terminal.path, settings.terminal.initialize_timeout_s)


def simulator_spec(settings: Settings) -> TerminalSpec:
    """The built-in simulator on its ledger in the data folder.

    Raises:
        StartupError: the folder of bars is not there, or nothing to read it with.
    """
    chosen = settings.simulator
    if chosen.bars and not chosen.bars.is_dir():
        raise StartupError(f"simulator.bars: there is no folder {chosen.bars}.")
    if chosen.bars and importlib.util.find_spec("pyarrow") is None:
        raise StartupError("simulator.bars: reading bars needs the extra: pip install 'mt5-otel[bars]'.")
    return TerminalSpec(
        loader="app.simulator:open_module",
        options={
            "ledger": str(_ledger(settings)),
            "seed": chosen.seed,
            "utc_offset_s": chosen.utc_offset_minutes * 60,
            "summer_time": chosen.summer_time,
            "sessions": chosen.sessions,
            "symbol_suffix": chosen.symbol_suffix,
            "bars": str(chosen.bars.absolute()) if chosen.bars else None,
            "latency_s": dict(chosen.latency_s),
        },
        simulated=True,
    )


def simulator_faults(settings: Settings, clock: Clock) -> FaultBook | None:
    """What the simulator is to do wrong; None with any other terminal."""
    if settings.terminal.kind != "simulator":
        return None
    return FaultBook(_ledger(settings), lambda: clock.time_ns() / 1e9, settings.simulator.symbol_suffix)


def _ledger(settings: Settings) -> Path:
    return (settings.data_dir / LEDGER).absolute()


def native_spec(path: Path | None, initialize_timeout_s: float) -> TerminalSpec:
    """The vendor's package, attached to the terminal of this machine."""
    if importlib.util.find_spec(NATIVE_PACKAGE) is None:
        raise StartupError(
            f"--terminal native needs the {NATIVE_PACKAGE} package, which is not installed here: its vendor makes it "
            "for Windows on x64 only. Run mt5-otel on the Windows machine of the terminal, or use --terminal simulator."
        )
    # Its own timeout bounds only the wait for the account, in ms; the process is given up after ours.
    initialize: dict[str, str | int] = {"timeout": int(initialize_timeout_s * 1_000)}
    if path is not None:
        initialize["path"] = str(path)
    return TerminalSpec(loader=NATIVE_PACKAGE, initialize=initialize, demo_only=True)
