"""What the operator may set: a TOML file, over it the environment, over it the command line.

Environment names are `MT5_OTEL_` and the setting's path joined by two underscores:
`MT5_OTEL_AUTH__ANONYMOUS_READ=off` is `[auth] anonymous_read = "off"` in the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.errors import SettingsError

PREFIX = "MT5_OTEL_"
API_KEY_VARIABLE = "MT5_OTEL_API_KEY"
BARS_VARIABLE = "MT5_OTEL_BARS"
"""The short name of `simulator.bars`, which everything that plays bars reads."""
NO_SETTINGS = frozenset({API_KEY_VARIABLE, BARS_VARIABLE})
"""Variables of ours that stand in no settings file: the operator's key, and the folder of bars for tests."""
DEFAULT_CONFIG = Path("mt5-otel.toml")
FLAG_NAMES: Mapping[tuple[str, ...], str] = {
    ("terminal", "kind"): "--terminal",
    ("terminal", "path"): "--terminal native:PATH",
}
"""Flags that are not called like their setting."""
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Section(BaseModel):
    """A table of the settings file: frozen, and closed to names nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    """Where the API listens."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(5001, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Names besides localhost and the addresses listened on that callers may use; `*`: any."
    )
    body_bytes_max: int = Field(65_536, ge=1_024, description="A larger request body is refused with 413.")
    shutdown_s: float = Field(
        1.5,
        gt=0,
        description="How long running requests are waited for at shutdown; an order runs to its end all the same.",
    )


class AuthSettings(Section):
    """Who may read without a key, and how long a log-in lasts."""

    anonymous_read: Literal["loopback", "off"] = Field(
        "loopback",
        description="`loopback`: reads from this machine need no key; `off`: every call needs one.",
    )
    session_hours: float = Field(24.0, gt=0, le=720, description="How long a log-in of the page lasts.")


class LimitSettings(Section):
    """How often the API may be called, per minute. A key's own limits are set by `mt5-otel keys`."""

    enabled: bool = Field(True, description="Whether calls are limited at all.")
    operator_writes: int = Field(600, ge=1, description="Orders of the operator's key, and as many closes besides.")
    operator_reads: int = Field(6_000, ge=1, description="Reads of the operator's key.")
    refused: int = Field(100, ge=1, description="Calls of one client with a wrong key, or none where one is needed.")
    per_minute: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description='Calls of one client by path: `{"POST /api/order" = 30}`.'
    )


class CorsSettings(Section):
    """Which other origins' pages may call the API."""

    allow_origins: tuple[str, ...] = Field((), description="Origins such as `http://localhost:3000`; none by default.")


class TerminalSettings(Section):
    """The terminal that executes orders, and how long it may take."""

    kind: Literal["simulator", "native"] = Field(
        "simulator",
        description="`simulator`, or `native`: the MetaTrader 5 terminal of this Windows machine.",
    )
    path: Path | None = Field(None, description="terminal64.exe of a native terminal; none finds the running one.")
    utc_offset_minutes: int | None = Field(
        None, ge=-14 * 60, le=14 * 60, description="Broker clock minus UTC; none infers it from fresh ticks."
    )
    order_timeout_s: float = Field(
        7.0, gt=0, le=7.0, description="An order's deadline from its arrival, queue included."
    )
    read_timeout_s: float = Field(5.0, gt=0, description="Deadline of a read.")
    data_timeout_s: float = Field(
        60.0, gt=0, le=600, description="Deadline of a call for bars, ticks, history or the list of symbols."
    )
    deals_timeout_s: float = Field(1.0, gt=0, description="How long the answer waits for the order's deals.")
    initialize_timeout_s: float = Field(120.0, gt=0, description="Deadline of connecting to the terminal.")
    reconnect_s: float = Field(5.0, gt=0, description="Pause between attempts to connect.")
    poll_s: float = Field(1.0, gt=0, le=60, description="How often account, positions and prices are looked at.")


class SimulatorSettings(Section):
    """The built-in MetaTrader 5 without a broker."""

    seed: int = Field(1, description="The same seed gives the same market at the same instant.")
    utc_offset_minutes: int = Field(
        120, ge=-14 * 60, le=14 * 60, description="The simulated broker's clock minus UTC, in winter."
    )
    summer_time: Literal["none", "europe", "new_york"] = Field(
        "none", description="Whose summer puts that clock forward an hour; most brokers follow `new_york`."
    )
    sessions: Literal["loop", "real"] = Field(
        "loop", description="`loop`: the market never closes. `real`: closed at night and at the week-end, by symbol."
    )
    symbol_suffix: str = Field(
        "", max_length=16, description="What the broker ends its symbols' names with, as in `EURUSD.r`."
    )
    bars: Path | None = Field(
        None, description="Folder of minute bars, `SYMBOL-M1-YYYY-MM.parquet`, to play; also `MT5_OTEL_BARS`."
    )
    latency_s: dict[str, float] = Field(
        default_factory=dict, description="Seconds that a function takes, by its name: `{order_send = 0.1}`."
    )


