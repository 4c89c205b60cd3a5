"""What telemetry costs a request: the same small application without it, with ours, and with what others offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from bench import sinks, variants
from bench.results import Row, Section, scatter
from bench.rounds import Say, Variant, contestants, interleave
from bench.sizes import Sizes

NAME = "request"
TITLE = "Processor time of one order request, in process, no I/O of its own"
NONE, PROMETHEUS, CONTRIB = "no telemetry", "prometheus-fastapi-instrumentator (metrics only)", "contrib, its defaults"
WARM_UP = 50
NOTES = (
    "Processor time of the whole process, exporting included; fastest of the rounds.",
    "A whole order is 7 spans, 1 log record and 3 histograms of the order, beside those of the request.",
    "Contrib makes 4 spans a request, in memory, sent to an endpoint that takes all; nothing of the order.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Measure every variant, interleaved."""
    say(f"{NAME}: starting")
    with sinks.taking() as endpoint, contestants(_variants(folder, endpoint), sizes.requests, WARM_UP) as runs:
        rounds = interleave(runs, sizes.request_rounds, say, NAME)
    per_request = {name: [took / sizes.requests for took in each] for name, each in rounds.items()}
    missing = () if PROMETHEUS in rounds else (f"Not measured: {PROMETHEUS} (uv sync --group bench installs it).",)
    return Section(name=NAME, title=TITLE, rows=_rows(per_request), notes=(*NOTES, *missing))


def _variants(folder: Path, endpoint: str) -> dict[str, Variant]:
    found: dict[str, Variant] = {NONE: (variants.without,)}
    if find_spec("prometheus_fastapi_instrumentator") is not None:
        found[PROMETHEUS] = (variants.prometheus,)
    return found | {
        "ours, the request alone, to files": (partial(variants.ours, order=False), folder / "request", None),
        "ours, a whole order, to files": (partial(variants.ours, order=True), folder / "order", None),
        "ours, a whole order, files and shipped": (partial(variants.ours, order=True), folder / "shipped", endpoint),
        CONTRIB: (variants.contrib, endpoint),
    }


def _rows(per_request_s: Mapping[str, Sequence[float]]) -> list[Row]:
    best = {name: min(rounds) for name, rounds in per_request_s.items()}
    rows = []
    for name, rounds in per_request_s.items():
        overhead_s = best[name] - best[NONE]
        ratios = {"÷ none": best[name] / best[NONE]}
        for peer, label in ((PROMETHEUS, "overhead ÷ Prometheus"), (CONTRIB, "overhead ÷ contrib")):
            if peer in best and name != NONE and best[peer] > best[NONE]:
                ratios[label] = overhead_s / (best[peer] - best[NONE])
        figures = {"µs a request": best[name] * 1e6, "overhead µs": overhead_s * 1e6}
        rows.append(Row(what=name, ratios=ratios, figures=figures, scatter=scatter(rounds)))
    return rows
