"""API keys: random, kept as hashes, compared in constant time.

A key that the operator gives is taken to be as random as one that is made; its length is the one thing that can be
checked.
"""

from __future__ import annotations

import base64
import hmac
import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.access.key_file import KeyFile, Stamp
from app.access.last_use import LastUse
from app.access.records import EVERYTHING, OPERATOR, Key, KeyLimits, Scope, hash_of
from app.access.spool import EventSpool
from app.domain.clock import Clock, SystemClock, rfc3339
from app.domain.events import SecurityEvent, SecurityType
from app.errors import SettingsError, StartupError
from app.settings import API_KEY_VARIABLE

__all__ = ["EVERYTHING", "KEY_BYTES", "OPERATOR", "Key", "KeyLimits", "KeyStore", "Scope", "new_key"]

log = logging.getLogger(__name__)

PREFIX: Final = "mt5ot_"
KEY_BYTES: Final = 20
GIVEN_LENGTH_MIN: Final = 16
EPHEMERAL_LIMITS: Final = KeyLimits(writes=600, reads=6_000)
HERE: Final = "local"
"""The client of an event that no client caused."""

SPOOL_FILE: Final = "keys.events.jsonl"
LAST_USE_FILE: Final = "keys.used.json"

RandomBytes = Callable[[int], bytes]


