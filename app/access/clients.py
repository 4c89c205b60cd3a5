"""Whose address it is: who is told apart from whom, where callers are counted."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

UNKNOWN: Final = "unknown"


@lru_cache(maxsize=1_024)
def network_of(address: str) -> str:
    """The address or, with IPv6, the network of 2^64 of them that one customer has; `unknown` where it is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
