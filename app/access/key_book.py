"""Keys as they are administered: made, revoked, rotated, limited; beside a running API, which notices."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.access.key_file import KeyFile
from app.access.keys import HERE, LAST_USE_FILE, SPOOL_FILE, RandomBytes, new_key
from app.access.last_use import read_last_use
from app.access.records import OPERATOR, Key, KeyLimits, Scope
from app.access.spool import EventSpool
from app.domain.clock import Clock
from app.domain.events import SecurityEvent, SecurityType
from app.errors import SettingsError, StartupError

NAME_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Made:
    """A key and its text, which is told once and kept nowhere."""

    key: Key
    text: str


class KeyBook:
    """Changes the keys of a data folder; every change is a security event that the API tells of.

    Args:
        folder: the data folder.
        clock: stamps.
        random_bytes: makes keys.
    """

    def __init__(self, folder: Path, *, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._file = KeyFile(folder / "keys.json")
        self._spool = EventSpool(folder / SPOOL_FILE)
        self._last_use_path = folder / LAST_USE_FILE
        self._clock = clock
        self._random_bytes = random_bytes

    def entries(self) -> list[tuple[Key, int | None]]:
        """Every key, oldest first, and when it was used last: ns since 1970, up to a minute old."""
        last_use = read_last_use(self._last_use_path)
        return [(key, last_use.get(key.id)) for key in self._file.read()]

    def create(self, name: str, scopes: Iterable[Scope], limits: KeyLimits) -> Made:
        """Make a key.

        Raises:
            SettingsError: there is a key of this name, or it is none to go by.
        """
        _check_name(name)
        text, key = new_key(name, scopes, limits=limits, clock=self._clock, random_bytes=self._random_bytes)

        def with_it(keys: list[Key]) -> list[Key]:
            if any(other.name == name for other in keys):
                raise SettingsError(f"There is a key called {name} already; revoke it, or choose another name.")
            return [*keys, key]

        self._file.change(with_it)
        self._tell(SecurityType.KEY_CREATED, key, f"{name}: {', '.join(sorted(key.scopes))}")
        return Made(key, text)

    def revoke(self, key_id: str) -> Key | None:
        """Take a key out; None if there is none of this id."""
        found: list[Key] = []

        def without_it(keys: list[Key]) -> list[Key]:
            found.extend(key for key in keys if key.id == key_id)
            return [key for key in keys if key.id != key_id]

        self._file.change(without_it)
        return self._told(SecurityType.KEY_REVOKED, found, "")

    def rotate(self, key_id: str) -> Made | None:
        """Give a key another text; id, name, scopes and limits stay. None if there is none of this id."""
        text, fresh = new_key("", (), limits=KeyLimits(), clock=self._clock, random_bytes=self._random_bytes)
        changed = self._replace(key_id, lambda key: replace(key, sha256=fresh.sha256, created=fresh.created))
        key = self._told(SecurityType.KEY_ROTATED, changed, "")
        return None if key is None else Made(key, text)

    def limit(self, key_id: str, limits: KeyLimits) -> Key | None:
        """Give a key other limits; None if there is none of this id."""
        changed = self._replace(key_id, lambda key: replace(key, limits=limits))
        return self._told(SecurityType.LIMIT_CHANGED, changed, f", writes {limits.writes}, reads {limits.reads}")

    def _replace(self, key_id: str, change: Callable[[Key], Key]) -> list[Key]:
        changed: list[Key] = []

        def replaced(keys: list[Key]) -> list[Key]:
            changed.extend(change(key) for key in keys if key.id == key_id)
            return [changed[0] if key.id == key_id else key for key in keys]

        self._file.change(replaced)
        return changed

    def _told(self, kind: SecurityType, changed: list[Key], more: str) -> Key | None:
        if not changed:
            return None
        self._tell(kind, changed[0], f"{changed[0].name}{more}")
        return changed[0]

    def _tell(self, kind: SecurityType, key: Key, details: str) -> None:
        event = SecurityEvent(at_ns=self._clock.time_ns(), type=kind, client=HERE, details=details, key_id=key.id)
        try:
            self._spool.append(event)
        except OSError as error:
            raise StartupError(f"The key is changed, but the change could not be noted down: {error}.") from error


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise SettingsError(f"A key's name has 1 to {NAME_LENGTH_MAX} printable characters.")
    if name == OPERATOR:
        raise SettingsError(f"{OPERATOR} is the name of the key that is made at the first start; choose another.")
