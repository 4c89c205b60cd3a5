"""Keys in a folder of their own, on a clock that a test moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.access.keys import KeyStore
from tests.app.access.fakes import GIVEN, HandClock


@pytest.fixture
def clock() -> HandClock:
    """Stands still until it is moved."""
    return HandClock()


@pytest.fixture
def keys(tmp_path: Path, clock: HandClock) -> KeyStore:
    """The operator's key, given."""
    store = KeyStore.open(tmp_path / "keys.json", clock=clock)
    store.operator_key(GIVEN)
    return store
