"""One request, one answer, within one deadline."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from otel.client import Destination, NoAnswerError, OtlpClient
from tests.otel.certificates import make_authority
from tests.otel.receiver import BLACKHOLE, HANG_UP, TRICKLE, Receiver, Reply

Open = Callable[..., OtlpClient]


@pytest.fixture
def open_client() -> Iterator[Open]:
    """Open clients that the end of the test closes."""
    with ExitStack() as stack:

        def open_one(url: str, **settings: Any) -> OtlpClient:
            return stack.enter_context(closing(OtlpClient(Destination(url=url, **{"timeout_s": 5.0, **settings}))))

        yield open_one


def test_an_answer_has_status_headers_and_body(open_client: Open) -> None:
    """The answer comes back as it was sent, and the request carried the destination's headers and ours."""
    with Receiver(Reply(429, {"Retry-After": "3"}, b"slow down")) as receiver:
        answer = open_client(receiver.url, headers={"x-key": "k"}).post(b"body", {"content-type": "text/x"})

        (request,) = receiver.requests
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "3", b"slow down")
    assert (request.body, request.headers["x-key"], request.headers["content-type"]) == (b"body", "k", "text/x")


def test_one_connection_serves_many_requests(open_client: Open) -> None:
    """Requests in a row do not open a connection each."""
    with Receiver() as receiver:
        client = open_client(receiver.url)
        for _ in range(5):
            client.post(b"", {})

        assert len({request.client for request in receiver.requests}) == 1


@pytest.mark.parametrize("manner", [BLACKHOLE, TRICKLE])
def test_the_deadline_is_for_the_whole_request(open_client: Open, manner: Reply) -> None:
    """A silent peer and one that trickles are both given up after the timeout, which the error names."""
    with Receiver(manner) as receiver:
        client = open_client(receiver.url, timeout_s=0.3)
        begin = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"no answer within 0\.3 s"):
            client.post(b"", {})

        assert 0.25 < time.monotonic() - begin < 2
        assert client.post(b"", {}).status == 200


def test_a_broken_connection_is_no_answer(open_client: Open) -> None:
    """A peer that hangs up, or is not there, raises the same error, with the cause in words."""
    with Receiver(HANG_UP) as receiver:
        client = open_client(receiver.url)
        with pytest.raises(NoAnswerError, match="disconnected"):
            client.post(b"", {})
    with pytest.raises(NoAnswerError, match="refused"):
        client.post(b"", {})


def test_an_interrupt_ends_the_request_under_way(open_client: Open) -> None:
    """Another thread can end a request that waits, and no later one succeeds."""
    with Receiver(BLACKHOLE) as receiver:
        client = open_client(receiver.url, timeout_s=60)

        def interrupt() -> None:
            receiver.wait_for(1)
            client.interrupt()

        threading.Thread(target=interrupt, daemon=True).start()
        begin = time.monotonic()
        with pytest.raises(NoAnswerError):
            client.post(b"", {})
        with pytest.raises(NoAnswerError):
            client.post(b"", {})

        assert time.monotonic() - begin < 20


def test_redirects_are_not_followed(open_client: Open) -> None:
    """A redirect is the answer: neither data nor keys go to an address nobody configured."""
    with Receiver() as elsewhere, Receiver(Reply(307, {"location": elsewhere.url})) as receiver:
        answer = open_client(receiver.url, headers={"authorization": "secret"}).post(b"", {})

        assert answer.status == 307
        assert not elsewhere.requests


def test_an_endless_answer_is_cut(open_client: Open) -> None:
    """No more of an answer is kept than what a partialSuccess can need."""
    with Receiver(Reply(200, body=b"x" * 1_000_000)) as receiver:
        client = open_client(receiver.url)

        assert len(client.post(b"", {}).body) < 300_000
        assert client.post(b"", {}).status == 200


