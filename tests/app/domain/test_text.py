"""Text from outside can always be written, and numbers lose nothing."""

from __future__ import annotations

from app.domain.text import number, writable


def test_half_a_character_becomes_a_question_mark_wherever_it_stands() -> None:
    """Keys, values and members of lists are cleaned; whole characters and everything else stay as they are."""
    told = {"\ud800": ["a\udfff", ("\U0001f600", 1.5)], "plain": None}
    assert writable(told) == {"?": ["a?", ["\U0001f600", 1.5]], "plain": None}


def test_a_number_is_told_with_all_its_digits() -> None:
    """A price of seven digits, a large volume and one a hair off its step are told as they are; sums stay short."""
    told = [number(value) for value in (93070.47, 1234567.8, 0.30000001, 0.1 + 0.2, 100.0)]
    assert told == ["93070.47", "1234567.8", "0.30000001", "0.3", "100"]
