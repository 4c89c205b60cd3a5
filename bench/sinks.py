"""Where telemetry is sent while nothing real is measured: taken at once, refused, or never answered."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

LOOPBACK = "127.0.0.1"
END_S = 10.0


@contextmanager
def taking() -> Iterator[str]:
    """A server in a process of its own that answers every POST with 200 and forgets it; its URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_take, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield f"http://{LOOPBACK}:{ours.recv()}"
    finally:
        ours.close()
        process.join(END_S)
        if process.is_alive():
            process.kill()


@contextmanager
def refusing() -> Iterator[str]:
    """A port that nobody listens on, kept from others."""
    with socket.socket() as reserved:
        reserved.bind((LOOPBACK, 0))
        yield f"http://{LOOPBACK}:{reserved.getsockname()[1]}"


@contextmanager
def silent() -> Iterator[str]:
    """A listener that takes every connection and never answers."""
    # Connections are completed by the system, up to the backlog; nobody ever reads from them.
    with socket.create_server((LOOPBACK, 0), backlog=128) as listener:
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"


def _take(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the other end of the pipe is closed
    server = ThreadingHTTPServer((LOOPBACK, 0), _Taking)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_address[1])
    with contextlib.suppress(EOFError):
        pipe.recv()  # until the other end is closed


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: a line for each request would be measured too."""
