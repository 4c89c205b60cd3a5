"""What telemetry costs an order on its whole way: HTTP, risk, journal on disk, terminal's process, answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench import sinks
from bench.program import Program, side_by_side
from bench.results import Row, Section, scatter
from bench.rounds import Say, interleave
from bench.sizes import Sizes

NAME = "order"
TITLE = "Processor time of one order through the whole program on the simulator"
OFF, ON, SHIPPED = "OTEL_SDK_DISABLED=true", "telemetry to files", "telemetry to files, shipped"
WARM_UP = 5
WRITTEN_S = 0.8
"""A little longer than spans wait to be written."""

NOTES = (
    "Fastest of the rounds; what the program does every second beside orders is included, off and on.",
    "API: the process that answers and makes the telemetry. All: with the process that hosts the terminal.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Measure the program with telemetry off, on, and shipped, interleaved."""
    say(f"{NAME}: starting a program each")
    with sinks.taking() as endpoint:
        environs = {OFF: {"OTEL_SDK_DISABLED": "true"}, ON: {}, SHIPPED: {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}}
        with side_by_side(folder, environs) as programs:
            for program in programs.values():
                _round(program, WARM_UP)
            runs = {name: partial(_round, program, sizes.orders) for name, program in programs.items()}
            rounds = interleave(runs, sizes.order_rounds, say, NAME)
    return Section(name=NAME, title=TITLE, rows=_rows(rounds), notes=NOTES)


def _round(program: Program, orders: int) -> tuple[float, float]:
    """Open and close *orders* positions; processor seconds per order of the API, and of all."""
    api, everything = program.cpu_s()
    for _ in range(orders):
        program.close(program.open().position)
    time.sleep(WRITTEN_S)
    api_after, everything_after = program.cpu_s()
    return (api_after - api) / (2 * orders), (everything_after - everything) / (2 * orders)


def _rows(rounds: Mapping[str, Sequence[tuple[float, float]]]) -> list[Row]:
    api = {name: [one for one, _ in each] for name, each in rounds.items()}
    everything = {name: [one for _, one in each] for name, each in rounds.items()}
    return [
        Row(
            what=name,
            ratios={
                "API ÷ off": min(api[name]) / min(api[OFF]),
                "all ÷ off": min(everything[name]) / min(everything[OFF]),
            },
            figures={"API ms an order": min(api[name]) * 1e3, "all ms an order": min(everything[name]) * 1e3},
            scatter=scatter(api[name]),
        )
        for name in rounds
    ]
