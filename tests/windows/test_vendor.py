"""The simulator held against the vendor's own package, call by call, on one CPython for Windows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.windows.differences import MEANT, Answer, meant
from tests.windows.forms import SIGNATURES, forms
from tests.windows.place import WindowsPython, windows_path

Answers = Mapping[str, Answer]
# A wrapper in Python cannot see an empty dictionary of keywords: only the strict simulator can.
_NOT_SEEN = "**{})"


def _ask(windows: WindowsPython, kind: str, folder: Path) -> Answers:
    file = folder / f"{kind}.json"
    windows.run(["-m", "tests.windows.ask", kind, windows_path(file)], timeout_s=300)
    answers: Answers = json.loads(file.read_text(encoding="utf-8"))
    return answers


@pytest.fixture(scope="session")
def vendor(windows: WindowsPython, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What the vendor's package answers, by question."""
    return _ask(windows, "vendor", tmp_path_factory.mktemp("vendor"))


@pytest.fixture(scope="session")
def simulators(windows: WindowsPython, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Answers]:
    """What the simulator answers, with its functions as built-ins (strict) and as they are."""
    folder = tmp_path_factory.mktemp("simulator")
    plain = _ask(windows, "simulator", folder)
    return {
        "strict": _ask(windows, "strict", folder),
        "simulator": {question: answer for question, answer in plain.items() if not question.endswith(_NOT_SEEN)},
    }


@pytest.fixture(params=["strict", "simulator"])
def ours(request: pytest.FixtureRequest, simulators: Mapping[str, Answers]) -> Answers:
    """The answers of one of the two."""
    return simulators[request.param]


def _unexplained(vendor: Answers, ours: Answers, questions: list[str]) -> list[str]:
    return [
        f"{question}\n    vendor    {vendor[question]}\n    simulator {ours[question]}"
        for question in questions
        if question in ours
        and vendor[question] != ours[question]
        and not meant(question, vendor[question], ours[question])
    ]


def _said(differences: list[str]) -> str:
    return f"{len(differences)} differences:\n" + "\n".join(differences[:20])


@pytest.mark.parametrize("function", SIGNATURES)
def test_every_form_of_a_call_is_answered_alike(vendor: Answers, ours: Answers, function: str) -> None:
    """Result, exception, its cause and the last error are the vendor's, whatever the function is called with."""
    questions = [str(form) for form in forms(function)]

    differences = _unexplained(vendor, ours, questions)

    assert len(questions) > 10
    assert not differences, _said(differences)


def test_what_is_exported_is_alike(vendor: Answers, ours: Answers) -> None:
    """Names, all constants, types, reprs, constructors, copies and pickles are the vendor's."""
    questions = [question for question in vendor if "(" not in question.partition(":")[0]]

    differences = _unexplained(vendor, ours, questions)

    assert sum(":" not in question for question in questions) == 223
    assert not differences, _said(differences)


def test_nothing_is_exported_beyond_the_vendors(vendor: Answers, ours: Answers) -> None:
    """The simulator can be asked nothing that the vendor's package cannot."""
    assert not set(ours) - set(vendor)


def test_every_meant_difference_is_there(vendor: Answers, simulators: Mapping[str, Answers]) -> None:
    """A difference that is gone leaves the table too."""
    seen = {
        difference.name
        for answers in simulators.values()
        for question, answer in answers.items()
        if vendor[question] != answer and (difference := meant(question, vendor[question], answer))
    }

    assert seen == {difference.name for difference in MEANT}
