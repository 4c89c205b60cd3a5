"""A vendor of our own: a second Collector that wants TLS and a bearer token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.stack import Stack
from app.stack.programs import HOST, VERSIONS, Program
from tests.stack.backends import CollectorFiles
from tests.stack.certificates import Certificates

CONFIG = Path(__file__).with_name("vendor.yaml")


@dataclass(frozen=True, slots=True)
class Vendor:
    """A running vendor: where it is, what opens it, what it received; `stack` can kill it and start it again."""

    stack: Stack
    endpoint: str
    ca_file: Path
    token: str
    files: CollectorFiles


def vendor_program(*, port: int, health_port: int, folder: Path, token: str, certificates: Certificates) -> Program:
    """Describe the vendor's Collector, for `Stack` to run."""
    return Program(
        name="vendor",
        version=VERSIONS["collector"],
        binary="otelcol",
        arguments=(f"--config={CONFIG}",),
        environment={
            "BACKEND_LISTEN": f"{HOST}:{port}",
            "BACKEND_HEALTH": f"{HOST}:{health_port}",
            "BACKEND_FILES": str(folder / "files"),
            "BACKEND_TOKEN": token,
            "BACKEND_CERT": str(certificates.cert_file),
            "BACKEND_KEY": str(certificates.key_file),
        },
        url=f"https://{HOST}:{port}",
        health=f"http://{HOST}:{health_port}/",
        ports={"port": port, "health_port": health_port},
    )
