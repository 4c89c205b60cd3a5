"""Modules with a little of the MetaTrader5 surface that do as they are told, for worker processes to host."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Struct(tuple[Any, ...]):
    """A structure as the package returns it: a tuple with `_asdict`."""

    names: tuple[str, ...]

    def __new__(cls, **fields: Any) -> Struct:
        """A structure of these fields."""
        made = super().__new__(cls, tuple(fields.values()))
        made.names = tuple(fields)
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self.names, self, strict=True))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[self.names.index(name)]
        except ValueError as error:
            raise AttributeError(name) from error


class Scripted:
    """A terminal whose `version` does what its arguments say, and which writes down each `order_send`.

    Options: `trade_mode` of the account, `sent` a file that gets a line for each order, `initialize` False to
    refuse connecting while the file `refuse` exists.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._error: tuple[int, str] = (1, "Success")

    def initialize(self, **_: Any) -> bool:
        """Connect, unless the file `refuse` is there."""
        refuse = self._options.get("refuse")
        if refuse and Path(refuse).exists():
            self._error = (-10003, "IPC initialize failed, MetaTrader 5 x64 not found")
            return False
        self._error = (1, "Success")
        return True

    def shutdown(self) -> bool:
        """Disconnect."""
        return True

    def last_error(self) -> tuple[int, str]:
        """The error of the last call."""
        return self._error

    def account_info(self) -> Struct:
        """An account of the trade mode asked for."""
        return Struct(login=7, server="Broker-Demo", trade_mode=self._options.get("trade_mode", 0))

    def version(self, do: str = "answer", value: Any = None) -> Any:
        """Answer, sleep, die or raise; `lost` answers None as a terminal that has gone."""
        if do == "sleep":
            time.sleep(value)
        elif do == "die":
            os._exit(3)
        elif do == "raise":
            raise SystemError("returned a result with an exception set")
        elif do == "unpassable":
            return lambda: None
        elif do == "lost":
            self._error = (-10004, "No IPC connection")
            return None
        return value

    def order_send(self, request: Mapping[str, Any]) -> Struct:
        """Write the order down, and take as long as its comment says."""
        with Path(self._options["sent"]).open("a", encoding="utf-8") as file:
            file.write(f"{request['comment']}\n")
        time.sleep(float(request["comment"] or 0))
        return Struct(retcode=10009, request=Struct(**request))


def scripted(options: Mapping[str, Any]) -> Scripted:
    """The loader named by worker specifications."""
    return Scripted(options)


def broken(options: Mapping[str, Any]) -> Any:
    """A package that cannot be loaded."""
    raise RuntimeError("no such terminal here")
