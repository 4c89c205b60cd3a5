"""Delivery to a real HTTP server, over restarts, kills and caps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel.documents import Protocol
from otel.retention import Caps, Retention
from otel.segments import iterate, segment_numbers, segment_path
from otel.shipper import Compression, Pace
from tests.otel.receiver import Receiver, Reply
from tests.otel.spooled import SLOW, Spool, arrived, dead_letters, spooling, until


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool in a fresh directory, closed after the test; its account balances then."""
    yield from spooling(tmp_path / "traces")


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_every_span_arrives_once_and_as_it_was_written(
    spool: Spool, protocol: Protocol, compression: Compression
) -> None:
    """Whatever protocol and compression, the endpoint gets every span of every line, once and in order."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, protocol=protocol, compression=compression, headers={"x-key": "k"}, start=False)
        for first in range(0, 40, 2):
            spool.write(first)
        shipper.start()
        assert shipper.drain(10)

        requests = receiver.requests

    assert arrived(requests) == list(range(40))
    assert {request.path for request in requests} == {"/v1/traces"}
    assert {request.headers["x-key"] for request in requests} == {"k"}
    assert {request.headers.get("content-encoding", "none") for request in requests} == {compression}
    assert spool.account.snapshot().delivered == 40


def test_one_line_is_posted_as_it_stands(spool: Spool) -> None:
    """With http/json a single document leaves byte for byte as it lies in the file."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, protocol="http/json")
        line = spool.write(0)
        assert shipper.drain(10)

        assert receiver.requests[0].body == line


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_no_request_is_larger_than_its_limit(spool: Spool, protocol: Protocol) -> None:
    """Lines are merged up to the limit, and a line beyond it is split between its spans."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, protocol=protocol, max_request_bytes=2000, start=False)
        for first in range(0, 8, 2):
            spool.write(first, 2, "x" * 30)
        spool.write(8, 16, "x" * 500)
        spool.write(24)
        shipper.start()
        assert shipper.drain(10)

        requests = receiver.requests

    assert arrived(requests) == list(range(26))
    assert max(len(request.body) for request in requests) <= 2000
    assert spool.account.snapshot().delivered == 26


def test_a_span_too_large_for_any_request_is_kept_aside(spool: Spool) -> None:
    """What cannot be split further is counted, kept as a dead letter, and its neighbours arrive."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, max_request_bytes=2000)
        spool.write(0)
        big = spool.write(2, 1, "x" * 3000)
        spool.write(3)
        assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1, 3, 4]
    letters = dead_letters(spool)
    assert [letter["reason"] for letter in letters] == ["too_large"]
    assert letters[0]["document"] == json.loads(big)
    assert spool.account.snapshot().dropped["too_large"] == 1


def test_an_unreadable_line_does_not_stop_the_others(spool: Spool) -> None:
    """A line that is no document counts as one item lost, is kept aside, and what follows is delivered."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver)
        spool.write(0)
        for line in (
            b"\0\0\0",
            b'{"resourceLogs":[]}',
            b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"x"}]}]}]}',
        ):
            spool.account.emitted(1)
            spool.writer.append(line)
            spool.account.written(1)
        spool.write(2)
        assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1, 2, 3]
    assert spool.account.snapshot().dropped["unreadable"] == 3
    assert len(dead_letters(spool)) == 3


def test_closing_ships_what_is_there(spool: Spool) -> None:
    """What was written before closing is still delivered if the endpoint takes it."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, pace=Pace(poll_s=30))
        receiver.default = Reply()
        until(lambda: shipper.status().state == "idle")
        spool.write(0)
        shipper.close(10)

        assert arrived(receiver.requests) == [0, 1]
    assert spool.account.snapshot().spooled == 0


