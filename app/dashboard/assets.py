"""The page's files: read and compressed once, never on the way of an order.

Types are fixed here: Windows keeps its own in the registry, where any program may have made `.js` plain text, and a
browser then refuses the script.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).resolve().parent / "static"
"""Where the build puts the page; in a wheel and in a checkout alike."""

INDEX: Final = "index.html"
TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Every kind of file that the page may have."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes over the wire; `etag` as HTTP writes it, quotes included."""

    body: bytes
    compressed: bytes
    content_type: str
    etag: str


class Assets:
    """The files of the page by their path, such as `assets/app.js`; empty where the page is not built."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = dict(assets)

    @classmethod
    def load(cls, folder: Path = STATIC) -> Assets:
        """Read and compress everything in *folder*; a folder that is not there holds nothing."""
        return cls(dict(_read(folder)))

    @property
    def built(self) -> bool:
        """Whether there is a page to show."""
        return INDEX in self._assets

    def get(self, path: str) -> Asset | None:
        """The file of this path; looked up, never opened, so that no path leads out of the folder."""
        return self._assets.get(path)


def _read(folder: Path) -> Iterator[tuple[str, Asset]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            body = path.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            yield path.relative_to(folder).as_posix(), Asset(body, _compressed(body), TYPES[path.suffix], etag)


def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, 9, mtime=0)
