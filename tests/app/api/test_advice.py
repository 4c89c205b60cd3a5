"""A refusal is explained in plain words."""

from __future__ import annotations

import pytest

from app.api.advice import ADVICE, PENDING_ADVICE, STANDING_ADVICE, UNLISTED, Advice, advice_for
from app.domain.orders import Action
from otel.metatrader5.codes import DONE_RETCODES, RETCODES

UNSURE = frozenset({10011, 10012, 10031})
"""No refusals: the order may have been executed."""


def test_every_refusal_is_explained() -> None:
    """Each return code that refuses something has advice, and no other has."""
    assert set(ADVICE) == set(RETCODES) - DONE_RETCODES - UNSURE
    assert set(ADVICE) >= set(PENDING_ADVICE) | set(STANDING_ADVICE)


@pytest.mark.parametrize(
    ("retcode", "action", "advice"),
    [
        (10035, Action.CANCEL, STANDING_ADVICE[10035]),
        (10035, Action.MODIFY, STANDING_ADVICE[10035]),
        (10035, Action.PLACE, ADVICE[10035]),
        (10015, Action.PLACE, PENDING_ADVICE[10015]),
        (10015, Action.OPEN, ADVICE[10015]),
        (10019, Action.MODIFY, ADVICE[10019]),
        (10999, Action.CANCEL, UNLISTED),
    ],
)
def test_a_refusal_is_explained_by_what_was_asked_for(retcode: int, action: Action, advice: Advice) -> None:
    """One code has several meanings: who loses a race to cancel learns that nothing is left to cancel."""
    assert advice_for(retcode, action) == advice


def test_advice_is_whole_sentences() -> None:
    """Meaning and next step read as sentences, since the message joins them."""
    for advice in (*ADVICE.values(), *PENDING_ADVICE.values(), *STANDING_ADVICE.values(), UNLISTED):
        assert advice.meaning.endswith(".")
        assert advice.next_step[0].isupper()
