"""Delivery by files: lines into numbered segments, and from there to the endpoint, if there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from otel.accounts import Signal, SignalAccount
from otel.config import OtlpEndpoint, TelemetryConfig
from otel.encode import encode_logs, encode_metrics, encode_spans
from otel.exporters import Sink
from otel.guard import Deadline, QuietLog
from otel.readings import items_in
from otel.retention import Caps, Retention
from otel.segments import SegmentWriter
from otel.shipper import DeliveryStatus, Destination, Pace, Shipper
from otel.troubles import Troubles

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_ENCODERS: Final[Mapping[Signal, Callable[[Any], bytes]]] = {
    "traces": encode_spans,
    "logs": encode_logs,
    "metrics": encode_metrics,
}


class LineWriter(Protocol):
    """What a sink needs of a segment writer."""

    def append(self, line: bytes) -> None:
        """Append one line wholly, or raise `OSError` and leave nothing of it."""

    def close(self) -> None:
        """Let go of the file."""


class FileSink(Generic[_T]):
    """Writes each batch as one line; what cannot be written is counted, and told once a minute.

    Args:
        encode: makes a batch one line.
        writer: appends the line.
        account: written, or dropped as `write_failed`.
        quiet: tells of losses; shared, so that a full disk is one line a minute.
        shipper: delivers what is written, if there is an endpoint.
        torn_bytes: how much of an unfinished line was cut when opening.
    """

    def __init__(
        self,
        encode: Callable[[_T], bytes],
        writer: LineWriter,
        account: SignalAccount,
        quiet: QuietLog,
        shipper: Shipper | None = None,
        *,
        torn_bytes: int = 0,
    ) -> None:
        self._encode = encode
        self._writer = writer
        self._account = account
        self._shipper = shipper
        self._quiet = quiet
        self.torn_bytes = torn_bytes

    def write(self, batch: _T) -> None:
        """Write one batch, or count it as dropped."""
        items = items_in(batch)
        try:
            self._writer.append(self._encode(batch))
        except OSError as error:
            self._account.dropped(items, "write_failed")
            self._quiet.warning("telemetry: %d items lost, they could not be written: %s", items, error)
        except Exception as error:
            self._account.dropped(items, "fault")
            self._quiet.warning("telemetry: %d items lost: %s: %s", items, type(error).__name__, error)
        else:
            self._account.written(items)

    def close(self, deadline: Deadline) -> None:
        """Close the file and let the shipper deliver what it can; the rest waits for the next start."""
        self._writer.close()
        if self._shipper is not None:
            self._shipper.close(deadline.remaining_s())

    def status(self) -> DeliveryStatus | None:
        """How delivery fares; `None` where nothing is delivered beyond the files."""
        return None if self._shipper is None else self._shipper.status()


def file_sinks(config: TelemetryConfig, accounts: Mapping[Signal, SignalAccount]) -> dict[Signal, Sink[Any]]:
    """Open a folder for each signal that is not switched off, and a shipper for each that has an endpoint.

    Raises:
        OSError: a folder cannot be used.
    """
    if config.directory is None:
        return {}
    troubles, quiet = Troubles(), QuietLog(_log)
    return {
        signal: _open(config, signal, accounts[signal], troubles, quiet)
        for signal in _ENCODERS
        if signal in config.signals
    }


def _open(
    config: TelemetryConfig, signal: Signal, account: SignalAccount, troubles: Troubles, quiet: QuietLog
) -> FileSink[Any]:
    assert config.directory is not None
    directory = config.directory / signal
    retention = Retention(directory, Caps(config.keep_bytes, config.keep_s))
    endpoint = config.endpoints.get(signal)
    shipper = None
    if endpoint is not None:
        # Before the writer: what lies there by now was left by an earlier process.
        pace = Pace(parked_s=config.parked_retry_s)
        shipper = Shipper(
            signal, directory, _destination(endpoint), account, retention=retention, pace=pace, troubles=troubles
        )
    writer = SegmentWriter(
        directory,
        max_bytes=config.segment_max_bytes,
        max_age_s=config.segment_max_age_s,
        enforce_retention=retention.enforce if shipper is None else None,
    )
    if writer.recovered:
        _log.warning("telemetry: cut %d bytes of an unfinished line of the %s", writer.recovered, signal)
    if shipper is not None:
        shipper.start()
    return FileSink(_ENCODERS[signal], writer, account, quiet, shipper, torn_bytes=writer.recovered)


def _destination(endpoint: OtlpEndpoint) -> Destination:
    assert endpoint.protocol != "grpc", "refused by TelemetryConfig"
    return Destination(
        url=endpoint.url,
        headers=endpoint.headers,
        protocol=endpoint.protocol,
        compression=endpoint.compression,
        ca_file=endpoint.ca_file,
        client_certificate_file=endpoint.client_certificate_file,
        client_key_file=endpoint.client_key_file,
        timeout_s=endpoint.timeout_s,
    )
