"""The vendor's own Python file, executed unmodified over the simulator's functions and types."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from app.simulator import SimulatorModule
from app.simulator.vocabulary.structs import STRUCTS
from tests.support.vendor import VERSION, vendor_file

HELPERS = {"Buy", "Sell", "Close"}
PACKAGE = "vendors_metatrader5"


@pytest.fixture(params=[False, True], ids=["usual", "strict"])
def mt5(request: pytest.FixtureRequest, clock: Callable[[], float]) -> Any:
    """The simulator as a module, in both of its modes."""
    return SimulatorModule(ledger=Path(":memory:"), clock=clock, strict=request.param)


@pytest.fixture
def vendors(mt5: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The vendor's module, with the simulator in the place of its `_core`."""
    file = vendor_file()
    if isinstance(file, str):
        pytest.skip(file)
    package, core = ModuleType(PACKAGE), ModuleType(f"{PACKAGE}._core")
    package.__path__, package.__package__ = [], PACKAGE
    taken = {name for name in vars(mt5) if not name.startswith("_")} - constants(mt5).keys() - HELPERS
    core.__dict__.update({name: getattr(mt5, name) for name in taken})
    monkeypatch.setitem(sys.modules, PACKAGE, package)
    monkeypatch.setitem(sys.modules, core.__name__, core)
    exec(compile(file.read_text("utf-8"), str(file), "exec"), package.__dict__)
    yield package
    mt5.shutdown()


def constants(module: Any) -> dict[str, int]:
    """The constants of a module: its public numbers."""
    return {name: value for name, value in vars(module).items() if name.isupper() and type(value) is int}


def public(module: Any) -> set[str]:
    """What `import *` of a module brings, and its version."""
    return {name for name in vars(module) if not name.startswith("_")}


def test_constants_are_the_vendors(mt5: Any, vendors: Any) -> None:
    """All 223, with the vendor's values, and no more."""
    assert constants(mt5) == constants(vendors)
    assert len(constants(mt5)) == 223


def test_names_are_the_vendors(mt5: Any, vendors: Any) -> None:
    """32 functions, three helpers, eleven types: what the vendor's module has, the simulator's has, and no more."""
    assert public(mt5) == public(vendors)
    assert len(public(mt5) - constants(mt5).keys() - HELPERS - STRUCTS.keys()) == 32
    assert mt5.__version__ == vendors.__version__ == VERSION


def test_helpers_take_what_the_vendors_take(mt5: Any, vendors: Any) -> None:
    """Buy, Sell and Close are functions in Python with the same parameters and defaults."""
    for name in HELPERS:
        ours, theirs = getattr(mt5, name), getattr(vendors, name)
        assert type(ours) is type(theirs) is FunctionType
        assert shape(ours) == shape(theirs)


def shape(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults of a function's parameters."""
    return [(each.name, each.kind, each.default) for each in inspect.signature(function).parameters.values()]


class Recording:
    """Stands in for order_send: keeps what it gets, and answers by a list of codes, then truly."""

    def __init__(self, module: Any, codes: tuple[int | None, ...]) -> None:
        self._really, self._module, self._codes = module.order_send, module, list(codes)
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: dict[str, Any]) -> Any:
        """Answer a request; a code of None is a call that failed."""
        self.requests.append(request)
        if not self._codes:
            return self._really(request)
        code = self._codes.pop(0)
        return code and self._module.OrderSendResult([code, *[0] * 9, None])


CALLS: dict[str, Callable[[Any, int, int], Any]] = {
    "Buy": lambda m, bought, sold: m.Buy("EURUSD", 0.1),
    "Buy with a comment": lambda m, bought, sold: m.Buy("GBPUSD", 0.1, comment="mine"),
    "Buy at a price": lambda m, bought, sold: m.Buy("EURUSD", 0.1, 1.5),
    "Buy what is sold": lambda m, bought, sold: m.Buy("EURUSD", 0.1, ticket=sold),
    "Buy with a wrong volume": lambda m, bought, sold: m.Buy("EURUSD", 1),
    "Buy what there is not": lambda m, bought, sold: m.Buy("NOPE", 0.1),
    "Sell": lambda m, bought, sold: m.Sell("EURUSD", 0.1),
    "Sell at a price": lambda m, bought, sold: m.Sell("EURUSD", 0.1, price=0.5, comment=""),
    "Sell what is bought": lambda m, bought, sold: m.Sell("EURUSD", 0.1, ticket=bought),
    "Close": lambda m, bought, sold: m.Close("EURUSD"),
    "Close with a comment": lambda m, bought, sold: m.Close("EURUSD", comment="out"),
    "Close one": lambda m, bought, sold: m.Close("EURUSD", ticket=bought),
    "Close another symbol's": lambda m, bought, sold: m.Close("GBPUSD", ticket=bought),
    "Close what there is not": lambda m, bought, sold: m.Close("NOPE"),
    "Close a ticket that there is not": lambda m, bought, sold: m.Close("EURUSD", ticket=1),
    "Close a wrong ticket": lambda m, bought, sold: m.Close("EURUSD", ticket="1"),
}
CODES: tuple[tuple[int | None, ...], ...] = (
    (),
    (10004, 10021),
    (10004,) * 9,
    (10004,) * 10,
    (10004,) * 20,
    (10009, 10006),
    (10006, 10010),
    (10006, 10006),
    (10009, None),
    (None,),
)


@pytest.mark.parametrize("mt5", [True], indirect=True, ids=["strict"])
@pytest.mark.parametrize("codes", CODES, ids=lambda codes: "-".join(map(str, (len(codes), *codes[-2:]))))
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.usefixtures("mt5")
def test_helpers_do_what_the_vendors_do(
    vendors: Any, clock: Callable[[], float], call: Callable[[Any, int, int], Any], codes: tuple[int | None, ...]
) -> None:
    """Each call of a helper sends the same requests, answers the same and leaves the same account."""
    theirs = after(vendors, call, codes)
    ours = after(SimulatorModule(ledger=Path(":memory:"), clock=clock), call, codes)

    assert ours == theirs


def after(module: Any, call: Callable[[Any, int, int], Any], codes: tuple[int | None, ...]) -> tuple[Any, ...]:
    """What a call led to, where two positions are open."""
    assert module.initialize()
    bought, sold = (module.order_send(action=1, symbol="EURUSD", volume=0.1, type=side).order for side in (0, 1))
    module.order_send = recording = Recording(module, codes)
    try:
        answer = call(module, bought, sold)
    except (AttributeError, TypeError) as error:
        answer = repr(error)
    return answer, recording.requests, module.last_error(), module.positions_get()
