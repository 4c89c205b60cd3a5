"""How an entry becomes a line of JSON and back.

A line holds `seq` (1, 2, 3 …), `time` (when it was written, RFC 3339 UTC), `kind`, what that kind has to say, `prev`
and `crc`, in this order:

- `prev` is the SHA-256, in hex, of the line before, all its bytes without the newline; 64 zeros in the first line.
- `crc` is the CRC-32, in 8 hex digits, of the line's own bytes without its last member and without the newline: of
  `{"seq":1,…,"prev":"…"}`, closing brace included.

The checksum tells a damaged line, the chain of hashes a line that was changed, removed or put in.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from app.domain.clock import rfc3339
from app.domain.orders import Denied, Filled, NotSent, Placed, Rejected, Unchanged, Unknown
from app.domain.text import writable
from app.trading.journal.records import (
    Amended,
    ConnectionTurn,
    Dealt,
    Decided,
    Entry,
    Intent,
    Stamped,
    Unsent,
    outcome_json,
)

GENESIS: Final = "0" * 64
"""The `prev` of the very first line."""

_TAIL: Final = re.compile(rb',"prev":"([0-9a-f]{64})","crc":"([0-9a-f]{8})"}\Z')
_CRC_LENGTH: Final = len(b',"crc":"00000000"}')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_OUTCOMES: Final[Mapping[str, TypeAdapter[Any]]] = {
    kind.name: TypeAdapter(kind) for kind in (Filled, Placed, Unchanged, Rejected, Denied, NotSent, Unknown)
}
_ENTRIES: Final[Mapping[str, TypeAdapter[Entry]]] = {
    kind.kind: TypeAdapter(kind) for kind in (Intent, Decided, Unsent, Amended, Dealt, ConnectionTurn)
}


class DamagedLineError(ValueError):
    """A line is not what was written; says why."""


def encode(entry: Entry) -> bytes:
    """Return the entry as JSON, without what the writer adds to every line."""
    fields = asdict(entry)
    if isinstance(entry, Decided | Unsent | Amended):
        fields["outcome"] = outcome_json(entry.outcome)
    content = {"kind": entry.kind, **fields}
    try:
        return orjson.dumps(content, default=str)
    except orjson.JSONEncodeError:
        return orjson.dumps(writable(content), default=str)


def seal(body: bytes, *, seq: int, time_ns: int, prev: str) -> bytes:
    """Return *body*, made by `encode`, as a finished line without its newline."""
    line = b'{"seq":%d,"time":"%s",%s,"prev":"%s"}' % (seq, rfc3339(time_ns).encode(), body[1:-1], prev.encode())
    return b'%s,"crc":"%08x"}' % (line[:-1], zlib.crc32(line))


def link(line: bytes) -> str:
    """Return the hash by which the line after *line* refers to it."""
    return hashlib.sha256(line).hexdigest()


def unseal(line: bytes) -> tuple[Stamped, str]:
    """Return the entry of a line, with its place and time, and the hash of the line before it.

    Raises:
        DamagedLineError: the checksum does not fit, or the content is none of ours.
    """
    tail = _TAIL.search(line)
    if tail is None:
        raise DamagedLineError("not a line of the journal")
    if zlib.crc32(line[:-_CRC_LENGTH] + b"}") != int(tail[2], 16):
        raise DamagedLineError("checksum does not fit")
    try:
        content = orjson.loads(line)
        stamped = Stamped(int(content["seq"]), written_ns(content["time"]), _decode(content))
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedLineError(f"content is not understood: {error}") from error
    return stamped, tail[1].decode()


def written_ns(time: str) -> int:
    """Return a line's `time` in ns since 1970; exact, so that it is the same in every run."""
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(microseconds=1) * 1000


def _decode(content: dict[str, Any]) -> Entry:
    """What newer versions add is passed over; what is missing is damage."""
    if "outcome" in content:
        outcome = content["outcome"]
        content["outcome"] = _OUTCOMES[outcome["name"]].validate_python(outcome)
    return _ENTRIES[content["kind"]].validate_python(content)