def test_the_next_process_goes_on_where_this_one_ended(spool: Spool) -> None:
    """Undelivered items are carried over and counted as such; delivered ones are not sent again."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, segment_bytes=600)
        for first in range(0, 6, 2):
            spool.write(first)
        assert shipper.drain(10)
        receiver.default = Reply(503)
        spool.write(6, 3)
        receiver.wait_for(len(receiver.requests) + 1)

        receiver.default = Reply(200)
        receiver.requests.clear()
        shipper.close(5)
        already = spool.account.snapshot().delivered
        shipper = spool.begin(receiver)
        spool.write(9)
        assert shipper.drain(10)

        assert arrived(receiver.taken())[-2:] == [9, 10]
        assert sorted(set(arrived(receiver.taken()))) == sorted(range(already, 11))
    snapshot = spool.account.snapshot()
    assert (snapshot.carried, snapshot.delivered) == (9 - already, 11 - already)


def test_a_damaged_cursor_sends_all_that_is_kept_again(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    """Without a readable cursor nothing is skipped: delivery starts from the oldest line, and the log says so."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver)
        spool.write(0)
        assert shipper.drain(10)
        spool.end()
        (spool.directory / "cursor").write_bytes(b"\xff" * 128)
        shipper = spool.begin(receiver)
        assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1, 0, 1]
    assert spool.account.snapshot().carried == 2
    assert "damaged" in caplog.text


