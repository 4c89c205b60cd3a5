"""Delivery to an endpoint that misbehaves in every way a real one does."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel.segments import segment_path
from otel.troubles import Troubles
from tests.otel.receiver import BLACKHOLE, HANG_UP, TRICKLE, Receiver, Reply
from tests.otel.spooled import SLOW, Spool, arrived, dead_letters, spooling, until


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool in a fresh directory, closed after the test; its account balances then."""
    yield from spooling(tmp_path / "traces")


@pytest.mark.parametrize("status", [400, 402, 413, 422])
def test_what_the_endpoint_refuses_is_kept_aside(spool: Spool, status: int) -> None:
    """A refused document becomes a dead letter with the endpoint's words, counted, and is not sent again."""
    with Receiver(Reply(status, body=b"bad span"), Reply()) as receiver:
        shipper = spool.begin(receiver)
        line = spool.write(0)
        assert shipper.drain(10)
        spool.write(2)
        assert shipper.drain(10)

        assert arrived(receiver.taken()) == [2, 3]
        assert len(receiver.requests) == 2
    (letter,) = dead_letters(spool)
    assert letter["document"] == json.loads(line)
    assert str(status) in letter["reason"]
    assert letter["detail"] == "bad span"
    assert spool.account.snapshot().dropped["refused"] == 2


def test_a_dead_letter_that_cannot_be_kept_is_counted_all_the_same(spool: Spool) -> None:
    """If there is no place for dead letters, the queue still moves on and the loss is in the account."""
    spool.directory.mkdir()
    (spool.directory / "dead").write_text("in the way")
    with Receiver(Reply(400), Reply()) as receiver:
        shipper = spool.begin(receiver)
        spool.write(0)
        assert shipper.drain(10)
        spool.write(2)
        assert shipper.drain(10)

        assert arrived(receiver.taken()) == [2, 3]
    assert spool.account.snapshot().dropped["refused"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file on which every write finds the disk full")
def test_a_cursor_that_cannot_be_saved_does_not_stop_delivery(spool: Spool) -> None:
    """With no room even for the cursor everything is delivered, once, as long as this process lives."""
    spool.directory.mkdir()
    (spool.directory / "cursor").symlink_to("/dev/full")
    with Receiver() as receiver:
        shipper = spool.begin(receiver)
        for first in (0, 2):
            spool.write(first)
            assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1, 2, 3]


def test_one_bad_document_does_not_take_its_neighbours_along(spool: Spool) -> None:
    """When a merged request is refused, it is taken apart until only the document to blame is left out."""
    refusing = {9}

    class Picky(Receiver):
        def next_reply(self, path: str, headers: Any, body: bytes, client: int) -> Reply:
            """Refuse what holds the span to blame."""
            super().next_reply(path, headers, body, client)
            bad = refusing & set(arrived(self.requests[-1:]))
            self.requests[-1] = replace(self.requests[-1], reply=Reply(400 if bad else 200))
            return self.requests[-1].reply

    with Picky() as receiver:
        shipper = spool.begin(receiver, start=False)
        for first in range(0, 20, 2):
            spool.write(first)
        shipper.start()
        assert shipper.drain(10)

        assert sorted(arrived(receiver.taken())) == [n for n in range(20) if n not in (8, 9)]
    assert spool.account.snapshot().dropped["refused"] == 2


@pytest.mark.parametrize("status", [401, 403, 404, 415, 307])
def test_a_wrong_configuration_parks_the_queue(spool: Spool, status: int) -> None:
    """Nothing is lost while the endpoint does not accept us as we are; the status says why, and all arrives later."""
    with Receiver() as receiver:
        receiver.default = Reply(status, {"location": receiver.url})
        shipper = spool.begin(receiver)
        spool.write(0)
        receiver.wait_for(2)

        parked = shipper.status()
        assert (parked.state, parked.spooled_items) == ("parked", 2)
        assert str(status) in parked.reason
        assert parked.next_attempt is not None

        receiver.default = Reply()
        assert shipper.drain(10)
        assert arrived(receiver.taken()) == [0, 1]
    assert shipper.status().state == "idle"
    assert not dead_letters(spool)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_an_endpoint_in_trouble_is_tried_again(spool: Spool, status: int) -> None:
    """These answers are retried until the endpoint takes the data, and nothing is lost."""
    with Receiver(*[Reply(status)] * 4) as receiver:
        shipper = spool.begin(receiver)
        spool.write(0)
        assert shipper.drain(10)

        assert arrived(receiver.taken()) == [0, 1]
        assert len(receiver.requests) == 5
    assert not dead_letters(spool)


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(spool: Spool, as_date: bool) -> None:
    """The next attempt is due when the endpoint asked for it, in seconds or as a date."""
    now = 1_700_000_000.0
    value = format_datetime(datetime.fromtimestamp(now + 30, UTC), usegmt=True) if as_date else "30"
    with Receiver(Reply(503, {"retry-after": value})) as receiver:
        shipper = spool.begin(receiver, clock=lambda: now)
        spool.write(0)
        receiver.wait_for(1)
        until(lambda: shipper.status().state == "retrying")

        assert shipper.status().next_attempt == now + 30
        assert len(receiver.requests) == 1


