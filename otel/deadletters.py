"""What an endpoint will never take is kept aside, where a person can look at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson

from otel.accounts import Signal
from otel.retention import Caps, Retention
from otel.segments import MIB, SegmentWriter

CAPS = Caps(max_bytes=64 * MIB)


class DeadLetters:
    """Appends refused documents, each with time and reason, to segments of their own; made with the first one."""

    def __init__(self, signal: Signal, directory: Path, *, caps: Caps = CAPS, clock: Callable[[], float]) -> None:
        self._signal = signal
        self._directory = directory
        self._caps = caps
        self._clock = clock
        self._writer: SegmentWriter | None = None

    def put(self, line: bytes, reason: str, detail: str = "", *, readable: bool = True) -> None:
        """Keep *line*; an `OSError` means it could not be kept."""
        if self._writer is None:
            retention = Retention(self._directory, self._caps, clock=self._clock)
            self._writer = SegmentWriter(
                self._directory,
                max_bytes=max(1, min(8 * MIB, self._caps.max_bytes // 4)),
                clock=self._clock,
                enforce_retention=retention.enforce,
            )
        letter = {"time": self._clock(), "signal": self._signal, "reason": reason, "detail": detail}
        content = {"document": orjson.Fragment(line)} if readable else {"line": line.decode("utf-8", "replace")}
        self._writer.append(orjson.dumps({**letter, **content}))

    def close(self) -> None:
        """Let go of the file."""
        if self._writer is not None:
            self._writer.close()