class OrderSettings(Section):
    """How orders are marked and checked."""

    order_tag: bool = Field(
        True,
        description="End the comment sent with `~` and 8 characters of our order id: "
        "what proves that an order is ours where its answer was lost.",
    )


class RiskSettings(Section):
    """What our own checks go by."""

    day_start: str = Field(
        "00:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="When a day of results begins, by the broker's clock: `HH:MM`.",
    )

    @property
    def day_start_s(self) -> int:
        """The same in seconds after the broker's midnight."""
        hours, minutes = self.day_start.split(":")
        return int(hours) * 3_600 + int(minutes) * 60


class TelemetrySettings(Section):
    """How spans, metrics and logs are kept and delivered. Where to is set by OTEL_EXPORTER_OTLP_*."""

    delivery: Literal["files", "direct"] = Field(
        "files",
        description="`files`: to disk first, shipped from there; `direct`: the official exporters, in memory.",
    )
    collect_s: float = Field(1.0, gt=0, description="How often metrics are collected for charts and /metrics.")
    export_every: int | None = Field(
        None,
        ge=1,
        description="Every so manyth collection goes to file and endpoint; else as OTEL_METRIC_EXPORT_INTERVAL says.",
    )
    segment_mib: float = Field(8.0, gt=0, description="A telemetry file is closed at this size.")
    segment_age_s: float = Field(3_600.0, gt=0, description="A telemetry file is closed at this age.")
    keep_mib: float = Field(1_024.0, gt=0, description="Telemetry files kept per signal: size.")
    keep_days: float = Field(30.0, gt=0, description="Telemetry files kept per signal: age.")
    parked_retry_s: float = Field(
        60.0, gt=0, description="A queue parked by 401, 403, 404 or 415 tries again after this time."
    )


class PageSettings(Section):
    """The live page."""

    jaeger_url: str = Field(
        "", description="Jaeger's address as a browser reaches it, `http://127.0.0.1:16686`; traces link to it."
    )
    streams_max: int = Field(32, ge=1, le=1_000, description="How many pages may be open at once.")


class MonitoringSettings(Section):
    """When something counts as wrong, and over which time that is looked at."""

    error_rate_max: float = Field(
        0.10, ge=0, le=1, description="`error_rate_high` above this share of requests answered with 500 and above."
    )
    error_rate_requests_min: int = Field(20, ge=1, description="`error_rate_high` looks at no fewer requests.")
    error_rate_window_s: float = Field(3_600.0, ge=1, le=86_400, description="`error_rate_high` looks back so far.")
    errors_max: int = Field(100, ge=0, description="`error_count_high` above so many errors.")
    errors_window_s: float = Field(86_400.0, ge=1, le=86_400, description="`error_count_high` looks back so far.")
    invalid_keys_max: int = Field(10, ge=0, description="`security_threats` above so many calls with an invalid key.")
    invalid_keys_window_s: float = Field(86_400.0, ge=1, le=86_400, description="`security_threats` looks back so far.")
    orders_failed_max: int = Field(10, ge=0, description="`trading_failures` above so many failed orders.")
    orders_failed_window_s: float | None = Field(
        None, ge=1, le=86_400, description="`trading_failures` looks back so far; none is today, as the broker has it."
    )
    feed_frozen_s: float = Field(60.0, gt=0, description="`feed_frozen` after so long without a price.")
    judge_s: float = Field(1.0, gt=0, le=60, description="How often conditions are looked at and figures kept on disk.")
    snapshot_s: float = Field(3_600.0, gt=0, description="How often a row is added to logs/metrics.csv by itself.")
    files_keep_days: float = Field(90.0, gt=0, description="How long the weekly files under logs/ are kept.")


class StackSettings(Section):
    """Ports of the Collector, Jaeger and Prometheus run by `mt5-otel stack`."""

    otlp_grpc_port: int = Field(4317, ge=0, le=65535, description="Collector, OTLP/gRPC.")
    otlp_http_port: int = Field(4318, ge=0, le=65535, description="Collector, OTLP/HTTP.")
    jaeger_port: int = Field(16686, ge=0, le=65535, description="Jaeger's query API.")
    prometheus_port: int = Field(9090, ge=0, le=65535, description="Prometheus.")
    collector_health_port: int = Field(13133, ge=0, le=65535, description="Collector's health check.")
    jaeger_otlp_port: int = Field(14317, ge=0, le=65535, description="Jaeger, OTLP/gRPC, from the Collector.")
    jaeger_grpc_port: int = Field(16685, ge=0, le=65535, description="Jaeger's query API, gRPC.")
    jaeger_health_port: int = Field(13134, ge=0, le=65535, description="Jaeger's health check.")


