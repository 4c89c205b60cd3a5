"""Which `Host` a request may name. A name that is not ours means that a page elsewhere had its name point here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._-]{1,253})(?::[0-9]{1,5})?")
_KNOWN_MAX: Final = 64
ANY: Final = "*"


class Hosts:
    """The addresses and names under which this API may be called; ports are not looked at, since tunnels change them.

    An address in numbers is nobody's to point elsewhere: where all addresses are listened on, any is taken.

    Args:
        listened: the address that is listened on.
        allowed: further names; `*` takes any.
    """

    def __init__(self, listened: str, allowed: Iterable[str] = ()) -> None:
        self._names = frozenset({"localhost", *(name.lower().strip("[]") for name in (listened, *allowed))})
        address = _address(listened)
        self._any_address = address is not None and address.is_unspecified
        self._known: set[str] = set()

    def takes(self, host: str) -> bool:
        """Whether *host* is ours."""
        if host in self._known or ANY in self._names:
            return True
        if not self._is_ours(host):
            return False
        if len(self._known) < _KNOWN_MAX:
            self._known.add(host)
        return True

    def _is_ours(self, host: str) -> bool:
        matched = _HOST.fullmatch(host)
        if matched is None:
            return False
        name = matched[1].lower().strip("[]").removesuffix(".")
        address = _address(name)
        if address is None:
            return name in self._names or name.endswith(".localhost")
        return address.is_loopback or self._any_address or name in self._names


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
