"""The whole surface, shape by shape, against the document that is checked in.

A change of the API is made on purpose: `python -m tests.app.api.test_openapi` writes the document anew, and its
difference is read by whoever takes the change in.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.api.application import create_api
from tests.app.api.fakes import Api, build_api

KEPT = Path(__file__).parent / "openapi.json"
REWRITE = "python -m tests.app.api.test_openapi"


def document(api: Api) -> dict[str, Any]:
    """What the API says of itself, as a client reads it."""
    read: dict[str, Any] = json.loads(json.dumps(create_api(api.services).openapi()))
    return read


def differences(kept: Any, now: Any, path: str = "") -> list[str]:
    """Where two documents differ, by path, in words that say which way."""
    if isinstance(kept, dict) and isinstance(now, dict):
        gone = [f"{path}/{name}: gone" for name in kept if name not in now]
        new = [f"{path}/{name}: new" for name in now if name not in kept]
        shared = [name for name in kept if name in now]
        return [*gone, *new, *(one for name in shared for one in differences(kept[name], now[name], f"{path}/{name}"))]
    return [] if kept == now else [f"{path}: {kept!r} is {now!r}"]


def test_the_surface_is_the_one_checked_in(api: Api) -> None:
    """No path, parameter, answer or example changes by accident."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    found = differences(kept, document(api))
    assert not found, f"The API changed; if it was meant to, run `{REWRITE}`.\n" + "\n".join(found)


def test_a_difference_is_seen(api: Api) -> None:
    """A path that is gone, a new field and another type are all told, each at its place."""
    kept, now = document(api), document(api)
    del now["paths"]["/api/account"]
    now["components"]["schemas"]["PlaceOrder"]["properties"]["lots"] = {"type": "number"}
    now["components"]["schemas"]["PlaceOrder"]["properties"]["comment"]["type"] = "integer"
    assert differences(kept, now) == [
        "/paths//api/account: gone",
        "/components/schemas/PlaceOrder/properties/lots: new",
        "/components/schemas/PlaceOrder/properties/comment/type: 'string' is 'integer'",
    ]


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        text = json.dumps(document(build_api(Path(folder))), indent=1, ensure_ascii=False, sort_keys=True)
    KEPT.write_text(text + "\n", encoding="utf-8", newline="\n")
