"""Scripts that stand in for the programs of the stack."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import psutil

from app.stack.programs import HOST, Program

# Listens wherever it is told to and answers 200 to everything, as any of the three does once it is ready.
STAND_IN = """\
import http.server, os, sys, threading
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
flags = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
names = ("COLLECTOR_HEALTH", "COLLECTOR_OTLP_HTTP", "JAEGER_HEALTH", "JAEGER_HTTP")
addresses = [os.environ[name] for name in names if name in os.environ]
addresses += [value for flag, value in flags.items() if flag == "--web.listen-address"]
for address in addresses:
    host, port = address.rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Answer)
    threading.Thread(target=server.serve_forever).start()
"""


def python_program(name: str, arguments: tuple[str, ...], port: int) -> Program:
    """A program that is a Python script."""
    url = f"http://{HOST}:{port}"
    return Program(
        name=name,
        version="1.2.3",
        binary="python",
        arguments=arguments,
        environment={},
        url=url,
        health=f"{url}/",
        ports={"prometheus_port": port},
    )


def ended(pid: int) -> bool:
    """Whether no process runs under this id; one that nobody waited for counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def write_script(path: Path, source: str) -> Path:
    """Write an executable Python script."""
    path.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
    path.chmod(0o755)
    return path


# Does what the build asks of Go: installs the Collector's builder, compiles the others, writes down each call.
FAKE_GO = """\
import json, os, pathlib, sys, time
calls = pathlib.Path(__file__).with_name("calls.jsonl")
arguments = sys.argv[1:]
if arguments == ["env", "GOVERSION"]:
    print(pathlib.Path(__file__).with_name("version").read_text())
    raise SystemExit
def make(path, source):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!" + sys.executable + chr(10) + source)
    path.chmod(0o755)
with calls.open("a") as file:
    go = {name: value for name, value in os.environ.items() if name.startswith(("GO", "CGO"))}
    file.write(json.dumps({"arguments": arguments, "environment": go, "files": sorted(os.listdir())}) + chr(10))
failing = pathlib.Path(__file__).with_name("failing")
if failing.exists() and failing.read_text() in arguments[-1]:
    print("undefined: everything")
    raise SystemExit(1)
if arguments[0] == "install":
    source = "import pathlib; p = pathlib.Path('_build/otelcol'); p.parent.mkdir(); p.write_text('otelcol')"
    make(pathlib.Path(os.environ["GOBIN"]) / "builder", source)
else:
    make(pathlib.Path(arguments[arguments.index("-o") + 1]), arguments[-1])
"""


class FakeGo:
    """A `go` in a folder of its own, to be found on a search path."""

    def __init__(self, folder: Path, version: str = "go1.26.8") -> None:
        folder.mkdir()
        self.folder = folder
        self.path = write_script(folder / "go", FAKE_GO)
        (folder / "version").write_text(version, encoding="utf-8")

    def fail_on(self, package: str) -> None:
        """Let the compiler refuse this package."""
        (self.folder / "failing").write_text(package, encoding="utf-8")

    def succeed(self) -> None:
        """Let the compiler take everything again."""
        (self.folder / "failing").unlink()

    def calls(self) -> list[dict[str, Any]]:
        """Every call but the questions for the version."""
        calls = self.folder / "calls.jsonl"
        return [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()] if calls.exists() else []
