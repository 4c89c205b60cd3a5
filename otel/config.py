"""What an operator may set about telemetry: defaults, validation, and how it is read from `OTEL_*` variables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar, cast
from urllib.parse import unquote, urlsplit

from otel.accounts import SIGNALS, Signal
from otel.environment import ENVIRONMENT

Protocol = Literal["grpc", "http/protobuf", "http/json"]
Compression = Literal["none", "gzip"]
Delivery = Literal["files", "direct"]
ExemplarFilter = Literal["trace_based", "always_on", "always_off"]

PROTOCOLS: Final = ("grpc", "http/protobuf", "http/json")
_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_POSITIVE: Final = (
    "text_length_max",
    "collect_interval_s",
    "write_every",
    "schedule_delay_s",
    "series_per_instrument",
    "segment_max_bytes",
    "segment_max_age_s",
    "keep_bytes",
    "keep_s",
    "parked_retry_s",
)
_T = TypeVar("_T")


class TelemetryConfigError(ValueError):
    """A setting cannot be used; the message names it as the operator wrote it, never its secret value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpEndpoint:
    """Where one signal is sent, and how.

    `url` is complete for HTTP (`https://host/v1/traces`) and `scheme://host:port` for gRPC; `timeout_s` is
    the time for one request.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    protocol: Protocol = "http/protobuf"
    compression: Compression = "none"
    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeLimits:
    """How much one span or log record may carry; the SDK cuts or drops what is over, and counts what it drops.

    Lengths are in characters. `None`: as many as decide what is left of a text by `text_length_max`, which holds in
    any case, so that what waits is bounded in memory and leaves as if the SDK had cut nothing.
    """

    attributes: int = 128
    attribute_length: int | None = None
    span_attributes: int = 128
    span_attribute_length: int | None = None
    events: int = 128
    links: int = 128
    event_attributes: int = 128
    link_attributes: int = 128
    log_attributes: int = 128
    log_attribute_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """Everything the pipeline is built from.

    `directory` holds one folder of numbered files per signal (`None`: nothing is written); `endpoints` has an entry
    for each signal that is sent anywhere; `secrets` are texts that never leave, wherever they turn up; no text that
    leaves is longer than `text_length_max` characters.

    Metrics are collected every `collect_interval_s` seconds and every `write_every`th collection is written. Batches
    hold `batch_size` items and wait `schedule_delay_s` at most; up to `queue_size` items wait to be written, more are
    dropped and counted. A file is followed by a new one at `segment_max_bytes` or after `segment_max_age_s`; per
    signal, files over `keep_bytes` in all or older than `keep_s` are deleted. What an endpoint refuses for our
    credentials or path is tried again after `parked_retry_s`.
    """

    service_name: str = "mt5-otel"
    service_version: str = ""
    environment: str = ""
    resource_attributes: Mapping[str, str] = field(default_factory=dict)
    disabled: bool = False
    directory: Path | None = None
    delivery: Delivery = "files"
    endpoints: Mapping[Signal, OtlpEndpoint] = field(default_factory=dict)
    signals: frozenset[Signal] = frozenset(SIGNALS)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    query_values_kept: frozenset[str] = frozenset()
    limits: AttributeLimits = AttributeLimits()
    text_length_max: int = 16_384
    exemplar_filter: ExemplarFilter = "trace_based"
    collect_interval_s: float = 1.0
    write_every: int = 10
    batch_size: int = 64
    schedule_delay_s: float = 0.5
    queue_size: int = 8192
    series_per_instrument: int = 1000
    segment_max_bytes: int = 8 * 1024 * 1024
    segment_max_age_s: float = 3600.0
    keep_bytes: int = 1024 * 1024 * 1024
    keep_s: float = 30 * 86_400.0
    parked_retry_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what cannot work, while a person is still looking."""
        for name in _POSITIVE:
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise TelemetryConfigError(f"{name} must be greater than zero; it is {value}")
        if not 1 <= self.batch_size <= self.queue_size:
            raise TelemetryConfigError(
                f"batch_size must lie between 1 and queue_size, {self.queue_size}; it is {self.batch_size}"
            )
        if not self.disabled:
            self._check_delivery()

    def _check_delivery(self) -> None:
        for signal, endpoint in self.endpoints.items():
            if endpoint.protocol == "grpc" and self.delivery != "direct":
                raise TelemetryConfigError(
                    f"{_OTLP}PROTOCOL=grpc ({signal}) needs delivery: direct; files are sent by http/protobuf"
                )
            if endpoint.protocol == "http/json" and self.delivery == "direct":
                raise TelemetryConfigError(
                    f"{_OTLP}PROTOCOL=http/json ({signal}) needs delivery: files; direct knows grpc, http/protobuf"
                )
        if self.delivery == "direct" and self.signals and not self.endpoints:
            raise TelemetryConfigError(f"delivery: direct needs an endpoint: set {_OTLP}ENDPOINT")

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        *,
        directory: Path | None = None,
        delivery: Delivery = "files",
        service_version: str = "",
        environment: str = "",
        secrets: frozenset[str] = frozenset(),
        query_values_kept: frozenset[str] = frozenset(),
    ) -> TelemetryConfig:
        """Read the `OTEL_*` variables in *environ*; an empty value counts as unset, as the specification says.

        Raises:
            TelemetryConfigError: a variable holds what cannot be used.
        """
        reader = _Reader(environ)
        if reader.text("OTEL_SDK_DISABLED", "").lower() == "true":
            # Whoever switches telemetry off is not to be stopped by a mistake in its settings.
            return cls(disabled=True, directory=directory, service_version=service_version, environment=environment)
        signals = frozenset(signal for signal in SIGNALS if reader.exporter(signal) != "none")
        if delivery != "direct":
            reader.refuse_grpc()
        resource_attributes = reader.pairs("OTEL_RESOURCE_ATTRIBUTES")
        return cls(
            service_name=reader.text("OTEL_SERVICE_NAME", resource_attributes.get("service.name", "mt5-otel")),
            service_version=service_version,
            environment=environment,
            resource_attributes=resource_attributes,
            directory=directory,
            delivery=delivery,
            endpoints={s: e for s in SIGNALS if s in signals and (e := reader.endpoint(s, delivery)) is not None},
            signals=signals,
            secrets=secrets,
            query_values_kept=query_values_kept,
            limits=reader.limits(),
            exemplar_filter=reader.exemplar_filter(),
            write_every=reader.write_every(),
        )


