"""What open pages and everything that polls do to an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import median

from bench.program import KEY, Program, running
from bench.results import Row, Section, percentile, scatter
from bench.rounds import Say, interleave
from bench.sizes import Sizes
from bench.watchers import Watchers, watching

NAME = "streams"
STREAMS = 20
EVERY_S = 1.0
POLLED = ("/metrics", "/api/monitoring/dashboard")
TITLE = f"One order over HTTP while {STREAMS} pages are open"
QUIET, OPEN, POLLING = "quiet", f"{STREAMS} open streams", f"{STREAMS} open streams, both endpoints polled"
AIM = 1.1
WARM_UP = 10
NOTES = (
    "One program on the simulator; rounds take turns. One client, one order at a time, opening and closing.",
    "p50 and p99: of each round; the middle one of the rounds is shown.",
    f"Both endpoints: {' and '.join(f'`{path}`' for path in POLLED)}, each {EVERY_S:g} s after its last answer. "
    f"Aim: p99 ÷ quiet at most {AIM:g}.",
    "Who reads and polls is a process of its own on the same processors.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Time orders quiet, beside open streams, and beside those and polls, interleaved."""
    say(f"{NAME}: starting the program")
    with running(folder) as program:
        program.await_ready()
        _round(program, WARM_UP)
        runs = {
            QUIET: partial(_round, program, sizes.streamed_orders),
            OPEN: partial(_round, program, sizes.streamed_orders, streams=STREAMS),
            POLLING: partial(_round, program, sizes.streamed_orders, streams=STREAMS, polled=POLLED),
        }
        rounds = interleave(runs, sizes.stream_rounds, say, NAME)
    return Section(name=NAME, title=TITLE, rows=_rows(rounds), notes=NOTES)


def _round(program: Program, orders: int, *, streams: int = 0, polled: Sequence[str] = ()) -> list[float]:
    """Open and close *orders* positions; the seconds that each of the orders took."""
    port = program.client.base_url.port
    assert port is not None
    watchers = Watchers(port=port, key=KEY, streams=streams, polled=polled, every_s=EVERY_S)
    took = []
    with watching(watchers) if streams else nullcontext():
        for _ in range(orders):
            opened = program.open()
            took += [opened.seconds, program.close(opened.position).seconds]
    return took


def _rows(rounds: Mapping[str, Sequence[Sequence[float]]]) -> list[Row]:
    p50 = {name: _middle(each, 0.50) for name, each in rounds.items()}
    p99 = {name: _middle(each, 0.99) for name, each in rounds.items()}
    return [
        Row(
            what=name,
            ratios={"p50 ÷ quiet": p50[name] / p50[QUIET], "p99 ÷ quiet": p99[name] / p99[QUIET]},
            figures={"p50 ms": p50[name] * 1e3, "p99 ms": p99[name] * 1e3, "orders": sum(map(len, each))},
            scatter=scatter([percentile(took, 0.5) for took in each]),
        )
        for name, each in rounds.items()
    ]


def _middle(rounds: Sequence[Sequence[float]], share: float) -> float:
    """The percentile of the middle round: what disturbs one round does not decide."""
    return median(percentile(took, share) for took in rounds)
