"""Log-ins of the page: a cookie in place of the key, which a browser could not keep as safely."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from app.access.keys import KeyStore, RandomBytes
from app.access.records import Key, hash_of
from app.domain.clock import Clock

SESSIONS_MAX: Final = 200
"""The one that has been longest without a call ends when another would be too many."""
CODE_S: Final = 600.0
CODES_MAX: Final = 20
TOKEN_BYTES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One log-in.

    Attributes:
        key: whose it is; the session ends when that key is revoked or rotated.
        csrf: what a call that changes something must repeat in a header, which only our own page can read.
        expires_s: moment of the monotonic clock.
        name: hash of the cookie.
    """

    key: Key
    csrf: str = field(repr=False)
    expires_s: float
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session and the cookie's value, which is kept nowhere here."""

    session: Session
    token: str = field(repr=False)


class Sessions:
    """The log-ins there are, in memory: a restart ends them all.

    Args:
        keys: who may log in.
        clock: says when a session or code is over.
        length_s: how long a session lasts.
        random_bytes: makes cookies and codes.
    """

    def __init__(
        self, keys: KeyStore, *, clock: Clock, length_s: float, random_bytes: RandomBytes = secrets.token_bytes
    ) -> None:
        self.length_s = length_s
        self._keys = keys
        self._clock = clock
        self._random_bytes = random_bytes
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._codes: OrderedDict[str, float] = OrderedDict()

    def log_in(self, text: str) -> LoggedIn | None:
        """Begin a session of the key that *text* is; None if it is none."""
        key = self._keys.authenticate(text)
        return None if key is None else self._begin(key)

    def new_code(self) -> str:
        """Make a code that lets somebody in as the operator: once, within ten minutes."""
        code = self._random_text()
        self._codes[hash_of(code)] = self._clock.monotonic() + CODE_S
        while len(self._codes) > CODES_MAX:
            self._codes.popitem(last=False)
        return code

    def redeem(self, code: str) -> LoggedIn | None:
        """Begin a session of the operator by a code; None if it is none, was used, or is too old."""
        expires_s = self._codes.pop(hash_of(code), None)
        operator = self._keys.operator
        if expires_s is None or operator is None or self._clock.monotonic() >= expires_s:
            return None
        return self._begin(operator)

    def find(self, token: str) -> Session | None:
        """The session that a cookie stands for, with its key as it is now; None if it is over."""
        name = hash_of(token)
        session = self._sessions.get(name)
        if session is None:
            return None
        key = self._keys.current(session.key)
        if key is None or self._clock.monotonic() >= session.expires_s:
            del self._sessions[name]
            return None
        self._sessions.move_to_end(name)
        self._keys.last_use.note(key.id)
        return session if key == session.key else replace(session, key=key)

    def lasts(self, session: Session) -> bool:
        """Whether a session that was found is not over yet: cheaper than to find it again, and no use of its key."""
        kept = self._sessions.get(session.name)
        return kept is not None and self._clock.monotonic() < kept.expires_s and self._keys.lasts(kept.key)

    def end(self, token: str) -> None:
        """End a session, if there is one."""
        self._sessions.pop(hash_of(token), None)

    def _begin(self, key: Key) -> LoggedIn:
        token = self._random_text()
        expires_s = self._clock.monotonic() + self.length_s
        session = Session(key=key, csrf=self._random_text(), expires_s=expires_s, name=hash_of(token))
        self._sessions[session.name] = session
        while len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return LoggedIn(session, token)

    def _random_text(self) -> str:
        return base64.b32encode(self._random_bytes(TOKEN_BYTES)).decode("ascii").lower()


def is_token(session: Session, said: str) -> bool:
    """Whether *said* is the session's token against forged calls; compared in constant time."""
    return hmac.compare_digest(session.csrf.encode(), said.encode("utf-8", "surrogatepass"))
