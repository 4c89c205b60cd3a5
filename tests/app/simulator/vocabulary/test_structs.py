"""Result types that behave as the package's struct sequences do."""

from __future__ import annotations

import copy
import gc
import pickle
from types import MemberDescriptorType

import pytest

from app.simulator.vocabulary.structs import RATES, STRUCTS, TICKS, Tick, TradeRequest

VALUES = (1, 1.5, 1.6, 0.0, 0, 1000, 6, 0.0)


def test_field_counts_are_the_packages() -> None:
    """Every exported type is there with the package's number of fields."""
    assert {name: struct.n_fields for name, struct in STRUCTS.items()} == {
        "AccountInfo": 28,
        "BookInfo": 4,
        "OrderCheckResult": 9,
        "OrderSendResult": 11,
        "SymbolInfo": 96,
        "TerminalInfo": 22,
        "Tick": 8,
        "TradeDeal": 18,
        "TradeOrder": 24,
        "TradePosition": 19,
        "TradeRequest": 17,
    }


def test_reads_like_a_struct() -> None:
    """Fields are attributes, places, a dict and a repr."""
    tick = Tick(VALUES)

    assert (tick.bid, tick[1], len(tick)) == (1.5, 1.5, 8)
    assert tick._asdict()["time_msc"] == 1000
    assert repr(tick).startswith("Tick(time=1, bid=1.5, ask=1.6, ")
    assert isinstance(tick, Tick)


def test_is_what_c_makes() -> None:
    """Nothing but a tuple lies below, its parts are the interpreter's own, and `_asdict` complains as one of C does."""
    assert Tick.__mro__ == (Tick, tuple, object)
    assert type(vars(Tick)["bid"]) is MemberDescriptorType
    assert Tick(sequence=VALUES) == Tick(VALUES, {})
    with pytest.raises(TypeError, match=r"^Tick\._asdict\(\) takes no arguments \(1 given\)$"):
        Tick(VALUES)._asdict(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^unbound method Tick\._asdict\(\) needs an argument$"):
        Tick._asdict()  # type: ignore[call-arg]


def test_names_outlive_a_collection() -> None:
    """The interpreter goes on using the names that it was given."""
    gc.collect()

    assert [list(struct(range(struct.n_fields))._asdict()) for struct in STRUCTS.values()] == [
        list(struct.__match_args__) for struct in STRUCTS.values()
    ]


def test_nested_request_stays_a_request() -> None:
    """`_asdict()` is shallow: a request inside a result stays the request that it was."""
    request = TradeRequest([0] * 17)
    result = STRUCTS["OrderCheckResult"]([0] * 8 + [request])

    assert result._asdict()["request"] is request


def test_is_no_namedtuple() -> None:
    """What bots must not rely on is not there."""
    tick = Tick(VALUES)

    assert not any(hasattr(tick, name) for name in ("_fields", "_replace", "_make"))


def test_equality_and_hash_are_the_tuples() -> None:
    """A result equals the plain tuple of its values."""
    assert Tick(VALUES) == VALUES
    assert hash(Tick(VALUES)) == hash(VALUES)


def test_copies_but_does_not_pickle() -> None:
    """Copying deeply works; pickle fails as it does on the package's types."""
    tick = Tick(VALUES)

    assert copy.deepcopy(tick) == tick
    with pytest.raises(pickle.PicklingError, match="Can't pickle <class 'Tick'>: attribute lookup Tick on builtins"):
        pickle.dumps(tick)


def test_cannot_be_changed() -> None:
    """A result is read-only and takes no new attributes."""
    tick = Tick(VALUES)

    for name in ("bid", "invented"):
        with pytest.raises(AttributeError):
            setattr(tick, name, 1.0)


def test_cannot_be_subclassed() -> None:
    """The types are final."""
    with pytest.raises(TypeError, match="type 'Tick' is not an acceptable base type"):
        type("Mine", (Tick,), {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "constructor requires a sequence"),
        ((1, 2), r"Tick\(\) takes an? 8-sequence \(2-sequence given\)"),
    ],
)
def test_constructor_takes_one_whole_sequence(given: object, message: str) -> None:
    """A type is made from exactly its fields."""
    with pytest.raises(TypeError, match=message):
        Tick(given)


def test_array_layouts() -> None:
    """Rates and ticks are 60 bytes a row, in the package's order and types."""
    assert (RATES.itemsize, TICKS.itemsize) == (60, 60)
    assert RATES.names == ("time", "open", "high", "low", "close", "tick_volume", "spread", "real_volume")
    assert [TICKS[name].str for name in TICKS.names or ()] == ["<i8", "<f8", "<f8", "<f8", "<u8", "<i8", "<u4", "<f8"]