def test_a_server_is_believed_if_the_given_authority_signed_it(open_client: Open, tmp_path: Path) -> None:
    """With the authority's file the request arrives; with another's, nothing is sent."""
    right, wrong = make_authority(tmp_path / "right"), make_authority(tmp_path / "wrong")
    with Receiver(tls=right.server()) as receiver:
        assert open_client(receiver.url, ca_file=right.ca_file).post(b"", {}).status == 200
        with pytest.raises(NoAnswerError, match="certificate verify failed"):
            open_client(receiver.url, ca_file=wrong.ca_file).post(b"", {})
        with pytest.raises(NoAnswerError, match=r"certificate verify failed|not trusted"):
            open_client(receiver.url).post(b"", {})

        assert len(receiver.requests) == 1


def test_a_server_may_ask_for_our_certificate(open_client: Open, tmp_path: Path) -> None:
    """The client's certificate and key open the door; without them there is no answer."""
    authority = make_authority(tmp_path)
    certificate, key = authority.issue("client")
    with Receiver(tls=authority.server(ask_client=True)) as receiver:
        client = open_client(
            receiver.url, ca_file=authority.ca_file, client_certificate_file=certificate, client_key_file=key
        )
        assert client.post(b"", {}).status == 200
        with pytest.raises(NoAnswerError):
            open_client(receiver.url, ca_file=authority.ca_file).post(b"", {})


def test_the_deadline_also_holds_over_tls(open_client: Open, tmp_path: Path) -> None:
    """A trickled answer through TLS is given up in time, and closing the door leaves no plain text behind."""
    authority = make_authority(tmp_path)
    with Receiver(TRICKLE, tls=authority.server()) as receiver:
        client = open_client(receiver.url, ca_file=authority.ca_file, timeout_s=0.5)
        with pytest.raises(NoAnswerError, match="no answer within"):
            client.post(b"", {})

        assert client.post(b"", {}).status == 200


def test_an_unusable_certificate_file_is_an_error_at_once(open_client: Open, tmp_path: Path) -> None:
    """A missing file, one that holds none and a key with a password raise before anything is sent, and ask nothing."""
    authority = make_authority(tmp_path)
    certificate, locked = authority.issue("locked", password=b"secret")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    url = "https://127.0.0.1:1/v1/traces"
    with pytest.raises(FileNotFoundError):
        open_client(url, ca_file=tmp_path / "missing.pem")
    with pytest.raises(ssl.SSLError):
        open_client(url, ca_file=nonsense)
    with pytest.raises(ssl.SSLError):
        open_client(url, ca_file=authority.ca_file, client_certificate_file=certificate, client_key_file=locked)


def test_a_malformed_header_does_not_show_itself(open_client: Open) -> None:
    """A key with a stray line break cannot be sent, and the error does not quote it."""
    with Receiver() as receiver:
        client = open_client(receiver.url, headers={"authorization": "Bearer secret\nline"})
        with pytest.raises(NoAnswerError, match="header") as caught:
            client.post(b"", {})

    assert "secret" not in str(caught.value)


def test_a_destination_does_not_show_its_secrets() -> None:
    """Neither headers, nor user and password, nor the query are in what may be logged."""
    destination = Destination(url="https://user:hidden@host:4318/v1/logs?key=hidden", headers={"a": "hidden"})

    assert destination.shown == "https://host:4318/v1/logs"
    assert "{'a'" not in repr(destination)


def test_the_environments_proxy_is_used_except_for_this_machine(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request to another host goes through the proxy, one to loopback never does."""
    with Receiver() as proxy, Receiver() as receiver:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        open_client("http://collector.invalid:4318/v1/traces").post(b"far", {})
        open_client(receiver.url).post(b"near", {})
        open_client(receiver.url.replace("127.0.0.1", "localhost")).post(b"near", {})

        assert [request.body for request in proxy.requests] == [b"far"]
        assert [request.body for request in receiver.requests] == [b"near"] * 2


def test_requests_leave_no_line_in_the_log(open_client: Open, caplog: pytest.LogCaptureFixture) -> None:
    """At the usual level a request logs nothing, which would be telemetry to ship again."""
    caplog.set_level(logging.INFO)
    with Receiver() as receiver:
        open_client(receiver.url).post(b"", {})

    assert not caplog.records
