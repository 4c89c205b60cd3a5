"""What an open page costs on the wire, and what the two big reads take when there is much to tell."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from app.dashboard.assets import Assets
from bench import crowded
from bench.program import Program, side_by_side
from bench.results import BenchError, Row, Section, percentile
from bench.rounds import Say
from bench.sizes import Sizes

NAME = "page"
TITLE = "The live page on the wire, and the two big reads"
FEW, MANY = "3 symbols, 3 positions", f"{crowded.SYMBOLS} symbols, {crowded.POSITIONS} positions"
METRICS, DASHBOARD = "/metrics", "/api/monitoring/dashboard"
FIRST_LOAD_KB_MAX, READ_MS_MAX = 80.0, 50.0
WARM_UP = 5
ASSET = re.compile(r'(?:src|href)="\.?(/[^"]+)"')
HOW = "the page is not built; `mt5-otel page build` builds it"
NOTES = (
    "KB are 1000 bytes. First load: page, script and style with their headers, gzip, nothing cached.",
    "Live: what one open page is sent in a second, after its first frame. Nothing is compressed there.",
    f"{MANY}: a made-up terminal in which every price moves every second; the simulator itself has 3 symbols.",
    "Reads: over HTTP by one client, while one page is open.",
)


def measure(sizes: Sizes, folder: Path, say: Say) -> Section:
    """Load the page, listen to it, and ask, on the simulator and on a crowded terminal."""
    built = Assets.load().built
    say(f"{NAME}: starting a program each")
    environs = {FEW: {}, MANY: crowded.environ(folder)}
    with side_by_side(folder, environs) as programs:
        for _ in range(3):
            programs[FEW].open()
        _await_positions(programs[MANY])
        rows = [_first_load(programs[FEW])] if built else []
        for name, program in programs.items():
            say(f"{NAME}: listening, {name}")
            rows.append(_live(program, name, sizes.live_s))
        say(f"{NAME}: asking")
        rows += [_read(programs[MANY], path, sizes.reads) for path in (METRICS, DASHBOARD)]
    missing = () if built else (f"Not measured: first load ({HOW}).",)
    return Section(name=NAME, title=TITLE, rows=rows, notes=(*NOTES, *missing))


def _await_positions(program: Program) -> None:
    def seen() -> bool:
        return len(program.client.get("/api/positions").json()) == crowded.POSITIONS

    if not _within(30.0, seen):
        raise BenchError("the crowded terminal does not show its positions")


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def _first_load(program: Program) -> Row:
    """As a browser with nothing kept: the page, and what it names."""
    index = _got(program, "/")
    answers = [index, *(_got(program, path) for path in ASSET.findall(index.text))]
    if len(answers) < 3:
        raise BenchError("the page names no script or no style")
    kilobytes = sum(_bytes(answer) for answer in answers) / 1e3
    return Row(what="first load", figures={"KB": kilobytes, "aim KB": FIRST_LOAD_KB_MAX})


def _got(program: Program, path: str) -> httpx2.Response:
    answer = program.client.get(path, headers={"Accept-Encoding": "gzip"})
    if answer.status_code != 200:
        raise BenchError(f"{path} was answered {answer.status_code}")
    return answer


def _bytes(answer: httpx2.Response) -> int:
    """Body as it came, with its headers as HTTP/1.1 writes them."""
    headers = sum(len(name) + len(value) + len(": \r\n") for name, value in answer.headers.raw)
    return answer.num_bytes_downloaded + headers + len("HTTP/1.1 200 OK\r\n\r\n")


def _live(program: Program, name: str, seconds: float) -> Row:
    """The first frame, and what follows it in a second."""
    first, later, ends = 0, 0, 0.0
    with program.client.stream("GET", "/api/stream") as stream:
        for chunk in stream.iter_raw():
            if not ends:
                first += len(chunk)
                if chunk.endswith(b"\n\n"):
                    ends = time.monotonic() + seconds
                continue
            later += len(chunk)
            if time.monotonic() >= ends:
                break
        took = seconds + time.monotonic() - ends
    return Row(what=f"live, {name}", figures={"first frame KB": first / 1e3, "KB/s": later / took / 1e3})


def _read(program: Program, path: str, reads: int) -> Row:
    took = []
    with program.client.stream("GET", "/api/stream") as open_page:
        frames = open_page.iter_raw()
        for number in range(WARM_UP + reads):
            begun = time.perf_counter()
            answer = _got(program, path)
            if number >= WARM_UP:
                took.append(time.perf_counter() - begun)
        next(frames)
    figures = {
        "KB": answer.num_bytes_downloaded / 1e3,
        "p50 ms": percentile(took, 0.5) * 1e3,
        "p99 ms": percentile(took, 0.99) * 1e3,
        "aim ms": READ_MS_MAX,
    }
    return Row(what=f"{path}, {MANY}", figures=figures)
