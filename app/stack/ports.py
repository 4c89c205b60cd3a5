"""Free ports, taken ports, and who took them."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import ExitStack

import psutil

from app.errors import StartupError
from app.settings import StackSettings
from app.stack.programs import HOST, Program


def fill_in(ports: StackSettings) -> StackSettings:
    """Replace every port that is 0 by one that is free now."""
    with ExitStack() as held:
        chosen = {name: port or _free(held) for name, port in ports}
    return ports.model_copy(update=chosen)


def require_free(programs: Iterable[Program]) -> None:
    """Make sure that what is about to start will be able to listen.

    Raises:
        StartupError: naming each port that is taken, its setting, and the process that has it.
    """
    taken = [(name, port) for program in programs for name, port in program.ports.items() if not _is_free(port)]
    if taken:
        lines = [f"Port {port} (stack.{name}) is taken{_owner(port)}." for name, port in taken]
        raise StartupError("\n".join([*lines, "End that process, or set another port."]))


def _free(held: ExitStack) -> int:
    # Held until all are chosen, so that no port is given out twice.
    listener = held.enter_context(socket.socket())
    listener.bind((HOST, 0))
    return int(listener.getsockname()[1])


def _is_free(port: int) -> bool:
    # Asked by connecting, not by binding: a port in TIME_WAIT is free for these programs.
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) != 0


def _owner(port: int) -> str:
    """Say which process listens on *port*, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return ""
