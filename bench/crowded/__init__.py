"""A terminal with more in it than the simulator has: 50 symbols, 200 open positions.

The folder goes on the import path of a program that is run with `--terminal native`: it takes what is in here for the
vendor's package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

SYMBOLS: Final = 50
POSITIONS: Final = 200
UTC_OFFSET_S: Final = 7_200
LEDGER: Final = "BENCH_LEDGER"
"""Names the file that the simulator beneath keeps."""


def environ(folder: Path) -> dict[str, str]:
    """What a program needs in its environment to run on it, with the ledger in *folder*."""
    return {
        "PYTHONPATH": str(Path(__file__).parent),
        LEDGER: str(folder.absolute() / "crowded.sqlite"),
        "MT5_OTEL_TERMINAL__KIND": "native",
        "MT5_OTEL_TERMINAL__UTC_OFFSET_MINUTES": str(UTC_OFFSET_S // 60),
    }