class Settings(BaseSettings):
    """Everything an operator may set, frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(Path("data"), description="Journal, telemetry, logs, simulator and stack live here.")
    demo: bool | None = Field(
        None, description="Run the demo trader; by default on the simulator, which alone allows it."
    )
    http: HttpSettings = HttpSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitSettings = LimitSettings()
    cors: CorsSettings = CorsSettings()
    terminal: TerminalSettings = TerminalSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    orders: OrderSettings = OrderSettings()
    risk: RiskSettings = RiskSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    page: PageSettings = PageSettings()
    stack: StackSettings = StackSettings()

    @property
    def anonymous_read(self) -> bool:
        """Whether a reader on this machine needs no key."""
        return self.auth.anonymous_read == "loopback" and self.http.host in LOOPBACK_HOSTS

    @classmethod
    def load(
        cls,
        config: Path | None = None,
        flags: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Settings:
        """Read file, environment and flags, the later winning.

        Args:
            config: a TOML file; without it `mt5-otel.toml` is read if it is there.
            flags: settings by their nested names, as the command line gave them.
            environ: the environment.

        Raises:
            SettingsError: an unknown name or an impossible value, named as the operator wrote it.
        """
        file = _read_toml(config)
        _refuse_unknown_variables(cls, environ)

        class Loaded(cls):  # type: ignore[valid-type,misc]  # the sources are this call's own
            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], **_: PydanticBaseSettingsSource
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return (
                    InitSettingsSource(settings_cls, dict(flags or {})),
                    _EnvironSource(settings_cls, environ),
                    InitSettingsSource(settings_cls, file),
                )

        try:
            loaded = Loaded()
        except ValidationError as error:
            raise SettingsError(_explain(error, file, environ, flags or {}, config)) from error
        if loaded.demo and loaded.terminal.kind != "simulator":
            raise SettingsError(
                f"--demo: the demo trader trades on the simulator only, never on --terminal {loaded.terminal.kind}."
            )
        return cls.model_construct(**{name: getattr(loaded, name) for name in cls.model_fields})


class _EnvironSource(EnvSettingsSource):
    """Settings from a mapping instead of the process's own environment."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._environ = {name.lower(): value for name, value in environ.items() if name not in NO_SETTINGS}
        if environ.get(BARS_VARIABLE):
            self._environ.setdefault(f"{PREFIX}simulator__bars".lower(), environ[BARS_VARIABLE])
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._environ


def _read_toml(config: Path | None) -> dict[str, Any]:
    path = config or DEFAULT_CONFIG
    if config is None and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"--config {path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no valid TOML: {error}.") from error


def _refuse_unknown_variables(settings: type[Settings], environ: Mapping[str, str]) -> None:
    known = {f"{PREFIX}{name}".upper() for name in settings.model_fields}
    for variable in environ:
        name = variable.upper()
        if name.startswith(PREFIX) and variable not in NO_SETTINGS and name.split("__")[0] not in known:
            raise SettingsError(f"{variable}: there is no such setting. `mt5-otel run --help` names the reference.")


def _explain(
    error: ValidationError,
    file: Mapping[str, Any],
    environ: Mapping[str, str],
    flags: Mapping[str, Any],
    config: Path | None,
) -> str:
    """Each fault on a line of its own, under the name that the operator used."""
    lines = []
    for fault in error.errors():
        path = [str(part) for part in fault["loc"]]
        variable = f"{PREFIX}{'__'.join(path)}".upper()
        if _has(flags, path):
            name = FLAG_NAMES.get(tuple(path)) or f"--{path[-1].replace('_', '-')}"
        elif variable in {key.upper() for key in environ}:
            name = variable
        elif _has(file, path):
            name = f"{'.'.join(path)} in {config or DEFAULT_CONFIG}"
        else:
            name = variable
        if fault["type"] == "extra_forbidden":
            lines.append(f"{name}: there is no such setting.")
        else:
            lines.append(f"{name}: {fault['msg'][0].lower()}{fault['msg'][1:]} (it is {fault['input']!r}).")
    return "\n".join(lines)


def _has(tree: Mapping[str, Any], path: list[str]) -> bool:
    node: Any = tree
    for part in path:
        if not isinstance(node, Mapping) or part not in node:
            return False
        node = node[part]
    return True
