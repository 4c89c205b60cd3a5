"""The data folder: made, writable, and used by one instance at a time."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from app.broker.terminal import TerminalSpec
from app.domain.account import AccountMode
from app.errors import StartupError
from app.simulator.books.identity import kept_suffix, opened_msc
from app.simulator.books.naming import ending_clash
from app.trading.journal.journal import read_journal
from app.watch.binding import ANOTHER_FOLDER, Binding

LOCK_FILE = "instance.lock"
OWNER_FILE = "instance.json"
ACCOUNT_FILE = "account.json"
BEGIN_ANEW = "begin anew: --fresh, which sets aside what the folder holds, or --data-dir OTHER"


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """Hold the data folder for as long as the block runs.

    Raises:
        StartupError: it cannot be written, or another instance uses it.
    """
    folder = path.absolute()
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StartupError(
            f"The data folder {folder} is in use by another mt5-otel ({_owner(folder)}). "
            "Stop it, or give this one a folder of its own: --data-dir OTHER"
        ) from error
    except OSError as error:
        raise StartupError(
            f"The data folder {folder} cannot be written ({error.strerror}). "
            "Make it writable for this user, or choose another: --data-dir OTHER"
        ) from error
    try:
        _note(folder, {"pid": os.getpid()})
        yield folder
    finally:
        # Whoever reads the file on Windows keeps it from being deleted; the lock says who runs, not the file.
        with contextlib.suppress(OSError):
            (folder / OWNER_FILE).unlink(missing_ok=True)
        lock.release()


@contextmanager
def bound_folder(path: Path, spec: TerminalSpec) -> Iterator[tuple[Path, Binding]]:
    """Hold the data folder, with the account that it belongs to.

    Raises:
        StartupError: as `data_folder` and `open_binding` do.
    """
    with data_folder(path) as folder:
        yield folder, open_binding(folder, spec)


def open_binding(folder: Path, spec: TerminalSpec) -> Binding:
    """Whose books the folder holds, held against what is known of the terminal before it answers.

    Raises:
        StartupError: the books are another account's, those of a simulator's ledger that is not there any more or
            calls its symbols otherwise, or nobody says whose they are.
    """
    if not spec.simulated:
        binding = Binding(folder / ACCOUNT_FILE)
        if binding.account is None:
            _check_no_deals(folder, ANOTHER_FOLDER)
        if binding.account is not None and binding.account.mode is AccountMode.SIMULATED:
            raise StartupError(
                f"The data folder {folder} belongs to the simulator ({binding.account}), and --terminal names another. "
                f"Use --terminal simulator, or {ANOTHER_FOLDER}"
            )
        return binding
    ledger = Path(spec.options["ledger"])
    binding = Binding(folder / ACCOUNT_FILE, ledger=partial(opened_msc, ledger))
    if binding.account is None:
        _check_no_deals(folder, BEGIN_ANEW)
        return binding
    if binding.account.mode is not AccountMode.SIMULATED:
        raise StartupError(
            f"The data folder {folder} belongs to {binding.account}, and the simulator's account is another. "
            f"Name that account's terminal by --terminal native:PATH, or {ANOTHER_FOLDER}"
        )
    # A ledger that cannot be read is told of by the simulator itself.
    with contextlib.suppress(sqlite3.Error):
        _check_ledger(ledger, opened_msc(ledger), binding.ledger)
        _check_names(ledger, spec.options.get("symbol_suffix", ""))
    return binding


def _check_no_deals(folder: Path, instead: str) -> None:
    """Whichever account is seen first would own a folder that does not say whose it is, and the deals in it too."""
    index, _ = read_journal(folder / "journal")
    if index.last_deal_ns is not None:
        raise StartupError(
            f"{folder / ACCOUNT_FILE} is gone, and the journal beside it tells of the deals of the account that it "
            f"named. Put it back, from a copy of the folder, or {instead}"
        )


def _check_ledger(ledger: Path, found: int | None, expected: int | None) -> None:
    """A ledger made anew numbers its deals from the start: they would be taken for those in the journal."""
    if found is None:
        raise StartupError(
            f"The simulator's ledger {ledger} is gone, and the journal beside it tells of its deals. "
            f"Put it back, or {BEGIN_ANEW}"
        )
    if found != expected:
        raise StartupError(
            f"The simulator's ledger {ledger} is another one than that which the journal beside it tells of. "
            f"Put the old one back, or {BEGIN_ANEW}"
        )


def _check_names(ledger: Path, suffix: str) -> None:
    """The first start says what the symbols are called, for good: with other names the books cannot be opened."""
    if clash := ending_clash(kept_suffix(ledger), suffix):
        raise StartupError(
            f"simulator.symbol_suffix: {clash} (the simulator's ledger {ledger}). Set it as it was, or {BEGIN_ANEW}"
        )


def say_where(folder: Path, url: str) -> None:
    """Note in the data folder where its API answers, for commands that ask it.

    Raises:
        StartupError: it cannot be written.
    """
    _note(folder, {"pid": os.getpid(), "url": url, "port": urlsplit(url).port})


def where_it_answers(folder: Path) -> str | None:
    """The URL of the API that runs on this data folder; None where none does."""
    try:
        noted = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        return str(noted["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _note(folder: Path, owner: Mapping[str, Any]) -> None:
    path = folder / OWNER_FILE
    try:
        path.write_text(json.dumps(owner), encoding="utf-8")
    except OSError as error:
        raise StartupError(
            f"{path} cannot be written ({error.strerror}). See that the disk has room, the file may be written and "
            "no other program holds it open, or choose another folder: --data-dir OTHER"
        ) from error


def _owner(folder: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError):
        owner = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        return f"process {owner['pid']}"
    return "its process is not known"
