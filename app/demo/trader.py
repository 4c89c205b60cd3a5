"""The demo trader: an ordinary HTTP client that opens and closes small positions, so that there is something to see.

Now and then it asks for what is refused: by the broker (too much volume, too little money) and by the API's own
checks (a volume off the step).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

log = logging.getLogger(__name__)

SYMBOLS = ("EURUSD", "GBPUSD", "USDCAD")
MAGIC = 20_251
"""Marks the demo trader's own positions; it touches no other."""

POSITIONS_MAX = 6
PAUSE_S = (2.0, 3.0)
TIMEOUT_S = 15.0
"""Longer than the API takes for an order, whatever happens."""

ACTIONS = {"open": 55, "close": 33, "above_maximum": 4, "no_money": 4, "off_step": 4}
"""How often each is done, relative to the others."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Volumes of a symbol in lots, as the API shows them."""

    volume_min: float
    volume_max: float
    volume_step: float


def open_client(base_url: str, key: str) -> httpx2.AsyncClient:
    """A client for the API at *base_url*; a proxy named in the environment is not asked about this machine."""
    return httpx2.AsyncClient(base_url=base_url, headers={"X-API-Key": key}, timeout=TIMEOUT_S, trust_env=False)


async def run(client: httpx2.AsyncClient, *, random: Random, suffix: str = "", sleep: Sleep = asyncio.sleep) -> None:
    """Trade until cancelled, an action every two to three seconds; no answer and no silence ends it."""
    trader = DemoTrader(client, random, suffix)
    while True:
        # The pause comes first: the API begins to answer while the terminal is still being connected.
        await sleep(random.uniform(*PAUSE_S))
        await trader.act()


class DemoTrader:
    """One action at a time against the API behind *client*, chosen by *random*; *suffix* ends the symbols' names."""

    def __init__(self, client: httpx2.AsyncClient, random: Random, suffix: str = "") -> None:
        self._symbols = [symbol + suffix for symbol in SYMBOLS]
        self._client = client
        self._random = random
        self._limits: dict[str, Limits] = {}
        self._trouble: str | None = None

    async def act(self) -> None:
        """Do one thing; a trouble is told once, when it begins and when it is over."""
        try:
            trouble = await self._act()
        except httpx2.HTTPError as error:
            trouble = f"no answer ({type(error).__name__})"
        except (KeyError, TypeError, ValueError) as error:
            trouble = f"an answer that cannot be read ({error!r})"
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble is None:
                log.info("The demo trader trades")
            else:
                log.warning("The demo trader waits: %s", trouble)

    async def _act(self) -> str | None:
        answer = await self._client.get("/api/positions")
        if answer.status_code != 200:
            return _trouble(answer)
        mine = [position["ticket"] for position in answer.json() if position["magic"] == MAGIC]
        action = self._choose(mine)
        if action == "close":
            return _trouble(await self._client.post(f"/api/positions/{self._random.choice(mine)}/close"))
        symbol = self._random.choice(self._symbols)
        if symbol not in self._limits:
            answer = await self._client.get(f"/api/symbols/{symbol}/info")
            if answer.status_code != 200:
                return _trouble(answer)
            self._limits[symbol] = _limits(answer.json())
        return _trouble(await self._place(symbol, self._volume(action, self._limits[symbol])))

    def _choose(self, mine: Sequence[int]) -> str:
        if len(mine) >= POSITIONS_MAX:
            return "close"
        possible = {action: weight for action, weight in ACTIONS.items() if mine or action != "close"}
        return self._random.choices(list(possible), weights=list(possible.values()))[0]

    def _volume(self, action: str, limits: Limits) -> float:
        if action == "above_maximum":
            return limits.volume_max + limits.volume_step
        if action == "no_money":
            return limits.volume_max
        volume = limits.volume_min + self._random.randint(0, 9) * limits.volume_step
        return round(volume + (limits.volume_step / 2 if action == "off_step" else 0.0), 8)

    async def _place(self, symbol: str, volume: float) -> httpx2.Response:
        order: dict[str, Any] = {
            "canonical": symbol,
            "side": self._random.choice(("buy", "sell")),
            "volume": volume,
            "comment": "demo trader",
            "magic": MAGIC,
        }
        return await self._client.post("/api/order", json=order)


def _limits(record: dict[str, Any]) -> Limits:
    return Limits(float(record["volume_min"]), float(record["volume_max"]), float(record["volume_step"]))


def _trouble(answer: httpx2.Response) -> str | None:
    """Why the API cannot be traded with; a refusal of an order is none, and meant."""
    if answer.status_code in (401, 403) or answer.status_code >= 500:
        return f"the API answers {answer.status_code}"
    return None
