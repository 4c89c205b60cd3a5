"""What goes wrong and who knocks: errors and security events as plain values, told to whoever keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """Where an error happened; the values of `mt5.error.scope`."""

    API = "api"
    BROKER = "broker"
    TERMINAL = "terminal"
    JOURNAL = "journal"
    TELEMETRY = "telemetry"
    FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent:
    """An answer of 500 and above, or a fault inside; `at_ns` in ns since 1970, `trace_id` empty where there is none."""

    at_ns: int
    scope: Scope
    message: str
    last_error: str = ""
    details: str = ""
    trace_id: str = ""


class SecurityType(StrEnum):
    """What a security event is; the values of `mt5.security.event`."""

    INVALID_API_KEY_ATTEMPT = "invalid_api_key_attempt"
    MISSING_API_KEY = "missing_api_key"
    SCOPE_DENIED = "scope_denied"
    RATE_LIMITED = "rate_limited"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    KEY_ROTATED = "key_rotated"
    LIMIT_CHANGED = "limit_changed"
    METRICS_RESET = "metrics_reset"
    HOST_REFUSED = "host_refused"


REFUSALS: Final = frozenset(
    {
        SecurityType.INVALID_API_KEY_ATTEMPT,
        SecurityType.MISSING_API_KEY,
        SecurityType.SCOPE_DENIED,
        SecurityType.RATE_LIMITED,
        SecurityType.HOST_REFUSED,
    }
)
"""What anybody can make happen as often as he likes; the other types take a key or this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """Somebody was refused, or a key changed.

    Attributes:
        at_ns: when, in ns since 1970; the last time, where there were several.
        type: what happened.
        client: from which address; a network or `others`, where several are told of together.
        details: what was asked for, or which key it is about.
        key_id: names a key, or is the short hash of one that was tried; `others`, where several are told of together.
        count: how many attempts it stands for.
    """

    at_ns: int
    type: SecurityType
    client: str
    details: str = ""
    key_id: str = ""
    count: int = 1


TellError = Callable[[ErrorEvent], None]
TellSecurity = Callable[[SecurityEvent], None]
