"""Dead letters are kept readable and under their cap."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from otel.deadletters import DeadLetters
from otel.retention import Caps
from otel.segments import iterate


def test_a_letter_has_the_document_and_why_it_was_refused(tmp_path: Path) -> None:
    """A person finds time, signal, reason, the endpoint's words and the document itself."""
    with closing(DeadLetters("logs", tmp_path, clock=lambda: 12.5)) as letters:
        letters.put(b'{"resourceLogs":[]}', "HTTP 400", "bad \u2028 log")

    (line,) = iterate(tmp_path)
    assert json.loads(line.data) == {
        "time": 12.5,
        "signal": "logs",
        "reason": "HTTP 400",
        "detail": "bad \u2028 log",
        "document": {"resourceLogs": []},
    }


def test_what_is_no_document_is_kept_as_text(tmp_path: Path) -> None:
    """Garbage does not make the letter itself unreadable."""
    with closing(DeadLetters("logs", tmp_path, clock=lambda: 0.0)) as letters:
        letters.put(b'{"half\xff', "unreadable", readable=False)

    (line,) = iterate(tmp_path)
    assert json.loads(line.data)["line"] == '{"half\ufffd'


def test_without_a_letter_there_is_no_file(tmp_path: Path) -> None:
    """The directory is made with the first letter."""
    DeadLetters("logs", tmp_path / "dead", clock=lambda: 0.0).close()

    assert not list(tmp_path.iterdir())


def test_the_oldest_letters_make_room(tmp_path: Path) -> None:
    """However many letters come, the folder stays under its cap and keeps the newest."""
    with closing(DeadLetters("logs", tmp_path, caps=Caps(max_bytes=4000), clock=lambda: 0.0)) as letters:
        for number in range(500):
            letters.put(b"{}", str(number))

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000
    assert json.loads(list(iterate(tmp_path))[-1].data)["reason"] == "499"