def test_a_cursor_beyond_the_files_skips_nothing_new(spool: Spool) -> None:
    """After segments are gone, their number is used again, and the new lines are delivered from the first on."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver)
        spool.write(0, 5)
        assert shipper.drain(10)
        spool.end()
        segment_path(spool.directory, 1).unlink()
        shipper = spool.begin(receiver)
        spool.write(5)
        assert shipper.drain(10)

        assert arrived(receiver.requests) == [0, 1, 2, 3, 4, 5, 6]


def test_over_the_cap_the_oldest_unshipped_are_dropped_and_counted(spool: Spool) -> None:
    """Retention drops exactly the items of the segments it deletes; the rest is delivered in the end."""
    retention = Retention(spool.directory, Caps(max_bytes=2000))
    with Receiver() as receiver:
        receiver.default = Reply(503)
        shipper = spool.begin(receiver, segment_bytes=1, retention=retention, start=False)
        for first in range(0, 20, 2):
            spool.write(first)
        shipper.start()
        until(lambda: not retention.over_caps())
        receiver.default = Reply()
        assert shipper.drain(10)
        dropped = spool.account.snapshot().dropped["retention"]

        assert dropped >= 2
        assert arrived(receiver.taken()) == list(range(dropped, 20))
        assert len(segment_numbers(spool.directory)) == (20 - dropped) / 2
    assert spool.account.snapshot().delivered == 20 - dropped


def test_what_is_dropped_while_it_is_being_retried_is_given_up(spool: Spool) -> None:
    """Lines that retention takes while they are being retried are dropped, and delivery goes on behind them."""
    with Receiver() as receiver:
        receiver.default = Reply(503)
        shipper = spool.begin(receiver, segment_bytes=1, retention=Retention(spool.directory, Caps(max_age_s=3600)))
        spool.write(0)
        receiver.wait_for(1)
        spool.write(2)
        os.utime(segment_path(spool.directory, 1), (0, 0))
        until(lambda: spool.account.snapshot().dropped["retention"] == 2)
        receiver.default = Reply()
        assert shipper.drain(10)

        assert arrived(receiver.taken()) == [2, 3]


def test_a_half_delivered_line_counts_when_it_is_done(spool: Spool) -> None:
    """A line sent in pieces is delivered with its last piece; until then a new process would send it all again."""
    with Receiver(Reply(), Reply()) as receiver:
        receiver.default = Reply(503)
        shipper = spool.begin(receiver, max_request_bytes=2000)
        spool.write(0, 16, "x" * 500)
        receiver.wait_for(4)
        assert spool.account.snapshot().delivered == 0
        shipper.close(5)
        receiver.requests.clear()
        receiver.default = Reply()
        shipper = spool.begin(receiver, max_request_bytes=2000)
        assert shipper.drain(10)

        assert arrived(receiver.requests) == list(range(16))
    assert (spool.account.snapshot().carried, spool.account.snapshot().delivered) == (16, 16)


def test_a_half_delivered_line_that_is_dropped_counts_once(spool: Spool) -> None:
    """When retention takes a line of which some pieces have arrived, all of it counts as dropped, none as delivered."""
    with Receiver(Reply(), Reply()) as receiver:
        receiver.default = Reply(503)
        caps = Retention(spool.directory, Caps(max_age_s=3600))
        shipper = spool.begin(receiver, segment_bytes=1, retention=caps, max_request_bytes=2000)
        spool.write(0, 16, "x" * 500)
        receiver.wait_for(4)
        spool.write(16)
        os.utime(segment_path(spool.directory, 1), (0, 0))
        until(lambda: spool.account.snapshot().dropped["retention"])
        receiver.default = Reply()
        assert shipper.drain(10)

    assert spool.account.snapshot().dropped["retention"] == 16
    assert spool.account.snapshot().delivered == 2


class Stubborn(Retention):
    """Cannot delete the first segment until it is *released*, as when someone has it open on Windows."""

    released = False

    def delete(self, number: int) -> bool:
        """Delete any other segment."""
        return (number != 1 or self.released) and super().delete(number)


def test_an_unshipped_segment_that_cannot_be_deleted_is_delivered(spool: Spool) -> None:
    """What retention wants to drop but cannot is not counted as dropped, nor is anything skipped for it."""
    retention = Stubborn(spool.directory, Caps(max_age_s=3600))
    with Receiver() as receiver:
        receiver.default = Reply(503)
        shipper = spool.begin(receiver, segment_bytes=1, retention=retention)
        for first in (0, 2, 4):
            spool.write(first)
        for number in (1, 2):
            os.utime(segment_path(spool.directory, number), (0, 0))
        receiver.wait_for(12)  # retries go on for longer than a round of housekeeping takes to come
        receiver.default = Reply()
        assert shipper.drain(10)

        assert arrived(receiver.taken()) == [0, 1, 2, 3, 4, 5]
        retention.released = True
        until(lambda: segment_numbers(spool.directory) == [3])
    assert spool.account.snapshot().dropped["retention"] == 0


def test_shipped_segments_go_without_loss(spool: Spool) -> None:
    """Over the cap, what has been delivered goes first, and that is no loss."""
    with Receiver() as receiver:
        shipper = spool.begin(receiver, segment_bytes=1, retention=Retention(spool.directory, Caps(max_bytes=1500)))
        for first in range(0, 20, 2):
            spool.write(first)
            assert shipper.drain(10)
        until(lambda: len(segment_numbers(spool.directory)) < 5)

    assert spool.account.snapshot().delivered == 20


def test_the_status_tells_how_old_the_oldest_waiting_item_is(spool: Spool) -> None:
    """The age is that of the first item that waits, by its own time; nothing waits, no age."""
    with Receiver(Reply(503)) as receiver:
        shipper = spool.begin(receiver, pace=SLOW, clock=lambda: 1_700_000_100.25)
        assert shipper.status().oldest_unshipped_age_s == 0
        spool.write(0)
        until(lambda: shipper.status().state == "retrying")

        assert shipper.status().oldest_unshipped_age_s == pytest.approx(100)
        assert shipper.status().last_success is None


KILLED = """
import sys, time
from pathlib import Path
from otel.accounts import SignalAccount
from otel.segments import SegmentWriter
from otel.shipper import Destination, Pace, Shipper
from tests.otel.spooled import spans
directory, first = Path(sys.argv[1]), int(sys.argv[3])
writer = SegmentWriter(directory, max_bytes=20_000)
shipper = Shipper("traces", directory, Destination(url=sys.argv[2]), SignalAccount(), pace=Pace(poll_s=0.001))
shipper.start()
print("ready", flush=True)
while True:
    writer.append(spans(first))
    first += 2
    if first % 40 == 0:
        time.sleep(0.01)  # or a slow machine has more to ship afterwards than this test is about
"""


def test_no_kill_loses_a_written_span(spool: Spool) -> None:
    """A process killed while writing and shipping leaves nothing that does not arrive in the end."""
    with Receiver() as receiver:
        for attempt in range(3):
            written = sum(1 for _ in iterate(spool.directory)) * 2
            process = subprocess.Popen(
                [sys.executable, "-c", KILLED, str(spool.directory), receiver.url, str(written)],
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None
            assert process.stdout.readline().strip() == b"ready"
            receiver.wait_for(len(receiver.requests) + 2 + attempt)
            process.kill()
            process.wait()
            process.stdout.close()
        shipper = spool.begin(receiver)
        assert shipper.drain(30)

        written = sum(1 for _ in iterate(spool.directory)) * 2
        assert sorted(set(arrived(receiver.requests))) == list(range(written))
