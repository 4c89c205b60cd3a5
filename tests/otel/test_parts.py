"""Lines become parts that fit, in order, with their line's end on the last."""

from __future__ import annotations

import pytest

from otel.documents import Protocol
from otel.parts import Part, batches, cut
from otel.segments import Line, Position
from tests.otel.spooled import spans

END = Position(1, 100)


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_a_line_that_fits_is_one_part(protocol: Protocol) -> None:
    """The part has the line's items, time and end."""
    line = spans(0, 3)
    (part,) = cut("traces", Line(line, END), protocol, 10_000)

    assert (part.line, part.items, part.end, part.undeliverable) == (line, 3, END, "")
    assert part.recorded_at == pytest.approx(1_700_000_000.25)


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_a_line_that_does_not_fit_becomes_several_parts(protocol: Protocol) -> None:
    """Every part fits, none is lost, and only the last ends the line."""
    parts = cut("traces", Line(spans(0, 16, "x" * 100), END), protocol, 1000)

    assert sum(part.items for part in parts) == 16
    assert all(0 < len(part.body) <= 1000 for part in parts)
    assert [part.end for part in parts] == [None] * (len(parts) - 1) + [END]


def test_a_part_that_cannot_be_sent_says_why() -> None:
    """A single item beyond the limit is too large; a line that is no document, or no message, is unreadable."""
    (large,) = cut("traces", Line(spans(0, 1, "x" * 2000), END), "http/json", 1000)
    (garbage,) = cut("traces", Line(b"garbage", END), "http/json", 1000)
    (mistyped,) = cut("traces", Line(b'{"resourceSpans":[1]}', END), "http/protobuf", 1000)

    assert (large.undeliverable, large.items, large.body) == ("too_large", 1, b"")
    assert (garbage.undeliverable, garbage.items) == ("unreadable", 1)
    assert mistyped.undeliverable == "unreadable"


def test_batches_fill_requests_in_order() -> None:
    """Parts share a request while they fit; what cannot be sent comes alone."""
    small, large, garbage = spans(0, 1), spans(1, 4, "x" * 100), b"garbage"
    sequence = (small, small, garbage, small, large, small)
    lines = [Line(line, Position(1, number)) for number, line in enumerate(sequence)]
    limit = 2 * len(small)

    made = list(batches("traces", lines, "http/json", limit))

    flat: list[Part] = [part for batch in made for part in batch]
    assert [part.end for part in flat if part.end is not None] == [line.end for line in lines]
    assert all(sum(len(part.body) for part in batch) <= limit for batch in made)
    assert [len(batch) for batch in made[:3]] == [2, 1, 1]
    assert [part.line for batch in made for part in batch if part.undeliverable] == [garbage]