class KeyStore:
    """The keys that are valid. Those that last are kept in one file, which the command line may change meanwhile.

    Args:
        path: the file; what belongs to it lies beside it.
        clock: stamps.
        random_bytes: makes keys.

    Raises:
        StartupError: the file cannot be read as keys.
    """

    def __init__(self, path: Path, *, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._file = KeyFile(path)
        self._stamp = self._file.stamp()
        self._kept = tuple(self._file.read())
        self._unreadable: Stamp | None = None
        self._ephemeral: tuple[Key, ...] = ()
        self._clock = clock
        self._random_bytes = random_bytes
        self._salt = random_bytes(16)
        self.spool = EventSpool(path.with_name(SPOOL_FILE))
        self.last_use = LastUse(path.with_name(LAST_USE_FILE), clock=clock)

    @classmethod
    def open(
        cls, path: Path, *, clock: Clock | None = None, random_bytes: RandomBytes = secrets.token_bytes
    ) -> KeyStore:
        """Read the keys kept at *path*; a file that is not there holds none.

        Raises:
            StartupError: the file cannot be read as keys.
        """
        return cls(path, clock=clock or SystemClock(), random_bytes=random_bytes)

    def operator_key(self, given: str | None, *, new: bool = False) -> str | None:
        """See to it that the operator has a key, and return it if it was made just now.

        Args:
            given: value of `MT5_OTEL_API_KEY`, which becomes the operator's key; None or empty when not set.
            new: replace the operator's key by a new one.

        Returns:
            The new key, to be shown once; None where it is the given one or was made before.

        Raises:
            SettingsError: the given key is no key, or a new one is asked for beside it.
            StartupError: the keys cannot be written.
        """
        if given:
            if new:
                raise SettingsError(f"--new-key: {API_KEY_VARIABLE} sets the key; unset it to have a new one made.")
            _check_given(given)
            self._replace_operator(given)
            return None
        if not new and self.operator is not None:
            return None
        text = _new_text(self._random_bytes)
        self._replace_operator(text)
        return text

    def ephemeral(self, name: str, scopes: Iterable[Scope], limits: KeyLimits = EPHEMERAL_LIMITS) -> str:
        """Make a key that is valid as long as this process, and kept nowhere."""
        text, key = new_key(name, scopes, limits=limits, clock=self._clock, random_bytes=self._random_bytes)
        self._ephemeral = (*self._ephemeral, key)
        return text

    def authenticate(self, text: str) -> Key | None:
        """The key that *text* is, if it is one; it is noted as used.

        Every key is compared, each in constant time, so that the time taken says nothing of how near a guess was.
        """
        tried = hash_of(text)
        found = None
        for key in (*self._kept, *self._ephemeral):
            if hmac.compare_digest(key.sha256, tried):
                found = key
        if found is not None:
            self.last_use.note(found.id)
        return found

    def current(self, key: Key) -> Key | None:
        """The key as it is now; None if it was revoked, or another text took its place."""
        for one in (*self._kept, *self._ephemeral):
            if one.id == key.id:
                return one if one.sha256 == key.sha256 else None
        return None

    def lasts(self, key: Key) -> bool:
        """Whether the key is still one."""
        return self.current(key) is not None

    @property
    def operator(self) -> Key | None:
        """The operator's key."""
        return next((key for key in self._kept if key.name == OPERATOR), None)

    @property
    def kept(self) -> tuple[Key, ...]:
        """The keys that last, oldest first."""
        return self._kept

    def tell_tale(self, text: str) -> str:
        """A short name of a key that was tried: the same for the same text in this process, and no way back to it."""
        return hmac.digest(self._salt, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:8]

    def refresh(self) -> None:
        """Take over what the command line has changed; keys that cannot be read stay as they were."""
        stamp = self._file.stamp()
        if stamp is None or stamp == self._stamp:
            return
        try:
            self._kept = tuple(self._file.read())
        except StartupError as error:
            # Tried again, since it may only be in use; told once.
            if stamp != self._unreadable:
                log.warning("%s The keys stay as they were.", error)
            self._unreadable = stamp
            return
        self._stamp = stamp

    def write_last_use(self, *, now: bool = False) -> None:
        """Put the last use of each key on disk, at most once a minute unless it must be *now*.

        Raises:
            OSError: it cannot be written.
        """
        self.last_use.write({key.id for key in self._kept}, now=now)

    def _replace_operator(self, text: str) -> None:
        before = self.operator
        if before is not None and before.sha256 == hash_of(text):
            return
        made = _record(
            text, OPERATOR, EVERYTHING, limits=KeyLimits(), clock=self._clock, random_bytes=self._random_bytes
        )
        made = made if before is None else replace(made, id=before.id, limits=before.limits)
        after = self._file.change(lambda keys: [*(key for key in keys if key.name != OPERATOR), made])
        self._kept, self._stamp = tuple(after), self._file.stamp()
        kind = SecurityType.KEY_CREATED if before is None else SecurityType.KEY_ROTATED
        event = SecurityEvent(at_ns=self._clock.time_ns(), type=kind, client=HERE, details=OPERATOR, key_id=made.id)
        try:
            self.spool.append(event)
        except OSError as error:
            raise StartupError(f"{self._file.path.parent} cannot be written ({error.strerror}).") from error


def new_key(
    name: str, scopes: Iterable[Scope], *, limits: KeyLimits, clock: Clock, random_bytes: RandomBytes
) -> tuple[str, Key]:
    """Make a key: its text, which nothing here keeps, and what is kept of it."""
    text = _new_text(random_bytes)
    return text, _record(text, name, frozenset(scopes), limits=limits, clock=clock, random_bytes=random_bytes)


def _record(
    text: str, name: str, scopes: frozenset[Scope], *, limits: KeyLimits, clock: Clock, random_bytes: RandomBytes
) -> Key:
    return Key(
        id=random_bytes(4).hex(),
        name=name,
        scopes=scopes,
        created=rfc3339(clock.time_ns()),
        sha256=hash_of(text),
        limits=limits,
    )


def _new_text(random_bytes: RandomBytes) -> str:
    return PREFIX + base64.b32encode(random_bytes(KEY_BYTES)).decode("ascii").lower()


def _check_given(text: str) -> None:
    if len(text) < GIVEN_LENGTH_MIN:
        raise SettingsError(
            f"{API_KEY_VARIABLE}: a key has at least {GIVEN_LENGTH_MIN} characters; this one has {len(text)}."
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{API_KEY_VARIABLE}: a key is printable ASCII without spaces, as HTTP headers carry it.")
