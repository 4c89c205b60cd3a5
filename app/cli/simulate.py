"""`mt5-otel simulate`: any MetaTrader 5 program, on the simulator."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, Literal, get_args

import typer

from app.simulator.books.accounts import STANDARD
from app.simulator.books.authorization import log_in
from app.simulator.books.ledger import Ledger
from app.simulator.environment import Setup, VariableRefused, take_symbols
from app.simulator.importable import FOLDER

AccountName = Literal["hedging", "netting", "exchange", "real"]
ACCOUNTS: Final = dict(zip(get_args(AccountName), STANDARD, strict=True))
Symbols = Annotated[
    str,
    typer.Option(
        "--symbols",
        metavar="NAME,…",
        help="The Market Watch at the start. An ending that all names have is the broker's: EURUSD.r,XAUUSD.r",
        show_default="EURUSD,GBPUSD,USDCAD",
    ),
]
EXAMPLE: Final = "mt5-otel simulate -- python bot.py"
# What shells answer: no such command, or one that may not be run.
_NOT_FOUND, _NOT_RUNNABLE = 127, 126
# What a system ends a process with, and a closed terminal those in it. What is ignored already (nohup) stays so.
_ENDING = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


def simulate(
    *,
    program: Annotated[
        list[str] | None, typer.Argument(metavar="-- PROGRAM …", help="What to run, with its arguments.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The market: the same number, the same prices.")] = 1,
    symbols: Symbols = "",
    speed: Annotated[
        float, typer.Option("--speed", min=0.001, max=1e6, help="Seconds that pass on the market in one of yours.")
    ] = 1.0,
    account: Annotated[AccountName, typer.Option("--account", help="The account that is logged in.")] = "hedging",
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Folder of the account's books.", show_default="a temporary one, deleted"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Lose an order to an empty **kwargs, as the vendor's package does.")
    ] = False,
    print_path: Annotated[
        bool, typer.Option("--print-path", help="Print the folder to put on PYTHONPATH elsewhere, and end.")
    ] = False,
) -> None:
    """Run a program that says `import MetaTrader5`, on the simulator instead.

    Nothing of it is changed, and Windows is not needed: `mt5-otel simulate -- python bot.py`. Its Python needs NumPy.
    Each run begins with a fresh account, unless --data-dir keeps one. The exit code is the program's.
    """
    if print_path:
        typer.echo(str(FOLDER))
        return
    if not program:
        raise _end(2, f"what to run is missing: {EXAMPLE}")
    try:
        take_symbols(symbols)
    except VariableRefused as error:
        raise _end(2, str(error).replace("MT5_SIMULATOR_SYMBOLS", "--symbols")) from error
    with tempfile.TemporaryDirectory(prefix="mt5-otel-simulate-", ignore_cleanup_errors=True) as temporary:
        folder = data_dir or Path(temporary)
        # Books that are deleted afterwards need not outlive a power cut.
        kept = data_dir is not None
        setup = Setup(data_dir=folder, seed=seed, symbols=symbols, speed=speed, strict=strict, synced=kept)
        try:
            since_s = _opened(setup, ACCOUNTS[account])
        except (OSError, sqlite3.Error) as error:
            raise _end(
                2,
                f"the account in {folder} cannot be opened ({error}). Take another --data-dir, or one that is new",
            ) from error
        code = _run(program, {**os.environ, **setup.variables(since_s), "PYTHONPATH": _python_path(os.environ)})
    raise typer.Exit(code)


def _opened(setup: Setup, login: int) -> float:
    """Have this account logged in; return since when the clock runs."""
    now_s = time.time()
    setup.data_dir.mkdir(parents=True, exist_ok=True)
    with closing(Ledger(str(setup.ledger), int(now_s * 1000))) as ledger:
        symbols, suffix = take_symbols(setup.symbols)
        if refused := ledger.naming.refusal(suffix, [spec.root + suffix for spec in symbols]):
            raise _end(
                2,
                f"the account in {setup.data_dir} cannot be used: {refused}. Name its own with --symbols, or "
                "take another --data-dir",
            )
        log_in(ledger, login, "", "", int(now_s * 1000))
        newest_s = ledger.newest_msc() / 1000
    if setup.speed == 1 and newest_s > now_s + 1:
        raise _end(
            2,
            f"the account in {setup.data_dir} has been used at a --speed and is ahead of now. Go on with one, or take "
            "another --data-dir",
        )
    return setup.clock_since(now_s, newest_s)


def _python_path(environ: Mapping[str, str]) -> str:
    return os.pathsep.join(filter(None, [str(FOLDER), environ.get("PYTHONPATH", "")]))


def _run(program: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run it to its end and return its exit code, 128 and the number of the signal that ended it."""
    name, *arguments = program
    found = shutil.which(name) or (sys.executable if name in ("python", "python3") else name)
    try:
        process = subprocess.Popen([found, *arguments], env=dict(environ))  # noqa: S603  # the user's own program
    except FileNotFoundError:
        raise _end(_NOT_FOUND, f"there is no program {name!r}; a script is run by Python: {EXAMPLE}") from None
    except OSError as error:
        raise _end(_NOT_RUNNABLE, f"{name!r} cannot be run ({error}); a script: {EXAMPLE}") from error
    code = _awaited(process)
    return 128 - code if code < 0 else code


def _awaited(process: subprocess.Popen[bytes]) -> int:
    """Wait for its end, whatever we are told meanwhile: Ctrl-C reaches it by itself, being ended is handed on."""

    def end(signum: int, frame: FrameType | None) -> None:
        del frame
        process.send_signal(signum)

    before = {number: signal.signal(number, end) for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN}
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(code: int, message: str) -> typer.Exit:
    """Say on stderr why this is the end; to be raised."""
    typer.echo(f"mt5-otel simulate: {message}.", err=True)
    return typer.Exit(code)
