"""The command line."""

import sys

# Those of app.cli.bots, in which a test of a bot waits for every start.
_QUICK = ("simulate", "simulator")


def main() -> None:
    """Run `mt5-otel`.

    The commands are imported here and not above: a spawned terminal process imports this module too, and must
    not load the whole program.
    """
    if sys.argv[1:2] and sys.argv[1] in _QUICK:
        from app.cli.bots import program  # noqa: PLC0415
    else:
        from app.cli.program import program  # noqa: PLC0415

    program()