def test_a_short_retry_after_is_waited_for(spool: Spool) -> None:
    """The wait really takes what was asked for, although our own pace is quicker."""
    with Receiver(Reply(429, {"retry-after": "1"})) as receiver:
        shipper = spool.begin(receiver)
        spool.write(0)
        receiver.wait_for(1)
        begin = time.monotonic()
        receiver.wait_for(2)

        assert time.monotonic() - begin >= 0.9
        assert shipper.drain(10)


def test_partial_success_counts_as_rejected(spool: Spool) -> None:
    """Items that the endpoint left out behind a 200 are dropped for that reason, by either encoding of the answer."""
    partial = ExportTraceServiceResponse()
    partial.partial_success.rejected_spans = 1
    replies = [
        Reply(200, {"content-type": "application/x-protobuf"}, partial.SerializeToString()),
        Reply(200, {"content-type": "application/json"}, b'{"partialSuccess":{"rejectedSpans":"2"}}'),
        Reply(200, {"content-type": "application/json"}, b'{"partialSuccess":{"rejectedSpans":"99"}}'),
    ]
    with Receiver(*replies) as receiver:
        shipper = spool.begin(receiver)
        for first in (0, 3, 6):
            spool.write(first, 3)
            assert shipper.drain(10)

    snapshot = spool.account.snapshot()
    assert (snapshot.delivered, snapshot.dropped["rejected"]) == (3, 6)


@pytest.mark.parametrize("manner", [BLACKHOLE, TRICKLE, HANG_UP])
def test_an_answer_that_never_comes_is_given_up_and_tried_again(spool: Spool, manner: Reply) -> None:
    """A peer that takes the request and is silent, or trickles its answer, costs one timeout and no data."""
    with Receiver(manner) as receiver:
        shipper = spool.begin(receiver, timeout_s=0.3)
        spool.write(0)
        assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1, 0, 1]
    assert spool.account.snapshot().delivered == 2


