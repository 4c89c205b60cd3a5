"""The ledger in memory and in its lines."""

from __future__ import annotations

import orjson
import pytest

from app.monitoring.ledger import LINES_MAX, UNMATCHED, Ledger
from app.monitoring.windows import DAY_S
from tests.support.clock import NOON_NS, MovedClock


@pytest.fixture
def clock() -> MovedClock:
    """Noon."""
    return MovedClock()


@pytest.fixture
def ledger(clock: MovedClock) -> Ledger:
    """An empty ledger."""
    return Ledger(clock=clock)


def ask(ledger: Ledger, endpoint: str = "GET /api/account", *, error: bool = False, client_error: bool = False) -> None:
    """One answer after 10 ms."""
    ledger.request(endpoint, seconds=0.01, error=error, client_error=client_error)


def again(clock: MovedClock, *batches: list[bytes]) -> Ledger:
    """The ledger of the next process, which reads these lines."""
    ledger = Ledger(clock=clock)
    assert ledger.restore(line for batch in batches for line in batch) == 0
    return ledger


def test_requests_by_endpoint(ledger: Ledger) -> None:
    """Each endpoint has its own counts, and all together have their sums."""
    ask(ledger)
    ask(ledger, "POST /api/order", error=True)
    ask(ledger, "POST /api/order", client_error=True)
    ask(ledger, UNMATCHED)
    cells = ledger.requests(300)
    assert {name: cell.requests for name, cell in cells.items()} == {
        "GET /api/account": 1,
        "POST /api/order": 2,
        UNMATCHED: 1,
    }
    shown = ledger.shown(300)
    assert (shown.requests, shown.errors, shown.client_errors, shown.error_rate) == (4, 1, 1, 0.25)


def test_rates_are_of_the_window_never_since_the_start(ledger: Ledger, clock: MovedClock) -> None:
    """An error counts until the window has passed it, then no more, however long the process has run."""
    ask(ledger, error=True)
    clock.advance(3_590)
    ask(ledger)
    assert ledger.answers(3_600).error_rate == 0.5
    assert ledger.answers(300).error_rate == 0.0
    clock.advance(120)
    assert ledger.answers(3_600).error_rate == 0.0
    assert ledger.answers(DAY_S).error_rate == 0.5


def test_no_requests_no_rate(ledger: Ledger) -> None:
    """Without requests the rate is 0."""
    assert ledger.shown(300).error_rate == 0.0


def test_a_window_does_not_begin_anew_with_the_process(ledger: Ledger, clock: MovedClock) -> None:
    """After a restart every window, every count and every duration is as it was."""
    ask(ledger, "POST /api/order", error=True)
    ledger.count("error.api")
    clock.advance(500)
    ask(ledger)
    before = {name: cell.to_json() for name, cell in ledger.requests(3_600).items()}
    restarted = again(clock, ledger.take())
    assert {name: cell.to_json() for name, cell in restarted.requests(3_600).items()} == before
    assert restarted.answers(3_600) == ledger.answers(3_600)
    assert restarted.counts(DAY_S) == ledger.counts(DAY_S)
    assert restarted.ever() == {"error.api": 1}
    assert set(restarted.requests(300)) == {"GET /api/account"}


def test_what_is_taken_is_taken_once(ledger: Ledger) -> None:
    """Every answer is in one line, whether several were taken or put back between."""
    ask(ledger)
    first = ledger.take()
    assert ledger.take() == []
    ledger.put_back(first)
    ask(ledger)
    assert sum(orjson.loads(line)["r"]["GET /api/account"][0] for line in ledger.take()) == 2


def test_what_waits_for_a_disk_is_bounded(ledger: Ledger) -> None:
    """A day of lines is kept, the newest of them."""
    ledger.put_back(b"%d" % number for number in range(LINES_MAX + 10))
    assert ledger.take()[0] == b"10"


def test_counts_ever_survive_the_lines_they_came_from(ledger: Ledger, clock: MovedClock) -> None:
    """A line that says how much there was ever replaces the older ones, and the start time stays."""
    ledger.count("error.api")
    ledger.take()
    clock.advance(2 * DAY_S)
    ledger.count("error.api")
    lines = ledger.take(all_counts=True)
    restarted = again(clock, lines[-1:])
    assert restarted.ever() == {"error.api": 2}
    assert restarted.since_ns == NOON_NS
    assert restarted.counts(DAY_S) == {}


def test_counts_after_the_last_total_are_added(ledger: Ledger, clock: MovedClock) -> None:
    """Between two totals a kill loses no count that was written."""
    ledger.count("error.api")
    first = ledger.take(all_counts=True)
    ledger.count("error.api")
    assert again(clock, first, ledger.take()).ever() == {"error.api": 2}


def test_a_reset_begins_requests_anew_and_leaves_the_rest(ledger: Ledger, clock: MovedClock) -> None:
    """Shown requests are gone; what alerts look at, the 24 h lists and the counters stay; also after a restart."""
    ask(ledger, error=True)
    ledger.count("error.api")
    ledger.reset({"successful": 3})
    ask(ledger)
    restarted = again(clock, ledger.take())
    for one in (ledger, restarted):
        assert one.shown(300).requests == 1
        assert one.answers(300).errors == 1
        assert one.requests(300)["GET /api/account"].errors == 0
        assert one.counts(DAY_S) == {"error.api": 1}
        assert one.ever() == {"error.api": 1}
        assert (one.last_reset.at_ns, one.last_reset.before) == (NOON_NS, {"successful": 3})


def test_a_reset_outlives_its_line(ledger: Ledger, clock: MovedClock) -> None:
    """The line of totals carries the last reset, so that old files may go."""
    ledger.reset({"failed": 2})
    ledger.take()
    assert again(clock, ledger.take(all_counts=True)).last_reset == ledger.last_reset


def test_covered_time_is_what_there_are_figures_for(ledger: Ledger, clock: MovedClock) -> None:
    """A rate per second is of the time observed: since the first line, since the reset, at most the window."""
    ask(ledger)
    clock.advance(100)
    assert ledger.covered_s(300) == 100
    assert ledger.covered_s(60) == 60
    assert again(clock, ledger.take()).covered_s(300) == 100
    ledger.reset({})
    assert ledger.covered_s(300) == 1


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b'{"t": 1}', b'{"t": "x", "r": {}, "n": {}}', b'{"all": [], "since": 1}', b'{"reset": 3}'],
)
def test_a_damaged_line_is_passed_over_and_counted(ledger: Ledger, clock: MovedClock, line: bytes) -> None:
    """What is no line costs itself only."""
    ask(ledger)
    restarted = Ledger(clock=clock)
    assert restarted.restore([line, *ledger.take()]) == 1
    assert restarted.shown(300).requests == 1
