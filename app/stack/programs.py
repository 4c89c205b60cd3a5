"""The three programs of the stack: how each is started, where it answers, what it needs from its environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.resources import resource
from app.settings import StackSettings

HOST = "127.0.0.1"

VERSIONS: Mapping[str, str] = {"collector": "0.158.0", "jaeger": "2.13.0", "prometheus": "3.14.0"}
"""The release of each program, built natively and pinned in docker-compose.yml alike."""

COLLECTOR_MEMORY_MIB = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program of the stack, ready to be started.

    `binary` is its name in the cache of built programs, `url` what people and clients talk to, `health`
    an address that answers 200 once it works, and `ports` what it listens on, by setting.
    """

    name: str
    version: str
    binary: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    health: str
    ports: Mapping[str, int]


def programs(ports: StackSettings, folder: Path, overlays: Sequence[Path] = ()) -> tuple[Program, ...]:
    """Describe Prometheus, Jaeger and Collector, in the order in which they start.

    Args:
        ports: where they listen; none may be 0.
        folder: the stack's folder; each program keeps its data in a folder of its own name.
        overlays: Collector configuration laid over collector.yaml, in this order.
    """
    return (_prometheus(ports, folder), _jaeger(ports, folder), _collector(ports, folder, overlays))


def _prometheus(ports: StackSettings, folder: Path) -> Program:
    url = f"http://{HOST}:{ports.prometheus_port}"
    return Program(
        name="prometheus",
        version=VERSIONS["prometheus"],
        binary="prometheus",
        arguments=(
            f"--config.file={resource('deploy/prometheus/prometheus.yml')}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={HOST}:{ports.prometheus_port}",
            "--storage.tsdb.retention.time=30d",
            "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage",
        ),
        environment={},
        url=url,
        health=f"{url}/-/ready",
        ports=_pick(ports, "prometheus_port"),
    )


def _jaeger(ports: StackSettings, folder: Path) -> Program:
    return Program(
        name="jaeger",
        version=VERSIONS["jaeger"],
        binary="jaeger",
        arguments=(f"--config={resource('deploy/jaeger/config.yaml')}",),
        environment={
            "JAEGER_HTTP": f"{HOST}:{ports.jaeger_port}",
            "JAEGER_GRPC": f"{HOST}:{ports.jaeger_grpc_port}",
            "JAEGER_OTLP": f"{HOST}:{ports.jaeger_otlp_port}",
            "JAEGER_HEALTH": f"{HOST}:{ports.jaeger_health_port}",
            "JAEGER_DATA_DIR": str(folder / "jaeger"),
            "PROMETHEUS_URL": f"http://{HOST}:{ports.prometheus_port}",
            # Without this it sends traces of its own to whatever listens on port 4317.
            "OTEL_TRACES_SAMPLER": "always_off",
        },
        url=f"http://{HOST}:{ports.jaeger_port}",
        health=f"http://{HOST}:{ports.jaeger_health_port}/status",
        ports=_pick(ports, "jaeger_port", "jaeger_grpc_port", "jaeger_otlp_port", "jaeger_health_port"),
    )


def _collector(ports: StackSettings, folder: Path, overlays: Sequence[Path]) -> Program:
    files = (resource("collector-config/collector.yaml"), *overlays)
    return Program(
        name="collector",
        version=VERSIONS["collector"],
        binary="otelcol",
        arguments=tuple(f"--config={file}" for file in files),
        environment={
            "COLLECTOR_OTLP_GRPC": f"{HOST}:{ports.otlp_grpc_port}",
            "COLLECTOR_OTLP_HTTP": f"{HOST}:{ports.otlp_http_port}",
            "COLLECTOR_HEALTH": f"{HOST}:{ports.collector_health_port}",
            "COLLECTOR_DATA_DIR": str(folder / "collector"),
            "COLLECTOR_MEMORY_MIB": str(COLLECTOR_MEMORY_MIB),
            "JAEGER_OTLP": f"{HOST}:{ports.jaeger_otlp_port}",
            "PROMETHEUS_URL": f"http://{HOST}:{ports.prometheus_port}",
            # The garbage collector works harder before the memory limiter has to refuse.
            "GOMEMLIMIT": f"{COLLECTOR_MEMORY_MIB * 8 // 10}MiB",
        },
        url=f"http://{HOST}:{ports.otlp_http_port}",
        health=f"http://{HOST}:{ports.collector_health_port}/",
        ports=_pick(ports, "otlp_grpc_port", "otlp_http_port", "collector_health_port"),
    )


def _pick(ports: StackSettings, *names: str) -> dict[str, int]:
    return {name: getattr(ports, name) for name in names}
