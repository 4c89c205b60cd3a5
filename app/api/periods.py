"""Moments and periods as callers write them: a date, or RFC 3339; in UTC where no offset is given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query
from fastapi.exceptions import RequestValidationError

from app.api.errors import refuse
from app.domain.clock import rfc3339

DAY_NS: Final = 86_400 * 10**9
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
YEARS: Final = (1971, 2037)
"""Whole years that the terminal's 32 bits can hold."""
FORM: Final = "should be a date (YYYY-MM-DD) or a time (RFC 3339, such as 2026-01-05T10:00:00Z) from 1971 to 2037"

Moment = Annotated[str | None, Query(max_length=40, description="`YYYY-MM-DD` or RFC 3339; UTC without an offset.")]


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, up to another that is no longer part of it; ns since 1970."""

    since_ns: int
    until_ns: int

    def to_json(self) -> dict[str, str]:
        """Both ends in words."""
        return {"date_from": rfc3339(self.since_ns), "date_to": rfc3339(self.until_ns)}


def moment_ns(name: str, text: str | None, *, end: bool = False) -> int | None:
    """The moment that a parameter says; as an *end*, a date alone includes its day.

    Raises:
        RequestValidationError: it says none.
    """
    if text is None:
        return None
    # A plus sign that nobody escaped arrives as a space.
    written = text.strip().replace(" ", "T" if len(text.strip()) == 19 else "+")
    try:
        moment = datetime.fromisoformat(written)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refuse(("query", name), FORM) from None
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise refuse(("query", name), FORM)
    if end and _DATE.fullmatch(written):
        moment += timedelta(days=1)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def period(date_from: str | None, date_to: str | None, *, now_ns: int, days: int = 30) -> Period:
    """The period of two parameters; by default the last *days* up to now.

    Raises:
        RequestValidationError: one of them says no moment, or the end lies before the beginning.
    """
    until_ns = moment_ns("date_to", date_to, end=True)
    since_ns = moment_ns("date_from", date_from)
    until_ns = now_ns + DAY_NS if until_ns is None else until_ns
    since_ns = min(now_ns, until_ns) - days * DAY_NS if since_ns is None else since_ns
    in_order("date_to", since_ns, until_ns)
    return Period(since_ns, until_ns)


def in_order(name: str, since_ns: int | None, until_ns: int | None) -> None:
    """Refuse an end, given as *name*, that lies before the beginning."""
    if since_ns is not None and until_ns is not None and until_ns <= since_ns:
        raise refuse(("query", name), f"should lie after the beginning, {rfc3339(since_ns)}")


def one_of(name: str, given: str, known: Iterable[str]) -> str:
    """The known word that was given, in any case."""
    words = {word.upper(): word for word in known}
    if (word := words.get(given.upper())) is None:
        raise refuse(("query", name), f"should be one of {', '.join(words.values())}")
    return word


def too_many(name: str, asked: int, most: int, what: str) -> RequestValidationError:
    """The fault of asking for more than is given at once."""
    return refuse(("query", name), f"should ask for at most {most} {what} at once; this asks for {asked}")
