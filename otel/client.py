"""One HTTP POST with an end to it: the shipper's only way out."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import sys
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import httpx2

from otel.answers import Answer
from otel.documents import Protocol

Compression = Literal["none", "gzip"]

_LONGEST_ANSWER: Final = 64 * 1024
# Shorter than what servers commonly allow (uvicorn 5 s), so that a request seldom meets a connection being closed.
_KEEP_ALIVE_S: Final = 2.0
_OURS: Final = {"user-agent": "mt5-otel", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one signal is sent, and how.

    Attributes:
        url: the complete address, such as `http://127.0.0.1:4318/v1/traces`.
        headers: sent with every request; never shown, they hold keys.
        timeout_s: seconds for a whole request, from connecting to the last byte of the answer.
        ca_file: certificates that sign the server's, instead of the system's own.
        client_certificate_file: our certificate, PEM, where the server asks for one.
        client_key_file: its key, if it is not in the same file.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    protocol: Protocol = "http/protobuf"
    compression: Compression = "none"
    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None
    timeout_s: float = 10.0

    @property
    def shown(self) -> str:
        """The address without what may be secret in it: no user, password or query."""
        url = httpx2.URL(self.url)
        return f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}"


class NoAnswerError(Exception):
    """No answer came: no connection, a broken one, or none in time."""


class OtlpClient:
    """Posts bodies to one destination over one connection that is kept open.

    Redirects are not followed, no cookie is kept, nothing is logged. The proxy is the environment's (or the Windows
    registry's), except towards this machine itself. Made for one thread; only `interrupt` is for others.

    Raises:
        OSError: a certificate file cannot be read or used (`ssl.SSLError` is one).
    """

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._timeout = httpx2.Timeout(destination.timeout_s).as_dict()
        self._transport = httpx2.HTTPTransport(
            verify=_ssl_context(destination) if destination.url.startswith("https:") else False,
            proxy=_proxy(destination.url),
            trust_env=False,
            limits=httpx2.Limits(max_connections=1, keepalive_expiry=_KEEP_ALIVE_S),
        )
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._request: httpx2.Request | None = None
        self._expired = False
        self._interrupted = False

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send *body* and return the answer; `NoAnswerError` if there is none within the destination's timeout."""
        request = httpx2.Request(
            "POST",
            self._destination.url,
            headers={**_OURS, **self._destination.headers, **headers},
            content=body,
            extensions={"timeout": self._timeout, "trace": self._trace},
        )
        # The transport's timeouts are for one read or write each: against a peer that trickles, they never end.
        timer = threading.Timer(self._destination.timeout_s, self._cut, (request,))
        timer.daemon = True
        self._request, self._expired = request, False
        timer.start()
        try:
            return _answer(self._transport.handle_request(request))
        except (httpx2.HTTPError, OSError) as error:
            raise NoAnswerError(self._explain(error)) from error
        finally:
            timer.cancel()
            self._request = None

    def interrupt(self) -> None:
        """End the request under way and let no other succeed; returns at once, from any thread."""
        self._interrupted = True
        self._shut()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
            if self._interrupted or self._expired:
                self._shut()

    def _cut(self, request: httpx2.Request) -> None:
        if self._request is request:
            self._expired = True
            self._shut()

    def _shut(self) -> None:
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):  # closed already
                    # Not the TLS socket's own method, which would let the reader go on in plain text.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                if sys.platform == "win32":
                    # There a thread that waits for a socket goes on waiting when it is shut down, until it is closed.
                    socket.socket.close(self._socket)

    def _explain(self, error: Exception) -> str:
        if self._expired or isinstance(error, httpx2.TimeoutException):
            return f"no answer within {self._destination.timeout_s:g} s"
        if isinstance(error, httpx2.LocalProtocolError):
            return "the request cannot be sent; a header may be malformed"  # its own words would show the header
        return str(error) or type(error).__name__


def _answer(response: httpx2.Response) -> Answer:
    try:
        body = b""
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > _LONGEST_ANSWER:
                break
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)
    finally:
        response.close()


def _ssl_context(destination: Destination) -> ssl.SSLContext:
    if destination.ca_file is None:
        context = httpx2.create_ssl_context()
    else:
        context = ssl.create_default_context(cafile=str(destination.ca_file))
    if destination.client_certificate_file is not None:
        # The empty password: a key that needs one is an error here, not a question on the terminal.
        context.load_cert_chain(destination.client_certificate_file, destination.client_key_file, password="")
    return context


def _proxy(url: str) -> str | None:
    parsed = httpx2.URL(url)
    if _is_this_machine(parsed.host) or urllib.request.proxy_bypass(parsed.host):
        return None
    return urllib.request.getproxies().get(parsed.scheme)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
