"""A real HTTP server that answers OTLP as it is told and remembers what it got."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Reply:
    """How one request is answered; a *manner* other than `answer` never completes an answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    manner: str = "answer"


BLACKHOLE = Reply(manner="blackhole")
"""Takes the request and never answers."""

TRICKLE = Reply(manner="trickle")
"""Answers one byte at a time, for ever."""

HANG_UP = Reply(manner="hang up")
"""Closes the connection instead of answering."""


@dataclass(frozen=True)
class Request:
    """What arrived, its body with any compression taken off; *client* is the port it came from."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    reply: Reply
    client: int


class Receiver:
    """Listens on a free loopback port; replies as scripted, then as the last reply given, at first 200."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.replies = deque(replies)
        self.default = Reply()
        self.requests: list[Request] = []
        self._arrived = threading.Condition()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, count: int, timeout_s: float = 20.0) -> list[Request]:
        """Return the requests once there are *count* of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, timeout_s), (
                f"{len(self.requests)} of {count} requests came"
            )
            return list(self.requests)

    def taken(self) -> list[Request]:
        """Return the requests that were answered 200."""
        with self._arrived:
            return [r for r in self.requests if r.reply.status == 200 and r.reply.manner == "answer"]

    def next_reply(self, path: str, headers: Mapping[str, str], body: bytes, client: int) -> Reply:
        """Note a request and say how to answer it."""
        with self._arrived:
            reply = self.replies.popleft() if self.replies else self.default
            self.requests.append(Request(path, headers, body, reply, client))
            self._arrived.notify_all()
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._reply(self, receiver.next_reply(self.path, headers, body, self.client_address[1]))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
                pass

        return Handler

    def _reply(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.manner == "answer":
            handler.send_response(reply.status)
            for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(reply.body)
            return
        handler.close_connection = True
        if reply.manner == "trickle":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while reply.manner != "hang up" and not self._ended.wait(0.02):
            if reply.manner == "trickle":
                try:
                    handler.wfile.write(b"x")
                except OSError:
                    return
