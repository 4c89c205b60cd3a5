"""Random numbers by address: any draw can be made again without making the ones before it.

Every draw is a hash of (seed, symbol, purpose) and a counter, so a price depends on nothing but its own place. The
hash is written out here because NumPy keeps its bit streams stable across releases but not its distributions, and a
market that changes with a library would contradict the ledger beside it.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from .arrays import Floats, Ints

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = (np.uint64(bits) for bits in (30, 27, 31, 11))


class Noise:
    """One stream of draws, named by what it is for."""

    __slots__ = ("_key",)

    def __init__(self, seed: int, symbol: str, purpose: str) -> None:
        digest = blake2b(f"{seed}/{symbol}/{purpose}".encode(), digest_size=8).digest()
        self._key = np.uint64(int.from_bytes(digest, "little"))

    def uniform(self, counters: Ints) -> Floats:
        """Numbers evenly spread over the open interval (0, 1), one for each counter."""
        # SplitMix64, entered at any place of its sequence.
        bits = counters.astype(np.uint64) * _GOLDEN + self._key
        bits = (bits ^ (bits >> _S30)) * _MIX_1
        bits = (bits ^ (bits >> _S27)) * _MIX_2
        bits = bits ^ (bits >> _S31)
        return ((bits >> _S11).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, counters: Ints) -> Floats:
        """Standard normal numbers, one for each counter (Box–Muller over two uniform draws)."""
        first, second = self.uniform(counters * 2), self.uniform(counters * 2 + 1)
        return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second))

    def exponential(self, counters: Ints) -> Floats:
        """Exponential numbers with mean 1, one for each counter."""
        return np.asarray(-np.log(self.uniform(counters)))
