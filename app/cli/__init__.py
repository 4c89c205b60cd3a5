"""The command line."""


def main() -> None:
    """Run `mt5-otel`.

    The commands are imported here and not above: a spawned terminal process imports this module too, and must
    not load the whole program.
    """
    from app.cli.program import program  # noqa: PLC0415

    program()
