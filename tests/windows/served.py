"""`python -m tests.windows.served PORT SIGNAL …` is `python -m app …`, sent that signal when a connection ends.

Wine has no Ctrl-C or Ctrl-Break to send to one process, so this does what they do there: the C runtime's handler runs
in a thread of its own, Python's in the main one. (A thread that waits for standard input instead would hold up every
library that looks at that handle while it is loaded, on Windows as under Wine.)
"""

from __future__ import annotations

import runpy
import signal
import socket
import sys
import threading


def _end_with(connection: socket.socket, number: signal.Signals) -> None:
    connection.recv(1)
    signal.raise_signal(number)


if __name__ == "__main__":
    _, port, name, *arguments = sys.argv
    leash = socket.create_connection(("127.0.0.1", int(port)))
    threading.Thread(target=_end_with, args=(leash, signal.Signals[name]), daemon=True).start()
    sys.argv = ["app", *arguments]
    runpy.run_module("app", run_name="__main__", alter_sys=True)
