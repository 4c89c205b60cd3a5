"""Whose books a data folder holds: those of the account that was seen in it first, and of no other."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.account import Account, AccountId, AccountMode
from app.errors import StartupError
from app.watch.connection import NEXT_STEPS

ANOTHER_FOLDER = "give this account a data folder of its own: --data-dir OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an account is not let in, and what a person can do."""

    reason: str
    next_step: str


class Binding:
    """The account that a data folder belongs to, kept in a file of it.

    Numbers of orders, deals and positions are one account's own: another one's among them would be taken for known.

    Args:
        path: the file; there is none until an account was seen.
        ledger: which simulator's ledger it is; None with any other terminal.

    Raises:
        StartupError: the file cannot be read.
    """

    def __init__(self, path: Path, *, ledger: Callable[[], int | None] = lambda: None) -> None:
        self._path = path
        self._ledger = ledger
        self.account, self.ledger = _read(path)

    async def admit(self, account: Account) -> Refusal | None:
        """Let the account in that the terminal shows, the first one for good; else say why not."""
        if account.login == 0:
            # Before anybody has logged in a terminal may show an account of zeros.
            return Refusal(reason="no account is logged in", next_step=NEXT_STEPS[-6])
        if self.account is None:
            try:
                await asyncio.to_thread(self._bind, account.id)
            except OSError as error:
                return Refusal(
                    reason=f"{self._path.name}, which says whose books these are, cannot be written: {error.strerror}",
                    next_step="make room and the data folder writable; it is tried again with each look",
                )
        if account.id == self.account:
            return None
        return Refusal(
            reason=f"the terminal shows {account.id}, this data folder belongs to {self.account}",
            next_step=f"log the terminal in to {self.account}, or {ANOTHER_FOLDER}",
        )

    def only_for(self) -> tuple[int, str] | None:
        """Log-in and server that orders may be sent for; None until an account was seen."""
        return None if self.account is None else (self.account.login, self.account.server)

    def _bind(self, account: AccountId) -> None:
        ledger = self._ledger()
        record = {"mode": account.mode.value, "server": account.server, "login": account.login}
        if ledger is not None:
            record["ledger_opened_msc"] = ledger
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self.account, self.ledger = account, ledger


def _read(path: Path) -> tuple[AccountId | None, int | None]:
    """The account in the file, and its ledger; (None, None) without a file."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        account = AccountId(mode=AccountMode(record["mode"]), server=str(record["server"]), login=int(record["login"]))
        ledger = record.get("ledger_opened_msc")
        return account, None if ledger is None else int(ledger)
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StartupError(
            f"{path} does not say whose books this data folder holds ({type(error).__name__}: {error}). Put back the "
            "file as it was, from a copy of the folder, or choose another folder: --data-dir OTHER"
        ) from error
