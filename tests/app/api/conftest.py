"""The HTTP application over named fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.access.keys import Scope
from tests.app.api.fakes import Api, build_api


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """Everything up, the operator's key known, a data folder that can be written."""
    return build_api(tmp_path)


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """The operator on this machine."""
    async with api.client() as client:
        yield client


@pytest.fixture
def read_key(api: Api) -> str:
    """A key that may only look."""
    return api.services.keys.ephemeral("reader", [Scope.READ])
