"""API keys: made, given, replaced, kept as hashes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from app.access.keys import EVERYTHING, KEY_BYTES, KeyStore, Scope
from app.errors import SettingsError, StartupError

GIVEN = "a-key-that-someone-gave"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the keys are kept."""
    return tmp_path / "keys.json"


def test_first_start_makes_a_key_of_at_least_128_random_bits(path: Path) -> None:
    """The operator's first key is made from enough randomness, and may do everything."""
    store = KeyStore.open(path)
    made = store.operator_key(None)
    assert made is not None
    assert made.startswith("mt5ot_")
    assert KEY_BYTES * 8 >= 128
    key = store.authenticate(made)
    assert key is not None
    assert key.scopes == EVERYTHING


def test_randomness_alone_makes_the_key(tmp_path: Path) -> None:
    """Other random bytes make another key, the same ones the same."""

    def made_from(value: int, file: str) -> str | None:
        return KeyStore.open(tmp_path / file, random_bytes=lambda count: bytes([value]) * count).operator_key(None)

    assert made_from(1, "a.json") == made_from(1, "b.json") != made_from(2, "c.json")


def test_later_starts_know_the_key_and_make_none(path: Path) -> None:
    """A key made once is valid after a restart, and is not made again."""
    made = KeyStore.open(path).operator_key(None)
    again = KeyStore.open(path)
    assert made is not None
    assert again.operator_key(None) is None
    assert again.authenticate(made) is not None


def test_new_key_replaces_the_old(path: Path) -> None:
    """After a new key was asked for, the old one is not valid any more."""
    store = KeyStore.open(path)
    old, new = store.operator_key(None), store.operator_key(None, new=True)
    assert old is not None
    assert new is not None
    assert old != new
    assert store.authenticate(old) is None
    assert KeyStore.open(path).authenticate(new) is not None


def test_given_key_becomes_the_operators(path: Path) -> None:
    """The environment's key is valid, is not shown, replaces the made one and outlasts the environment."""
    store = KeyStore.open(path)
    made = store.operator_key(None)
    assert made is not None
    assert store.operator_key(GIVEN) is None
    assert store.authenticate(made) is None
    later = KeyStore.open(path)
    assert later.operator_key(None) is None
    assert later.authenticate(GIVEN) is not None


def test_given_key_seen_before_writes_nothing(path: Path) -> None:
    """A start with the same given key leaves the record, its id included, as it is."""
    KeyStore.open(path).operator_key(GIVEN)
    before = path.read_bytes()
    KeyStore.open(path).operator_key(GIVEN)
    assert path.read_bytes() == before


@pytest.mark.parametrize("given", ["short", "fifteen-charact", "sixteen with space", "sechzehn-zeichen-ü"])
def test_given_key_that_is_none_is_refused_unseen(path: Path, given: str) -> None:
    """A key that is too short or that no header carries is refused by the variable's name, without its value."""
    with pytest.raises(SettingsError, match="MT5_OTEL_API_KEY") as refused:
        KeyStore.open(path).operator_key(given)
    assert given not in str(refused.value)
    assert not path.exists()


def test_empty_given_key_is_as_good_as_none(path: Path) -> None:
    """A variable that is set and empty makes a key like one that is not set."""
    assert KeyStore.open(path).operator_key("") is not None


def test_new_key_beside_a_given_one_is_refused(path: Path) -> None:
    """A new key that the environment would overrule at once is not made."""
    with pytest.raises(SettingsError, match="--new-key"):
        KeyStore.open(path).operator_key(GIVEN, new=True)


def test_file_holds_hashes_only(path: Path) -> None:
    """The key itself is in no file, its hash, name, scopes and time are."""
    store = KeyStore.open(path)
    made = store.operator_key(None)
    assert made is not None
    text = path.read_text(encoding="utf-8")
    assert made not in text
    assert made.removeprefix("mt5ot_") not in text
    (record,) = json.loads(text)["keys"]
    assert set(record) == {"id", "name", "scopes", "created", "sha256"}
    assert record["scopes"] == ["admin", "read", "trade"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes; the folder's rights are inherited")
def test_file_is_its_owners_alone(path: Path) -> None:
    """Nobody else on the machine may read the hashes, also after a replacement."""
    store = KeyStore.open(path)
    store.operator_key(None)
    store.operator_key(None, new=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_write_that_a_crash_left_half_done_is_in_nobodys_way(path: Path) -> None:
    """A file left beside the keys by a crash is replaced, and the keys stay readable."""
    path.with_name("keys.json.new").write_text("half", encoding="utf-8")
    made = KeyStore.open(path).operator_key(None)
    assert made is not None
    assert KeyStore.open(path).authenticate(made) is not None


def test_keys_that_cannot_be_written_stop_the_start(path: Path) -> None:
    """Where the system does not let the keys be written, the file and what to do are named, and no key is valid."""
    path.with_name("keys.json.new").mkdir()
    store = KeyStore.open(path)
    with pytest.raises(StartupError, match=r"keys\.json: the API keys cannot be written .*start again"):
        store.operator_key(GIVEN)
    assert store.authenticate(GIVEN) is None


def test_ephemeral_key_is_kept_nowhere(path: Path) -> None:
    """A key for this process is valid with its scopes here, and unknown to the next process."""
    store = KeyStore.open(path)
    store.operator_key(None)
    text = store.ephemeral("demo trader", [Scope.READ, Scope.TRADE])
    key = store.authenticate(text)
    assert key is not None
    assert key.scopes == {Scope.READ, Scope.TRADE}
    store.operator_key(None, new=True)
    assert store.authenticate(text) is not None
    assert KeyStore.open(path).authenticate(text) is None


@pytest.mark.parametrize("tried", ["", "x", "mt5ot_", "\ud7ff\u00ff" * 50])
def test_anything_else_is_no_key(path: Path, tried: str) -> None:
    """What is no key authenticates nobody."""
    store = KeyStore.open(path)
    store.operator_key(None)
    assert store.authenticate(tried) is None


def test_hash_is_no_key(path: Path) -> None:
    """Whoever reads the file cannot call with what is in it."""
    store = KeyStore.open(path)
    store.operator_key(None)
    (record,) = json.loads(path.read_text(encoding="utf-8"))["keys"]
    assert store.authenticate(record["sha256"]) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{}]}', '{"keys": [1]}', '{"keys": 1}'])
def test_unreadable_file_stops_the_start(path: Path, content: str) -> None:
    """A file that holds no keys is named, with what to do, instead of being overwritten."""
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StartupError, match=r"keys\.json"):
        KeyStore.open(path)
    assert path.read_text(encoding="utf-8") == content


def test_folder_in_place_of_the_file_stops_the_start(path: Path) -> None:
    """A file that the system does not let us read is named."""
    path.mkdir()
    with pytest.raises(StartupError, match="cannot be read"):
        KeyStore.open(path)
