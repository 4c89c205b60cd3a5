"""Text from outside can always be written."""

from __future__ import annotations

from app.domain.text import writable


def test_half_a_character_becomes_a_question_mark_wherever_it_stands() -> None:
    """Keys, values and members of lists are cleaned; whole characters and everything else stay as they are."""
    told = {"\ud800": ["a\udfff", ("\U0001f600", 1.5)], "plain": None}
    assert writable(told) == {"?": ["a?", ["\U0001f600", 1.5]], "plain": None}
