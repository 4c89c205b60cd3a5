"""`python -m tests.windows.served PORT …` is `python -m app …`, ended by the end of a connection to that port.

Wine has no Ctrl-C to send to one process, so this does what Ctrl-C does there: the C runtime's handler runs in a thread
of its own, Python's in the main one. (A thread that waits for standard input instead would hold up every library that
looks at that handle while it is loaded, on Windows as under Wine.)
"""

from __future__ import annotations

import runpy
import signal
import socket
import sys
import threading


def _end_with(connection: socket.socket) -> None:
    connection.recv(1)
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    _, port, *arguments = sys.argv
    leash = socket.create_connection(("127.0.0.1", int(port)))
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()
    sys.argv = ["app", *arguments]
    runpy.run_module("app", run_name="__main__", alter_sys=True)
