"""Keys as they are administered, and what a running API sees of it."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from app.access.key_book import KeyBook
from app.access.keys import SPOOL_FILE, KeyStore
from app.access.last_use import WRITE_EVERY_S
from app.access.records import OPERATOR, KeyLimits, Scope
from app.access.upkeep import kept_up, look_after
from app.domain.events import SecurityEvent, SecurityType
from app.errors import SettingsError, StartupError
from tests.app.access.fakes import BEGIN_NS, GIVEN, HandClock


@pytest.fixture
def book(tmp_path: Path, clock: HandClock) -> KeyBook:
    """The command line's."""
    return KeyBook(tmp_path, clock=clock)


def test_a_key_made_beside_a_running_api_is_valid_there(keys: KeyStore, book: KeyBook) -> None:
    """With its scopes and limits, once the API has looked; the text is kept nowhere."""
    made = book.create("bot", [Scope.READ, Scope.TRADE], KeyLimits(writes=100))
    assert keys.authenticate(made.text) is None
    keys.refresh()
    key = keys.authenticate(made.text)
    assert key == made.key
    assert (key.name, key.scopes, key.limits) == ("bot", frozenset({Scope.READ, Scope.TRADE}), KeyLimits(writes=100))
    assert keys.authenticate(GIVEN) is not None


def test_a_revoked_key_is_refused(keys: KeyStore, book: KeyBook) -> None:
    """From the next look on, and the others stay."""
    made = book.create("bot", [Scope.READ], KeyLimits())
    assert book.revoke(made.key.id) == made.key
    keys.refresh()
    assert keys.authenticate(made.text) is None
    assert keys.authenticate(GIVEN) is not None


def test_a_rotated_key_keeps_all_but_its_text(keys: KeyStore, book: KeyBook) -> None:
    """The old text is refused, the new one is the same key by id, name, scopes and limits."""
    made = book.create("bot", [Scope.READ], KeyLimits(reads=9))
    rotated = book.rotate(made.key.id)
    assert rotated is not None
    keys.refresh()
    assert keys.authenticate(made.text) is None
    key = keys.authenticate(rotated.text)
    assert key is not None
    assert (key.id, key.name, key.scopes, key.limits) == (made.key.id, "bot", made.key.scopes, KeyLimits(reads=9))


def test_limits_are_set_and_taken_back(keys: KeyStore, book: KeyBook) -> None:
    """Nothing else of the key changes."""
    made = book.create("bot", [Scope.READ], KeyLimits())
    book.limit(made.key.id, KeyLimits(writes=5, reads=50))
    keys.refresh()
    key = keys.authenticate(made.text)
    assert key is not None
    assert key.limits == KeyLimits(writes=5, reads=50)
    book.limit(made.key.id, KeyLimits())
    keys.refresh()
    assert keys.authenticate(made.text) == made.key


def test_an_id_that_is_none_changes_nothing(book: KeyBook, keys: KeyStore, tmp_path: Path) -> None:
    """Neither the file nor the events."""
    before = (tmp_path / "keys.json").read_bytes()
    keys.spool.take()
    assert book.revoke("nothing") is None
    assert book.rotate("nothing") is None
    assert book.limit("nothing", KeyLimits()) is None
    assert (tmp_path / "keys.json").read_bytes() == before
    assert keys.spool.take() == []


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\x1bb", OPERATOR, "taken"])
def test_a_name_that_cannot_be_is_refused(book: KeyBook, name: str) -> None:
    """Empty, endless, unprintable, the operator's, or somebody else's already."""
    book.create("taken", [Scope.READ], KeyLimits())
    with pytest.raises(SettingsError):
        book.create(name, [Scope.READ], KeyLimits())
    assert len(book.entries()) == 1


def test_every_change_is_a_security_event(keys: KeyStore, book: KeyBook, clock: HandClock) -> None:
    """The API tells each once, with its moment, the key's id and name, and no part of the key."""
    told: list[SecurityEvent] = []
    look_after(keys, told.append)
    assert [(event.type, event.details) for event in told] == [(SecurityType.KEY_CREATED, OPERATOR)]
    told.clear()
    clock.advance(5)
    made = book.create("bot", [Scope.TRADE, Scope.READ], KeyLimits())
    book.limit(made.key.id, KeyLimits(writes=5))
    rotated = book.rotate(made.key.id)
    book.revoke(made.key.id)
    look_after(keys, told.append)
    look_after(keys, told.append)
    assert [(event.type, event.details) for event in told] == [
        (SecurityType.KEY_CREATED, "bot: read, trade"),
        (SecurityType.LIMIT_CHANGED, "bot, writes 5, reads None"),
        (SecurityType.KEY_ROTATED, "bot"),
        (SecurityType.KEY_REVOKED, "bot"),
    ]
    assert {(event.at_ns, event.client, event.key_id) for event in told} == {
        (BEGIN_NS + 5_000_000_000, "local", made.key.id)
    }
    assert rotated is not None
    assert all(text not in repr(told) for text in (made.text, rotated.text))


def test_the_operators_key_is_told_of_when_it_changes(tmp_path: Path, clock: HandClock) -> None:
    """Made, replaced, given: an event each, under the same id; the same one again is none."""
    path = tmp_path / "keys.json"
    ids = set()
    kinds = []
    for given, new in ((None, False), (None, True), (GIVEN, False), (GIVEN, False)):
        store = KeyStore.open(path, clock=clock)
        store.operator_key(given, new=new)
        assert store.operator is not None
        ids.add(store.operator.id)
        kinds += [event.type for event in store.spool.take()]
    assert kinds == [SecurityType.KEY_CREATED, SecurityType.KEY_ROTATED, SecurityType.KEY_ROTATED]
    assert len(ids) == 1


