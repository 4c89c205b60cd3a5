"""Security events by the minute: whoever is refused again and again is told of twice a minute and counted each time.

The first refusal of a type, client and key is a row at once; the others of its minute are one more row when it ends.
However many addresses and keys somebody tries, a minute has no more than about four hundred rows: a client has five
keys of its own, and a minute two hundred clients and keys; what is beyond is told of together, as `others`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from app.access.clients import network_of
from app.domain.events import REFUSALS, SecurityEvent, SecurityType

KEYS_MAX: Final = 5
"""So many keys of one client are told apart in a minute."""
GROUPS_MAX: Final = 200
"""So many clients and keys are told apart in a minute."""
KEPT: Final = 200
"""So many of the last ones are at hand."""
WAITING_MAX: Final = 20_000
"""So many rows wait for their file at most."""

OTHERS: Final = "others"
MINUTE_NS: Final = 60 * 10**9


class Who(NamedTuple):
    """Who is refused what: one row at once and one when the minute ends."""

    type: SecurityType
    network: str
    key_id: str


class SecurityRows(NamedTuple):
    """Rows of security events.

    Attributes:
        firsts: events, each told of as it is.
        rests: what the minutes that are over had more of them.
        under_way: what the present minute has more so far: its rows, if it ended now.
    """

    firsts: list[SecurityEvent]
    rests: list[SecurityEvent]
    under_way: list[SecurityEvent]


@dataclass(slots=True)
class _Told:
    """An event, or all refusals of one minute that are told of together; *client* and *key_id* are theirs."""

    client: str
    key_id: str
    last: SecurityEvent
    count: int

    def add(self, event: SecurityEvent, client: str, key_id: str) -> None:
        self.client, self.key_id, self.last = client, key_id, event
        self.count += event.count

    def together(self) -> SecurityEvent:
        return replace(self.last, client=self.client, key_id=self.key_id, count=self.count)

    def rest(self) -> SecurityEvent | None:
        """What the row written at once has not told of."""
        return replace(self.together(), count=self.count - 1) if self.count > 1 else None


class SecurityLog:
    """Which rows there are to be of security events, and the last ones to look at. Not for several threads."""

    def __init__(self) -> None:
        self._minute = 0
        self._groups: dict[Who, _Told] = {}
        self._keys: Counter[tuple[SecurityType, str]] = Counter()
        self._last: deque[_Told] = deque(maxlen=KEPT)
        self._firsts: deque[SecurityEvent] = deque(maxlen=WAITING_MAX)
        self._rests: deque[SecurityEvent] = deque(maxlen=WAITING_MAX)

    def add(self, event: SecurityEvent) -> None:
        """Take an event, which is one attempt."""
        if self._enter(event):
            self._firsts.append(event)

    def restore(self, events: Iterable[SecurityEvent]) -> None:
        """Take events that have their rows already, oldest first."""
        for event in events:
            self._enter(event)
        self._begin_minute(0)
        self._rests.clear()

    def last(self, since_ns: int, count: int) -> list[SecurityEvent]:
        """The last events since a moment, newest first, those of one minute together."""
        found = [told.together() for told in reversed(self._last) if told.last.at_ns >= since_ns]
        return sorted(found, key=lambda event: event.at_ns, reverse=True)[:count]

    def take(self, now_ns: int, *, ending: bool = False) -> SecurityRows:
        """The rows that are to be written, each once; with *ending* the present minute is over too."""
        if ending or now_ns // MINUTE_NS != self._minute:
            self._begin_minute(now_ns // MINUTE_NS)
        taken = SecurityRows(list(self._firsts), list(self._rests), self._under_way())
        self._firsts.clear()
        self._rests.clear()
        return taken

    def _under_way(self) -> list[SecurityEvent]:
        return [rest for told in self._groups.values() if (rest := told.rest()) is not None]

    def _enter(self, event: SecurityEvent) -> bool:
        """Note the event; whether it is the first of those that it is told of with."""
        if event.type not in REFUSALS:
            self._last.append(_Told(event.client, event.key_id, event, event.count))
            return True
        if event.at_ns // MINUTE_NS != self._minute:
            self._begin_minute(event.at_ns // MINUTE_NS)
        who = self._who(event)
        told = self._groups.get(who)
        if told is not None:
            client = event.client if told.client == event.client else who.network
            told.add(event, client, who.key_id)
            return False
        self._keys[who.type, who.network] += 1
        self._groups[who] = told = _Told(event.client, event.key_id, event, event.count)
        self._last.append(told)
        return True

    def _who(self, event: SecurityEvent) -> Who:
        """With whom the event is told of, so that their number is bounded whatever is tried."""
        network = network_of(event.client)
        own = Who(event.type, network, event.key_id)
        if own in self._groups:
            return own
        room = len(self._groups) < GROUPS_MAX
        if room and self._keys[event.type, network] < KEYS_MAX:
            return own
        clients = Who(event.type, network, OTHERS)
        return clients if room or clients in self._groups else Who(event.type, OTHERS, OTHERS)

    def _begin_minute(self, minute: int) -> None:
        self._rests.extend(self._under_way())
        self._groups.clear()
        self._keys.clear()
        self._minute = minute
