"""How many spans a second the files take, and the shipper delivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import sinks, spooling
from bench.order_app import SPANS_PER_ORDER
from bench.results import Row, Section, scatter
from bench.rounds import Say, Variant, contestants, interleave
from bench.sizes import Sizes

NAME = "rates"
TITLE = "Spans a second behind an ended span, one thread each"
OFFICIAL, OURS, FILE = "encode only, official protobuf encoder", "encode only, ours", "file: redact, encode, write"
WARM_UP = 10
NOTES = (
    "The spans of whole orders, in the pipeline's batches; fastest of the rounds.",
    "Shipping: from files that are there to an endpoint on loopback that answers 200 to all.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Measure each stage, interleaved."""
    say(f"{NAME}: starting")
    with sinks.taking() as endpoint, contestants(_variants(folder, endpoint), sizes.spooled_orders, WARM_UP) as runs:
        rounds = interleave(runs, sizes.rate_rounds, say, NAME)
    return Section(name=NAME, title=TITLE, rows=_rows(rounds, sizes.spooled_orders * SPANS_PER_ORDER), notes=NOTES)


def _variants(folder: Path, endpoint: str) -> dict[str, Variant]:
    return {
        OFFICIAL: (spooling.official_encoding,),
        OURS: (spooling.encoding,),
        FILE: (spooling.writing, folder / "file"),
        **{
            f"shipper: {protocol}, {'gzip' if compression == 'gzip' else 'plain'}": (
                spooling.shipping,
                folder / protocol.replace("/", "-") / compression,
                endpoint,
                protocol,
                compression,
            )
            for protocol in ("http/protobuf", "http/json")
            for compression in ("none", "gzip")
        },
    }


def _rows(rounds: Mapping[str, Sequence[float]], spans: int) -> list[Row]:
    rate = {name: spans / min(each) for name, each in rounds.items()}
    rows = []
    for name, each in rounds.items():
        ratios = {"÷ file": rate[name] / rate[FILE]}
        if name == OURS:
            ratios["÷ official encoder"] = rate[name] / rate[OFFICIAL]
        rows.append(Row(what=name, ratios=ratios, figures={"spans/s": rate[name]}, scatter=scatter(each)))
    return rows
