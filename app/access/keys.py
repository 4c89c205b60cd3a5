"""API keys: random, kept as hashes, compared in constant time.

A key is at least 128 random bits, so one round of SHA-256 is the right hash for it: there is no dictionary to try,
and a slow hash, made for passwords that people choose, would only add its cost to every request. A key that the
operator gives is taken to be as random; its length is the one thing that can be checked.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.domain.clock import Clock, SystemClock, rfc3339
from app.errors import SettingsError, StartupError
from app.settings import API_KEY_VARIABLE

PREFIX = "mt5ot_"
KEY_BYTES = 20
GIVEN_LENGTH_MIN = 16
OPERATOR = "operator"

RandomBytes = Callable[[int], bytes]


class Scope(StrEnum):
    """What a key may do: look, trade, administer."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


EVERYTHING = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is kept: everything but the key itself.

    Attributes:
        id: names the key where it is told of; says nothing of the key.
        name: whose it is.
        scopes: what it may do.
        created: RFC 3339, UTC.
        sha256: hexadecimal hash of the key.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    created: str
    sha256: str = field(repr=False)


class KeyStore:
    """The keys that are valid. Those that last are kept in one file, readable by its owner alone."""

    def __init__(
        self, path: Path, keys: Iterable[Key], *, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes
    ) -> None:
        self._path = path
        self._kept = list(keys)
        self._ephemeral: list[Key] = []
        self._clock = clock
        self._random_bytes = random_bytes

    @classmethod
    def open(
        cls, path: Path, *, clock: Clock | None = None, random_bytes: RandomBytes = secrets.token_bytes
    ) -> KeyStore:
        """Read the keys kept at *path*; a file that is not there holds none.

        Raises:
            StartupError: the file cannot be read as keys.
        """
        return cls(path, _read(path), clock=clock or SystemClock(), random_bytes=random_bytes)

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
        if not new and any(key.name == OPERATOR for key in self._kept):
            return None
        text = self._new_text()
        self._replace_operator(text)
        return text

    def ephemeral(self, name: str, scopes: Iterable[Scope]) -> str:
        """Make a key that is valid as long as this process, and kept nowhere."""
        text = self._new_text()
        self._ephemeral.append(self._record(text, name, frozenset(scopes)))
        return text

    def authenticate(self, text: str) -> Key | None:
        """The key that *text* is, if it is one.

        Every key is compared, each in constant time, so that the time taken says nothing of how near a guess was.
        """
        tried = _sha256(text)
        found = None
        for key in (*self._kept, *self._ephemeral):
            if hmac.compare_digest(key.sha256, tried):
                found = key
        return found

    def _replace_operator(self, text: str) -> None:
        if any(key.name == OPERATOR and key.sha256 == _sha256(text) for key in self._kept):
            return
        others = [key for key in self._kept if key.name != OPERATOR]
        kept = [*others, self._record(text, OPERATOR, EVERYTHING)]
        _write(self._path, kept)
        self._kept = kept

    def _record(self, text: str, name: str, scopes: frozenset[Scope]) -> Key:
        return Key(
            id=self._random_bytes(4).hex(),
            name=name,
            scopes=scopes,
            created=rfc3339(self._clock.time_ns()),
            sha256=_sha256(text),
        )

    def _new_text(self) -> str:
        return PREFIX + base64.b32encode(self._random_bytes(KEY_BYTES)).decode("ascii").lower()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _check_given(text: str) -> None:
    if len(text) < GIVEN_LENGTH_MIN:
        raise SettingsError(
            f"{API_KEY_VARIABLE}: a key has at least {GIVEN_LENGTH_MIN} characters; this one has {len(text)}."
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{API_KEY_VARIABLE}: a key is printable ASCII without spaces, as HTTP headers carry it.")


def _read(path: Path) -> list[Key]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return [_key_from(record) for record in document["keys"]]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StartupError(f"{path}: the API keys cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StartupError(f"{path} does not hold API keys; remove it to have a new key made.") from error


def _key_from(record: dict[str, Any]) -> Key:
    return Key(
        id=str(record["id"]),
        name=str(record["name"]),
        scopes=frozenset(Scope(scope) for scope in record["scopes"]),
        created=str(record["created"]),
        sha256=str(record["sha256"]),
    )


def _write(path: Path, keys: Iterable[Key]) -> None:
    try:
        _replace(path, keys)
    except OSError as error:
        raise StartupError(
            f"{path}: the API keys cannot be written ({error.strerror}). See that the disk has room, the file and its "
            "folder may be written and no other program holds it open; then start again."
        ) from error


def _replace(path: Path, keys: Iterable[Key]) -> None:
    """Replace the file as a whole, so that a crash leaves the old one or the new one."""
    records = [dataclasses.asdict(key) | {"scopes": sorted(key.scopes)} for key in keys]
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    # The mode is given at creation: a file opened up first could be read before it is narrowed.
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": records}, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
