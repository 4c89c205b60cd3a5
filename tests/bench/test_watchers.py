"""Those who look on, before a server that does not do what it should."""

from __future__ import annotations

import socket
import threading

import pytest

from bench.results import BenchError
from bench.watchers import HOST, Watchers, watching


def answer_once(listener: socket.socket, answer: bytes) -> None:
    """Take one connection, answer it so, and end it."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answered HTTP/1.1 503"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "a stream ended"),
    ],
)
def test_a_stream_that_is_refused_or_ends_fails_the_measurement(answer: bytes, said: str) -> None:
    """No figure comes of pages that were not open."""
    with socket.create_server((HOST, 0)) as listener:
        server = threading.Thread(target=answer_once, args=(listener, answer))
        server.start()
        watchers = Watchers(port=listener.getsockname()[1], key="any", streams=1)
        with pytest.raises(BenchError, match=said), watching(watchers):
            pytest.fail("nobody looks on")
        server.join()
