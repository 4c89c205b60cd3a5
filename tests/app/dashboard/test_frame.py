"""Frames: what a page is told, and the one rule of what has changed."""

from __future__ import annotations

from app.dashboard.frame import Frame, View, columns
from app.dashboard.recent import EVERY_S, POINTS_MAX, Figures, Recent
from app.domain.account import AccountMode
from app.watch.state import Snapshot
from tests.app.api.fakes import ACCOUNT, POSITION, SEEN, TICK, FakeWatch, SteppingClock


class SettableClock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def time_ns(self) -> int:
        """The same as `monotonic`, in nanoseconds."""
        return int(self.now * 1e9)

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


def view(seen: Snapshot) -> View:
    """What is shown of a look at the terminal."""
    clock = SteppingClock()
    return View(
        watch=FakeWatch(latest=seen),
        clock=clock,
        about=lambda: {"version": "9"},
        status=lambda: {"status": "healthy"},
        today=lambda: {"pnl": 1.5},
        others={"workers": lambda: {"worker": ["trading"]}},
        recent=Recent(figures=lambda: {"equity": 1.0}, clock=clock),
    )


def test_only_fields_that_differ_are_told() -> None:
    """A column of prices that moved is told, the tickets beside it and sections that stood are not."""
    before = Frame(at_ms=1, sections={"positions": {"ticket": [1, 2], "profit": [0.0, 1.0]}, "about": {"mode": "real"}})
    after = Frame(at_ms=2, sections={"positions": {"ticket": [1, 2], "profit": [0.5, 1.0]}, "about": {"mode": "real"}})
    assert after.since(before) == {"at_ms": 2, "positions": {"profit": [0.5, 1.0]}}


def test_changes_over_a_frame_give_the_next_one() -> None:
    """The page's own rule, fields over fields, brings it to exactly what a new page is sent."""
    before = Frame(at_ms=1, sections={"a": {"x": [1], "y": 2}, "b": {"z": None}})
    after = Frame(at_ms=2, sections={"a": {"x": [], "y": 2}, "b": {"z": 0}, "c": {"new": True}})
    page = {name: dict(fields) for name, fields in before.sections.items()}
    for name, fields in after.since(before).items():
        if name != "at_ms":
            page.setdefault(name, {}).update(fields)
    assert page == {name: dict(fields) for name, fields in after.sections.items()}


def test_a_frame_has_every_section_a_page_shows() -> None:
    """Account, connection, positions, prices and the parts that others make."""
    seen = Snapshot(connection=SEEN.connection, account=ACCOUNT, positions=(POSITION,), ticks={"EURUSD": TICK})
    whole = view(seen).look().whole()
    assert whole["about"] == {"version": "9", "mode": "simulated"}
    assert whole["connection"]["connected"] is True
    assert whole["positions"]["ticket"] == [77]
    assert whole["ticks"] == {"symbol": ["EURUSD"], "bid": [1.1], "ask": [1.2], "time_msc": [TICK.time_msc]}
    assert whole["workers"] == {"worker": ["trading"]}
    assert whole["recent"] == {"at_ms": []}


def test_an_account_that_is_not_known_has_no_figures() -> None:
    """None, so that no page shows an invented zero."""
    whole = view(Snapshot()).look().whole()
    assert set(whole["account"].values()) == {None}
    assert whole["about"]["mode"] == AccountMode.UNKNOWN


def test_a_field_that_a_record_lacks_is_none() -> None:
    """Columns stay as long as each other."""
    assert columns([{"a": 1}, {"a": 2, "b": 3}], ("a", "b")) == {"a": [1, 2], "b": [None, 3]}


async def test_recent_keeps_a_point_every_so_often_and_an_hour_of_them() -> None:
    """However often the terminal is looked at, and however long."""
    clock, equity = SettableClock(), 0.0

    def figures() -> Figures | None:
        return {"equity": equity}

    recent = Recent(figures=figures, clock=clock)
    for second in range(int(POINTS_MAX * EVERY_S) + 100):
        clock.now, equity = float(second), float(second)
        await recent.sample()
    kept = recent.columns()
    assert len(kept["equity"]) == POINTS_MAX
    assert kept["at_ms"][1] - kept["at_ms"][0] == EVERY_S * 1_000
    assert kept["equity"][-1] == kept["at_ms"][-1] / 1_000


async def test_recent_keeps_nothing_while_nothing_is_known() -> None:
    """No account, no point; the first one comes as soon as there is one."""
    known: list[Figures] = []
    recent = Recent(figures=lambda: known[0] if known else None, clock=SettableClock())
    await recent.sample()
    assert recent.columns() == {"at_ms": []}
    known.append({"equity": 2.0})
    await recent.sample()
    assert recent.columns() == {"at_ms": [0], "equity": [2.0]}