def test_damaged_events_are_passed_over(keys: KeyStore, book: KeyBook, tmp_path: Path) -> None:
    """What is no event costs no other its place."""
    keys.spool.take()
    (tmp_path / SPOOL_FILE).write_text('half a li\n{}\n{"at_ns": 1, "type": "no such"}\n', encoding="utf-8")
    book.create("bot", [Scope.READ], KeyLimits())
    assert [event.type for event in keys.spool.take()] == [SecurityType.KEY_CREATED]


def test_events_wait_while_somebody_writes_them(keys: KeyStore, tmp_path: Path) -> None:
    """An API that looks meanwhile takes none, and all of them the next time."""
    with FileLock(tmp_path / f"{SPOOL_FILE}.lock", is_singleton=False):
        assert keys.spool.take() == []
    assert len(keys.spool.take()) == 1


def test_changes_at_once_lose_nothing(tmp_path: Path, clock: HandClock) -> None:
    """Several people making keys at the same moment get all of them."""

    def make(number: int) -> None:
        KeyBook(tmp_path, clock=clock).create(f"bot {number}", [Scope.READ], KeyLimits())

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {key.name for key, _ in KeyBook(tmp_path, clock=clock).entries()}
    assert names == {f"bot {number}" for number in range(8)}


def test_keys_that_cannot_be_read_any_more_stay_as_they_were(
    keys: KeyStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file spoilt by hand closes the API to nobody; it is told once, and mended when the file is."""
    path = tmp_path / "keys.json"
    good = path.read_bytes()
    path.write_text("spoilt", encoding="utf-8")
    keys.refresh()
    keys.refresh()
    assert keys.authenticate(GIVEN) is not None
    assert len(caplog.records) == 1
    path.write_text('{"keys": []}', encoding="utf-8")
    keys.refresh()
    assert keys.authenticate(GIVEN) is None
    path.unlink()
    keys.refresh()
    path.write_bytes(good)
    keys.refresh()
    assert keys.authenticate(GIVEN) is not None


def test_last_use_is_on_disk_at_most_once_a_minute(
    keys: KeyStore, book: KeyBook, clock: HandClock, tmp_path: Path
) -> None:
    """It is in memory at once, on disk a minute later, and again only when there is something new."""
    used_path = tmp_path / "keys.used.json"
    clock.advance(10)
    assert keys.authenticate(GIVEN) is not None
    assert keys.operator is not None
    assert keys.last_use.get(keys.operator.id) == clock.time_ns()
    used_ns = clock.time_ns()
    keys.write_last_use()
    assert not used_path.exists()
    clock.advance(WRITE_EVERY_S)
    keys.write_last_use()
    assert book.entries() == [(keys.operator, used_ns)]
    used_path.unlink()
    clock.advance(WRITE_EVERY_S)
    keys.write_last_use()
    assert not used_path.exists()


def test_last_use_outlives_the_process(keys: KeyStore, tmp_path: Path, clock: HandClock) -> None:
    """What was written at the end is known to the next process; a key for one process alone is not written."""
    ephemeral = keys.ephemeral("demo trader", [Scope.READ])
    for text in (GIVEN, ephemeral):
        assert keys.authenticate(text) is not None
    look_after(keys, lambda _: None, ending=True)
    assert keys.operator is not None
    assert json.loads((tmp_path / "keys.used.json").read_text(encoding="utf-8")) == {keys.operator.id: BEGIN_NS}
    assert KeyStore.open(tmp_path / "keys.json", clock=clock).last_use.get(keys.operator.id) == BEGIN_NS


@pytest.mark.parametrize("content", ["", "[]", '{"a": "b"}', '{"a": null}'])
def test_a_spoilt_file_of_last_uses_stops_nothing(tmp_path: Path, clock: HandClock, content: str) -> None:
    """It is only a date."""
    (tmp_path / "keys.used.json").write_text(content, encoding="utf-8")
    assert KeyStore.open(tmp_path / "keys.json", clock=clock).last_use.get("a") is None


def test_last_use_that_cannot_be_written_stops_nothing(
    keys: KeyStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full or broken disk is told of and tried again."""
    (tmp_path / "keys.used.json.new").mkdir()
    assert keys.authenticate(GIVEN) is not None
    look_after(keys, lambda _: None, ending=True)
    assert "cannot be written" in caplog.text


async def test_upkeep_notices_and_tells(keys: KeyStore, book: KeyBook) -> None:
    """While it runs a change is noticed by itself; when it ends, the last use is on disk."""
    told: list[SecurityEvent] = []
    seen = threading.Event()

    def tell(event: SecurityEvent) -> None:
        told.append(event)
        if event.type is SecurityType.KEY_REVOKED:
            seen.set()

    made = book.create("bot", [Scope.READ], KeyLimits())
    async with kept_up(keys, tell, every_s=0.01):
        book.revoke(made.key.id)
        assert await asyncio.to_thread(seen.wait, 10)
        assert keys.authenticate(made.text) is None
        assert keys.authenticate(GIVEN) is not None
    assert [used for _, used in book.entries()] == [BEGIN_NS]
    assert [event.type.value for event in told] == ["key_created", "key_created", "key_revoked"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, clock: HandClock) -> None:
    """The command says what it could not do."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StartupError, match="cannot be written"):
        KeyBook(tmp_path / "file" / "here", clock=clock).create("bot", [Scope.READ], KeyLimits())
