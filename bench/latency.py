"""How long an order takes over HTTP, whatever state the Collector is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import sinks
from bench.backends import HOW, running_backends
from bench.program import Program, side_by_side
from bench.results import Row, Section, percentile, scatter
from bench.rounds import Say, interleave
from bench.sizes import Sizes

NAME = "latency"
TITLE = "One order over HTTP on the simulator, from asking to the whole answer"
OFF, UP = "OTEL_SDK_DISABLED=true", "Collector up"
WARM_UP = 5
NOTES = (
    "One client, one order at a time, opening and closing; all programs run side by side and take turns.",
    "Down: nobody listens. Blackholed: the connection is taken and never answered.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Time orders with telemetry off and with the Collector up, down and blackholed, interleaved."""
    with ExitStack() as opened:
        endpoints: dict[str, str | None] = {
            OFF: None,
            "Collector down": opened.enter_context(sinks.refusing()),
            "Collector blackholed": opened.enter_context(sinks.silent()),
        }
        backends = opened.enter_context(running_backends(folder / "stack", say))
        if backends is not None:
            endpoints[UP] = backends.url("collector")
        say(f"{NAME}: starting a program each")
        environs = {name: _environ(endpoint) for name, endpoint in endpoints.items()}
        programs = opened.enter_context(side_by_side(folder, environs))
        for program in programs.values():
            _round(program, WARM_UP)
        runs = {name: partial(_round, program, sizes.timed_orders) for name, program in programs.items()}
        rounds = interleave(runs, sizes.latency_rounds, say, NAME)
    missing = (f"Not measured: {UP} ({HOW}).",) if UP not in rounds else ()
    return Section(name=NAME, title=TITLE, rows=_rows(rounds), notes=(*NOTES, *missing))


def _environ(endpoint: str | None) -> dict[str, str]:
    return {"OTEL_SDK_DISABLED": "true"} if endpoint is None else {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}


def _round(program: Program, orders: int) -> list[float]:
    """Open and close *orders* positions; the seconds that each of the orders took."""
    took = []
    for _ in range(orders):
        opened = program.open()
        took += [opened.seconds, program.close(opened.position).seconds]
    return took


def _rows(rounds: Mapping[str, Sequence[Sequence[float]]]) -> list[Row]:
    middle = {name: [percentile(took, 0.5) for took in each] for name, each in rounds.items()}
    whole = {name: [seconds for took in each for seconds in took] for name, each in rounds.items()}
    p50 = {name: percentile(each, 0.50) for name, each in whole.items()}
    p99 = {name: percentile(each, 0.99) for name, each in whole.items()}
    return [
        Row(
            what=name,
            ratios={"p50 ÷ off": p50[name] / p50[OFF], "p99 ÷ off": p99[name] / p99[OFF]},
            figures={"p50 ms": p50[name] * 1e3, "p99 ms": p99[name] * 1e3, "orders": len(whole[name])},
            scatter=scatter(middle[name]),
        )
        for name in rounds
    ]
