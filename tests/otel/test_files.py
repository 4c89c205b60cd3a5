"""Delivery by files: every item is on disk or counted."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from typing import Any

import pytest

from otel.accounts import SIGNALS, SignalAccount
from otel.config import OtlpEndpoint, TelemetryConfig
from otel.encode import encode_spans
from otel.files import FileSink, file_sinks
from otel.guard import Deadline, QuietLog
from otel.segments import iterate
from tests.otel import made
from tests.otel.receiver import Receiver

_log = logging.getLogger("otel.files")


class FullDisk:
    """A writer on a disk that is full for some lines."""

    def __init__(self, *failures: bool) -> None:
        self._failures = list(failures)
        self.lines: list[bytes] = []

    def append(self, line: bytes) -> None:
        """Append, or find no space."""
        if self._failures and self._failures.pop(0):
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines.append(line)

    def close(self) -> None:
        """Nothing to do."""


def _accounts(*, spooling: bool) -> dict[Any, SignalAccount]:
    return {signal: SignalAccount(spooling=spooling) for signal in SIGNALS}


def test_a_full_disk_drops_what_it_cannot_take_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """Lines that find no space are counted, one log line tells, and later lines are written again."""
    account = SignalAccount(spooling=False)
    disk = FullDisk(True, True, False)
    sink = FileSink(encode_spans, disk, account, QuietLog(_log))

    for _ in range(3):
        account.emitted(2)
        sink.write([made.span(), made.span()])

    snapshot = account.snapshot()
    assert (snapshot.dropped["write_failed"], snapshot.delivered, snapshot.in_memory) == (4, 2, 0)
    assert len(disk.lines) == 1
    assert len([m for m in caplog.messages if "No space left" in m]) == 1


def test_what_cannot_be_encoded_is_counted() -> None:
    """A fault of the encoder costs its batch and nothing else."""
    account = SignalAccount(spooling=False)
    account.emitted(1)

    FileSink(encode_spans, FullDisk(), account, QuietLog(_log)).write([made.span(attributes={"x": "\ud800"})])

    assert account.snapshot().dropped["fault"] == 1


def test_each_signal_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """A batch becomes one line in the folder of its signal; without an endpoint, written is delivered."""
    accounts = _accounts(spooling=False)
    sinks = file_sinks(TelemetryConfig(directory=tmp_path), accounts)
    batches: dict[Any, Any] = {
        "traces": [made.span(), made.span()],
        "logs": [made.log()],
        "metrics": made.metrics(made.counter("c", made.number(1), made.number(2, a="b"))),
    }

    for signal, batch in batches.items():
        accounts[signal].emitted(2 if signal != "logs" else 1)
        sinks[signal].write(batch)
        sinks[signal].close(Deadline(1))

    assert {signal: len(list(iterate(tmp_path / signal))) for signal in sinks} == dict.fromkeys(SIGNALS, 1)
    assert {signal: account.snapshot().delivered for signal, account in accounts.items()} == {
        "traces": 2,
        "logs": 1,
        "metrics": 2,
    }
    assert {sink.status() for sink in sinks.values()} == {None}


def test_signals_switched_off_and_folders_not_given_write_nothing(tmp_path: Path) -> None:
    """Only what is wanted is written, and only where a folder is given."""
    wanted = file_sinks(TelemetryConfig(directory=tmp_path, signals=frozenset({"logs"})), _accounts(spooling=False))
    for sink in wanted.values():
        sink.close(Deadline(1))

    assert list(wanted) == ["logs"]
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    assert file_sinks(TelemetryConfig(), _accounts(spooling=False)) == {}


def test_an_endpoint_gets_what_is_written(tmp_path: Path) -> None:
    """With an endpoint the lines are shipped as they come, with its headers, and the account says so."""
    accounts = _accounts(spooling=True)
    with Receiver() as receiver:
        endpoint = OtlpEndpoint(url=receiver.url, headers={"x-key": "k"}, protocol="http/json")
        config = TelemetryConfig(directory=tmp_path, endpoints={"traces": endpoint}, signals=frozenset({"traces"}))
        sink = file_sinks(config, accounts)["traces"]
        accounts["traces"].emitted(1)
        sink.write([made.span()])
        (request,) = receiver.wait_for(1)
        sink.close(Deadline(5))

    assert request.headers["x-key"] == "k"
    assert [line.data for line in iterate(tmp_path / "traces")] == [request.body]
    assert accounts["traces"].snapshot().delivered == 1
    status = sink.status()
    assert status is not None
    assert status.spooled_items == 0


def test_a_torn_line_is_cut_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a crash left half-written is cut at the next start, with a line and a number."""
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "00000001.jsonl").write_bytes(b"{}\nhalf")

    sinks = file_sinks(TelemetryConfig(directory=tmp_path, signals=frozenset({"traces"})), _accounts(spooling=False))

    sink = sinks["traces"]
    assert isinstance(sink, FileSink)
    assert sink.torn_bytes == 4
    assert "cut 4 bytes" in caplog.text
    sink.close(Deadline(1))


def test_files_are_kept_within_their_caps(tmp_path: Path) -> None:
    """Over the cap the oldest files go; the newest line is always there."""
    config = TelemetryConfig(directory=tmp_path, signals=frozenset({"traces"}), segment_max_bytes=1000, keep_bytes=3000)
    accounts = _accounts(spooling=False)
    sink = file_sinks(config, accounts)["traces"]
    for number in range(40):
        accounts["traces"].emitted(1)
        sink.write([made.span(f"span {number}")])
    sink.close(Deadline(1))

    lines = [line.data for line in iterate(tmp_path / "traces")]
    assert sum(map(len, lines)) <= 4000
    assert b"span 39" in lines[-1]