def test_an_endpoint_that_comes_up_later_gets_everything(spool: Spool) -> None:
    """With nobody listening the process runs on, the status says so, and all is delivered once somebody is."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    shipper = spool.begin(f"http://127.0.0.1:{port}/v1/traces")
    spool.write(0)
    until(lambda: shipper.status().state == "retrying")
    assert "refused" in shipper.status().reason
    with Receiver(port=port) as receiver:
        assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1]


@pytest.mark.parametrize("manner", [BLACKHOLE, TRICKLE])
def test_closing_never_waits_longer_than_it_may(spool: Spool, manner: Reply) -> None:
    """Even in the middle of a request that will never be answered, closing returns in time and the data stays."""
    with Receiver(manner) as receiver:
        shipper = spool.begin(receiver, timeout_s=60)
        spool.write(0)
        receiver.wait_for(1)
        begin = time.monotonic()
        shipper.close(0.5)

        assert time.monotonic() - begin < 2.0  # half a second, and some mercy for a busy machine
        assert not shipper_threads()
    assert spool.account.snapshot().spooled == 2


def test_closing_in_trouble_is_quick(spool: Spool) -> None:
    """When the last attempt failed there is nothing to hope for: closing does not use up its time."""
    with Receiver(Reply(503)) as receiver:
        shipper = spool.begin(receiver, pace=SLOW)
        spool.write(0)
        until(lambda: shipper.status().state == "retrying")
        begin = time.monotonic()
        shipper.close(30)

        assert time.monotonic() - begin < 5


def test_closing_in_trouble_ends_the_attempt_under_way(spool: Spool) -> None:
    """An attempt that follows a failed one is not waited for either."""
    with Receiver(Reply(503), BLACKHOLE) as receiver:
        shipper = spool.begin(receiver, timeout_s=60)
        spool.write(0)
        receiver.wait_for(2)
        begin = time.monotonic()
        shipper.close(30)

        assert time.monotonic() - begin < 5
        assert not shipper_threads()


def test_nothing_is_touched_after_closing(spool: Spool) -> None:
    """A thread that is held up while closing changes neither cursor nor account when it goes on afterwards."""
    held, go_on = threading.Event(), threading.Event()

    def clock() -> float:
        if threading.current_thread().name.startswith("otel-shipper") and receiver.requests:
            held.set()
            go_on.wait(20)
        return 1_700_000_000.0

    with Receiver() as receiver:
        shipper = spool.begin(receiver, clock=clock)
        spool.write(0)
        assert held.wait(20)
        shipper.close(0.2)
        before = (spool.directory / "cursor").read_bytes()
        (thread,) = shipper_threads()
        go_on.set()
        thread.join(20)

    assert (spool.directory / "cursor").read_bytes() == before
    assert spool.account.snapshot().spooled == 2


def test_our_own_requests_are_no_telemetry(spool: Spool) -> None:
    """While shipping, instrumentation is suppressed: delivery never makes spans that have to be delivered."""
    enabled: dict[str, bool] = {}

    def clock() -> float:
        enabled[threading.current_thread().name] = is_instrumentation_enabled()
        return 1_700_000_000.0

    with Receiver() as receiver:
        shipper = spool.begin(receiver, clock=clock)
        spool.write(0)
        assert shipper.drain(10)

    assert enabled["otel-shipper-traces"] is False
    assert is_instrumentation_enabled()


def test_trouble_is_logged_once_a_minute_whatever_the_number_of_attempts(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    """Many failures are one line, which names the address and no key."""
    caplog.set_level(logging.INFO)
    with Receiver() as receiver:
        receiver.default = Reply(401)
        url = receiver.url.replace("//", "//user:password@") + "?key=secret-query"
        shipper = spool.begin(url, headers={"authorization": "Bearer secret-header"})
        spool.write(0)
        receiver.wait_for(5)
        shipper.close(1)

    assert len(caplog.records) == 1
    assert f"127.0.0.1:{receiver.port}/v1/traces" in caplog.text
    assert "401" in caplog.text
    assert not any(secret in caplog.text for secret in ("secret", "password"))


def test_signals_share_one_line(spool: Spool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two signals in trouble say so together, at most once per interval."""
    troubles = Troubles(interval_s=3600)
    with Receiver() as receiver:
        receiver.default = Reply(503)
        other = Spool(tmp_path / "logs")
        for each in (spool, other):
            each.begin(receiver, troubles=troubles)
            each.write(0)
        until(lambda: all(each.shipper.status().state == "retrying" for each in (spool, other)))
        receiver.wait_for(6)
        other.end()

    assert len(caplog.records) == 1


def test_threads_and_sockets_do_not_pile_up(spool: Spool) -> None:
    """A long outage holds one thread, one timer and one connection at most."""
    with Receiver() as receiver:
        receiver.default = BLACKHOLE
        spool.begin(receiver, timeout_s=0.05)
        for first in range(0, 60, 2):
            spool.write(first)
        receiver.wait_for(10)

        assert len(shipper_threads()) == 1
        # One that was cancelled may be on its way out.
        until(lambda: sum(isinstance(thread, threading.Timer) for thread in threading.enumerate()) <= 1)
        receiver.default = Reply()
        assert spool.shipper.drain(10)


def test_a_fault_in_delivery_does_not_end_it(spool: Spool) -> None:
    """Whatever goes wrong inside, the thread lives, says so in the status, and delivers once it can."""
    (spool.directory).mkdir()
    with Receiver() as receiver:
        shipper = spool.begin(receiver)
        obstacle = segment_path(spool.directory, 99999998)
        obstacle.mkdir()
        until(lambda: shipper.status().state == "retrying")
        assert ("PermissionError" if sys.platform == "win32" else "IsADirectoryError") in shipper.status().reason
        obstacle.rmdir()
        spool.write(0)
        assert shipper.drain(10)


def shipper_threads() -> list[threading.Thread]:
    """Return the delivery threads that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("otel-shipper")]