def without_effect(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Name the `OTEL_*` variables set in *environ* which are overridden or ignored, for a line at start."""
    inert = {variable.name for variable in ENVIRONMENT if variable.standing != "honoured"}
    return tuple(sorted(name for name, value in environ.items() if name in inert and value))


class _Reader:
    """Reads variables and says what is wrong with one by its own name."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def signal_variable(self, signal: Signal, ending: str) -> tuple[str, str]:
        """The variable that decides *ending* for *signal* (its own, or the general one), and its value."""
        own, general = f"{_OTLP}{signal.upper()}_{ending}", f"{_OTLP}{ending}"
        name = own if self.text(own, "") else general
        return name, self.text(name, "")

    def pairs(self, name: str, *, lower_keys: bool = False) -> dict[str, str]:
        """Parse `key=value,key=value`; values are percent-decoded, as in W3C Baggage."""
        pairs: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in self.text(name, "").split(","))):
            key, equals, value = entry.partition("=")
            key = unquote(key.strip())
            if not equals or not key:
                raise TelemetryConfigError(f"{name} must be written key=value,key=value")
            pairs[key.lower() if lower_keys else key] = unquote(value.strip())
        return pairs

    def chosen(self, name: str, value: str, default: _T, allowed: tuple[str, ...]) -> _T:
        if not value:
            return default
        if value.lower() not in allowed:
            raise TelemetryConfigError(f"{name} must be one of {', '.join(allowed)}; it is {value!r}")
        return cast("_T", value.lower())

    def number(self, name: str, value: str, default: _T, parse: Callable[[str], _T], minimum: float) -> _T:
        if not value:
            return default
        try:
            number = parse(value)
        except ValueError:
            raise TelemetryConfigError(f"{name} must be a number; it is {value!r}") from None
        if not minimum <= cast("float", number) < math.inf:
            raise TelemetryConfigError(f"{name} must be {minimum:g} or more; it is {value!r}")
        return number

    def exporter(self, signal: Signal) -> str:
        name = f"OTEL_{signal.upper()}_EXPORTER"
        return self.chosen(name, self.text(name, ""), "otlp", ("otlp", "none"))

    def exemplar_filter(self) -> ExemplarFilter:
        name = "OTEL_METRICS_EXEMPLAR_FILTER"
        default: ExemplarFilter = "trace_based"
        return self.chosen(name, self.text(name, ""), default, ("trace_based", "always_on", "always_off"))

    def write_every(self) -> int:
        name = "OTEL_METRIC_EXPORT_INTERVAL"
        return round(self.number(name, self.text(name, ""), 10_000.0, float, 1000) / 1000)

    def refuse_grpc(self) -> None:
        """Refuse gRPC for files even where nothing is sent yet: the operator meant something by it."""
        for signal in SIGNALS:
            name, value = self.signal_variable(signal, "PROTOCOL")
            if value.lower() == "grpc":
                raise TelemetryConfigError(f"{name}=grpc needs delivery: direct; files are sent by http/protobuf")

    def endpoint(self, signal: Signal, delivery: Delivery) -> OtlpEndpoint | None:
        """The whole destination of *signal*, or `None` where no endpoint is set."""
        name, url = self.signal_variable(signal, "ENDPOINT")
        if not url:
            return None
        protocol_name, protocol = self.signal_variable(signal, "PROTOCOL")
        chosen: Protocol = self.chosen(protocol_name, protocol, "http/protobuf", PROTOCOLS)
        compression_name, compression = self.signal_variable(signal, "COMPRESSION")
        timeout_name, timeout = self.signal_variable(signal, "TIMEOUT")
        own_url = name != f"{_OTLP}ENDPOINT"
        return OtlpEndpoint(
            url=_checked_url(name, url if own_url or chosen == "grpc" else f"{url.rstrip('/')}/v1/{signal}"),
            headers=self.pairs(self.signal_variable(signal, "HEADERS")[0], lower_keys=True),
            protocol=chosen,
            compression=self.chosen(compression_name, compression, "none", ("none", "gzip")),
            ca_file=self.file(signal, "CERTIFICATE"),
            client_certificate_file=self.file(signal, "CLIENT_CERTIFICATE"),
            client_key_file=self.file(signal, "CLIENT_KEY"),
            timeout_s=self.number(timeout_name, timeout, 10.0, float, 0.001),
        )

    def file(self, signal: Signal, ending: str) -> Path | None:
        name, value = self.signal_variable(signal, ending)
        if not value:
            return None
        path = Path(value)
        if not path.is_file():
            raise TelemetryConfigError(f"{name} names a file that is not there: {value}")
        return path

    def limits(self) -> AttributeLimits:
        """The specification's limits: a particular one, else the general one, else ours."""
        count = self._limit("OTEL_ATTRIBUTE_COUNT_LIMIT", 128)
        length = self._limit("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", None)
        return AttributeLimits(
            attributes=count,
            attribute_length=length,
            span_attributes=self._limit("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", count),
            span_attribute_length=self._limit("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length),
            events=self._limit("OTEL_SPAN_EVENT_COUNT_LIMIT", 128),
            links=self._limit("OTEL_SPAN_LINK_COUNT_LIMIT", 128),
            event_attributes=self._limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", count),
            link_attributes=self._limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", count),
            log_attributes=self._limit("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", count),
            log_attribute_length=self._limit("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", length),
        )

    def _limit(self, name: str, default: _T) -> int | _T:
        value = self.text(name, "")
        return self.number(name, value, 0, int, 0) if value else default


def _checked_url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise TelemetryConfigError(f"{name} must be a URL such as http://127.0.0.1:4318")
    return url
