"""Ask one module with the package's surface everything in `forms.py`, and write its answers as JSON.

`python -m tests.windows.ask vendor|simulator|strict FILE`. It runs wherever the module does, on Windows' Python for the
vendor's, and needs NumPy beside it.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.windows import surface
from tests.windows.forms import SIGNATURES, Form, forms

Answer = dict[str, Any]
_ADDRESS = re.compile(r" at 0x[0-9A-F]+")


def open_module(kind: str, ledger: Path) -> Any:
    """Return the vendor's package, or the simulator before anybody initialised it."""
    if kind == "vendor":
        return importlib.import_module("MetaTrader5")
    simulator = importlib.import_module("app.simulator.module")
    module = simulator.open_module({"ledger": str(ledger), "strict": kind == "strict"})
    sys.modules["MetaTrader5"] = module  # where pickle looks for it
    return module


def describe(value: Any) -> str:
    """Return a value with its type, as text that is the same for the same value wherever it lies."""
    return f"{type(value).__name__}: {_ADDRESS.sub('', repr(value))}"


def attempt(call: Callable[[], Any]) -> Answer:
    """Return what a call gives: its result, or the exception with what caused it."""
    try:
        return {"result": describe(call())}
    except Exception as error:
        raised = {"raised": f"{type(error).__name__}: {error}"}
        if error.__cause__ is not None:
            raised["cause"] = f"{type(error.__cause__).__name__}: {error.__cause__}"
        return raised


def ask(module: Any, form: Form) -> Answer:
    """Make one call from a clean slate, and ask for the last error."""
    function = getattr(module, form.function)
    positional, keywords = form.arguments()
    module.shutdown()
    answer = attempt(lambda: function(*positional) if keywords is None else function(*positional, **keywords))
    answer["last_error"] = attempt(module.last_error)
    return answer


def answers(module: Any) -> Iterator[tuple[str, Answer]]:
    """Ask everything."""
    for question in surface.questions(module):
        yield question, attempt(partial(surface.look, module, question))
    for function in SIGNATURES:
        for form in forms(function):
            yield str(form), ask(module, form)


def main(kind: str, file: str) -> None:
    """Write every answer by its question."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        module = open_module(kind, Path(folder, "ledger.db"))
        found = dict(answers(module))
        module.shutdown()
    Path(file).write_text(json.dumps(found, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
