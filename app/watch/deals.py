"""Which deals a look has to ask for, and which of them are new."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.deals import Deal

MARGIN_NS = 60 * 10**9
"""How far behind the newest deal is asked again: a terminal may show an older one later."""
WIDE_NS = 3_600 * 10**9
WIDE_EVERY = 60
"""Once in so many looks it is asked for further back."""


class DayDeals:
    """The deals of the day, asked for from where the last look ended.

    Args:
        journalled_ns: when the newest deal was made that is written down; None without any. A program that was
            away asks for everything since, one that starts for the first time for the day.
    """

    def __init__(self, journalled_ns: Callable[[], int | None]) -> None:
        self._journalled_ns = journalled_ns
        self._known: dict[int, Deal] = {}
        self._newest_ns: int | None = None
        self._day_start_ns = 0
        self._asked = 0
        self.of_day: tuple[Deal, ...] = ()

    def from_ns(self, day_start_ns: int) -> int:
        """Since when to ask."""
        self._asked += 1
        if self._newest_ns is not None:
            return self._newest_ns - (WIDE_NS if self._asked % WIDE_EVERY == 0 else MARGIN_NS)
        written = self._journalled_ns()
        return day_start_ns if written is None else min(day_start_ns, written - WIDE_NS)

    def take(self, deals: Sequence[Deal], day_start_ns: int, now_ns: int) -> tuple[Deal, ...]:
        """Take an answer in; return the deals that are new in this run.

        One whose time is ahead, as after a jump of the server's clock, hides none that come after it.
        """
        new = tuple(deal for deal in deals if deal.ticket not in self._known)
        self._known.update((deal.ticket, deal) for deal in new)
        before = day_start_ns if self._newest_ns is None and not deals else self._newest_ns or 0
        self._newest_ns = max([before, *(min(deal.time_ns, now_ns) for deal in new)])
        if new or day_start_ns != self._day_start_ns:
            self._begin(day_start_ns)
        return new

    def ask_all_again(self) -> None:
        """After a time without the terminal: what happened then may come with older times."""
        self._newest_ns = None

    def _begin(self, day_start_ns: int) -> None:
        self._day_start_ns = day_start_ns
        kept_ns = day_start_ns - 2 * WIDE_NS
        self._known = {ticket: deal for ticket, deal in self._known.items() if deal.time_ns >= kept_ns}
        self.of_day = tuple(deal for _, deal in sorted(self._known.items()) if deal.time_ns >= day_start_ns)
