"""The page over HTTP: its headers, its cache, its stream, and what is said where it is not built."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

from app.api.routes.page import HEADERS
from app.dashboard.assets import Assets
from app.dashboard.feed import Feed
from app.dashboard.frame import Frame
from tests.app.api.fakes import Api


def built(api: Api, folder: Path) -> Api:
    """The same with a page of two files."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "assets" / "page.js").write_text("go();" * 100, encoding="utf-8")
    return replace(api, services=replace(api.services, assets=Assets.load(folder)))


async def test_a_page_that_is_not_built_says_how_to_build_it(api: Api) -> None:
    """Plain words and the command, where a browser would look first."""
    async with api.client(None) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "mt5-otel page build" in answer.text


async def test_the_page_runs_nothing_inline_and_nothing_from_elsewhere(api: Api, tmp_path: Path) -> None:
    """Page and files carry the policy, a fixed type, and need no key."""
    async with built(api, tmp_path / "static").client(None) as client:
        page, script = await client.get("/"), await client.get("/assets/page.js")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for name, value in HEADERS.items():
        assert page.headers[name] == script.headers[name] == value
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_files_are_asked_for_and_not_sent_again(api: Api, tmp_path: Path) -> None:
    """Each visit asks (`no-cache`), and 304 answers as long as the file is the same; packed only for who unpacks."""
    async with built(api, tmp_path / "static").client(None) as client:
        first = await client.get("/assets/page.js", headers={"Accept-Encoding": "gzip"})
        again = await client.get("/assets/page.js", headers={"If-None-Match": first.headers["ETag"]})
        plain = await client.get("/assets/page.js", headers={"Accept-Encoding": "identity"})
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Content-Encoding"] == "gzip"
    assert int(first.headers["Content-Length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Encoding" not in plain.headers
    assert first.content == plain.content


async def test_a_file_that_is_none_is_not_found(api: Api, tmp_path: Path) -> None:
    """In the one shape of errors; nothing beside the page can be had."""
    async with built(api, tmp_path / "static").client() as client:
        for path in ("/assets/none.js", "/assets/..%2fkeys.json", "/assets/%2e%2e/keys.json"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert answer.json()["detail"]["error"]["code"] == "NOT_FOUND"


async def test_the_stream_needs_the_right_to_look(api: Api) -> None:
    """From elsewhere without a key it is closed, as every read."""
    async with api.client(None, address="192.0.2.7") as client:
        assert (await client.get("/api/stream")).status_code == 401


async def test_as_many_pages_as_allowed_and_no_more(api: Api) -> None:
    """The one too many is told to come again."""
    feed = Feed(lambda: Frame(at_ms=0, sections={}), streams_max=1)
    full = replace(api, services=replace(api.services, feed=feed))
    with feed.listen():
        async with full.client() as client:
            answer = await client.get("/api/stream")
    assert answer.status_code == 503
    assert answer.json()["detail"]["error"]["code"] == "OVERLOADED"
    assert answer.headers["Retry-After"] == "5"
    await feed.close()
