"""The book of a symbol: what could be bought and sold at which price, around the last tick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..vocabulary import constants as mt5
from ..vocabulary.symbols import SymbolSpec
from .feed import Quote
from .noise import Noise

_LOTS_MEAN = 12.0
_COUNTERS_PER_TICK = 64


class Level(NamedTuple):
    """Lots that may be traded at a price (points); `type` is MT5's number for the side that offers them."""

    type: int
    price: int
    lots: float


def levels(spec: SymbolSpec, quote: Quote, seed: int) -> list[Level]:
    """Both sides of the book, dearest price first; the best prices are the tick's own.

    Made from the tick alone, like everything else of the market: the same tick has the same book.
    """
    depth, step = spec.book_depth, max(quote.ask - quote.bid, 1)
    counters = quote.time_msc * _COUNTERS_PER_TICK + np.arange(2 * depth, dtype=np.int64)
    drawn = np.ceil(Noise(seed, spec.root, "book").exponential(counters) * _LOTS_MEAN)
    offered = [quote.ask + step * place for place in reversed(range(depth))]
    asked = [quote.bid - step * place for place in range(depth)]
    kinds = [mt5.BOOK_TYPE_SELL] * depth + [mt5.BOOK_TYPE_BUY] * depth
    return [Level(*level) for level in zip(kinds, offered + asked, drawn.tolist(), strict=True)]
