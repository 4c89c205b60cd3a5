"""What access does beside its requests: notice changed keys, tell of them, write down when keys were used."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.access.keys import KeyStore
from app.domain.events import TellSecurity

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5


@asynccontextmanager
async def kept_up(keys: KeyStore, tell: TellSecurity, *, every_s: float = LOOK_EVERY_S) -> AsyncIterator[None]:
    """Look after the keys as long as the block runs: a change counts within a second."""
    task = asyncio.create_task(_repeat(keys, tell, every_s), name="keys")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(look_after, keys, tell, ending=True)


def look_after(keys: KeyStore, tell: TellSecurity, *, ending: bool = False) -> None:
    """Look once; with *ending*, write down the last use of each key though no minute has passed."""
    keys.refresh()
    for event in keys.spool.take():
        tell(event)
    try:
        keys.write_last_use(now=ending)
    except OSError as error:
        log.warning("The last use of the keys cannot be written: %s", error)


async def _repeat(keys: KeyStore, tell: TellSecurity, every_s: float) -> None:
    while True:
        try:
            await asyncio.to_thread(look_after, keys, tell)
        except Exception:
            log.exception("Looking after the keys failed; it is tried again")
        await asyncio.sleep(every_s)
