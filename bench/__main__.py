"""`python -m bench`: measure everything, print it as a table, write it as JSON."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from app.errors import Mt5OtelError
from bench import latency, market, order_cost, page_cost, rates, request_cost, stream_cost, visibility
from bench.report import Report, print_report, this_machine, write_report
from bench.results import BenchError, Section
from bench.rounds import Say
from bench.sizes import FULL, QUICK, Sizes

# What needs the real Collector comes last, so that it disturbs nothing else.
MEASUREMENTS = {
    module.NAME: module
    for module in (request_cost, order_cost, market, rates, page_cost, stream_cost, latency, visibility)
}
LATEST = Path(__file__).parent / "results" / "latest.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; 0 unless something could not be measured that should have been."""
    options = _options().parse_args(arguments)
    begun, measured_at, machine = time.monotonic(), datetime.now(UTC), this_machine()
    say: Say = partial(print, file=sys.stderr, flush=True)
    LATEST.parent.mkdir(exist_ok=True)
    # Not where the system keeps temporary files: that may be memory, and the journal is to meet a real disk.
    with tempfile.TemporaryDirectory(dir=LATEST.parent, ignore_cleanup_errors=True) as folder:
        sections = _measure(options.only or list(MEASUREMENTS), QUICK if options.quick else FULL, Path(folder), say)
    report = Report(
        measured_at=measured_at,
        seconds=round(time.monotonic() - begun, 1),
        quick=options.quick,
        machine=machine,
        sections=sections,
    )
    # Wide enough for every table where nobody looks at a terminal.
    print_report(report, Console(width=None if sys.stdout.isatty() else 140))
    write_report(report, options.json)
    say(f"\nThe same as JSON: {options.json}")
    return 0 if all(section.rows or section.name == visibility.NAME for section in sections) else 1


def _measure(names: Sequence[str], sizes: Sizes, folder: Path, say: Say) -> list[Section]:
    sections = []
    for number, name in enumerate(names, 1):
        measurement = MEASUREMENTS[name]
        say(f"[{number} of {len(names)}] {measurement.TITLE}")
        try:
            sections.append(measurement.measure(sizes, folder / name, say))
        except (BenchError, Mt5OtelError) as error:
            say(f"{name}: {error}")
            sections.append(Section(name=name, title=measurement.TITLE, not_measured=str(error)))
    return sections


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short rounds: shows that it works, no figures")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="only this (may be repeated)")
    parser.add_argument("--json", type=Path, default=LATEST, metavar="PATH", help=f"where to write it ({LATEST})")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
