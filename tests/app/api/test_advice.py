"""A refusal is explained in plain words."""

from __future__ import annotations

from app.api.advice import ADVICE, UNLISTED
from otel.metatrader5.codes import DONE_RETCODES, RETCODES

NOT_MARKET_ORDERS = frozenset({10022, 10023, 10041})
"""Refusals of pending orders, which cannot be placed yet."""

UNSURE = frozenset({10011, 10012, 10031})
"""No refusals: the order may have been executed."""


def test_every_refusal_of_a_market_order_is_explained() -> None:
    """Each return code that refuses a market order or a close has advice, and no other has."""
    assert set(ADVICE) == set(RETCODES) - DONE_RETCODES - UNSURE - NOT_MARKET_ORDERS


def test_advice_is_whole_sentences() -> None:
    """Meaning and next step read as sentences, since the message joins them."""
    for advice in (*ADVICE.values(), UNLISTED):
        assert advice.meaning.endswith(".")
        assert advice.next_step[0].isupper()
