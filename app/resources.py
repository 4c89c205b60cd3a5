"""Finds the files that ship with the program and are no Python: configuration of the stack."""

from __future__ import annotations

from pathlib import Path

from app.errors import StartupError

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str, package: Path = _PACKAGE) -> Path:
    """Return where a shipped file or folder lies, such as `collector-config/collector.yaml`.

    An installed wheel carries these files inside the package, a checkout at its top; both look alike
    from here.

    Raises:
        StartupError: the file is in neither place, so the installation is incomplete.
    """
    places = [package / "_packaged" / name, package.parent / name]
    for place in places:
        if place.exists():
            return place
    looked = " nor ".join(str(place) for place in places)
    raise StartupError(f"{name} is missing: neither {looked} exists. Install mt5-otel again.")
