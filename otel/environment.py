"""What every `OTEL_*` variable does here, as data: the documentation is made and checked from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Standing = Literal["honoured", "overridden", "ignored"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: what becomes of it, and why."""

    name: str
    standing: Standing
    note: str


def _variables(standing: Standing, note: str, *names: str) -> tuple[Variable, ...]:
    return tuple(Variable(name, standing, note) for name in names)


def _per_signal(standing: Standing, note: str, ending: str) -> tuple[Variable, ...]:
    names = ("OTEL_EXPORTER_OTLP", *(f"OTEL_EXPORTER_OTLP_{s}" for s in ("TRACES", "METRICS", "LOGS")))
    return _variables(standing, note, *(f"{name}_{ending}" for name in names))


_HONOURED: tuple[Variable, ...] = (
    *_variables("honoured", "switches telemetry off; nothing else changes", "OTEL_SDK_DISABLED"),
    *_variables("honoured", "resource `service.name`; wins over every other source", "OTEL_SERVICE_NAME"),
    *_variables("honoured", "`key=value,…`, percent-decoded; wins over what was detected", "OTEL_RESOURCE_ATTRIBUTES"),
    *_per_signal("honoured", "no endpoint, no sending; the general one gets `/v1/<signal>` appended", "ENDPOINT"),
    *_per_signal("honoured", "`key=value,…`, values percent-decoded", "HEADERS"),
    *_per_signal("honoured", "`http/protobuf` (default), `http/json`, or `grpc` with direct delivery", "PROTOCOL"),
    *_per_signal("honoured", "`none` (default) or `gzip`", "COMPRESSION"),
    *_per_signal("honoured", "certificate authority to trust, a PEM file", "CERTIFICATE"),
    *_per_signal("honoured", "client certificate, a PEM file", "CLIENT_CERTIFICATE"),
    *_per_signal("honoured", "key of the client certificate, a PEM file", "CLIENT_KEY"),
    *_per_signal("honoured", "seconds for one request, 10 by default (as in every Python SDK)", "TIMEOUT"),
    *_variables(
        "honoured",
        "`otlp` (default) or `none`: that signal is neither written nor sent",
        "OTEL_TRACES_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_LOGS_EXPORTER",
    ),
    *_variables(
        "honoured",
        "milliseconds between two written collections, whole seconds, 10000 by default",
        "OTEL_METRIC_EXPORT_INTERVAL",
    ),
    *_variables("honoured", "`trace_based` (default), `always_on` or `always_off`", "OTEL_METRICS_EXEMPLAR_FILTER"),
    *_variables(
        "honoured",
        "limits on attributes, events and links; no text is ever longer than 16384 characters",
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ),
    *_variables("honoured", "read by the OpenTelemetry API at import", "OTEL_PROPAGATORS", "OTEL_PYTHON_CONTEXT"),
    *_variables(
        "honoured",
        "read by the official exporters, so with direct delivery only",
        *(
            f"OTEL_PYTHON_EXPORTER_OTLP_{transport}_{signal}CREDENTIAL_PROVIDER"
            for transport in ("HTTP", "GRPC")
            for signal in ("", "TRACES_", "METRICS_", "LOGS_")
        ),
        "OTEL_PYTHON_EXPORTER_OTLP_GRPC_RETRYABLE_ERROR_CODES",
    ),
    *_variables(
        "honoured",
        "any method as it was sent, instead of `_OTHER` for an unknown one",
        "OTEL_PYTHON_INSTRUMENTATION_HTTP_CAPTURE_ALL_METHODS",
    ),
    *_variables(
        "honoured",
        "headers to record on server spans; sensitive ones are redacted whatever is asked for",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS",
    ),
)

_OVERRIDDEN: tuple[Variable, ...] = (
    *_variables(
        "overridden",
        "every order is traced, whatever the caller or the environment says",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    ),
    *_variables(
        "overridden",
        "batches of 64, every 500 ms, from a queue of 8192: what is lost is counted exactly",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BSP_EXPORT_TIMEOUT",
        "OTEL_BLRP_SCHEDULE_DELAY",
        "OTEL_BLRP_MAX_QUEUE_SIZE",
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BLRP_EXPORT_TIMEOUT",
        "OTEL_METRIC_EXPORT_TIMEOUT",
    ),
    *_variables(
        "overridden",
        "cumulative: Prometheus needs it, and a Collector turns it into delta for those who do not",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    ),
    *_variables(
        "overridden",
        "explicit buckets: one set of names and buckets by every route",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    ),
    *_variables(
        "overridden", "`http` is added: only the stable HTTP conventions are spoken", "OTEL_SEMCONV_STABILITY_OPT_IN"
    ),
    *_variables(
        "overridden",
        "what is left out of tracing is decided by the path alone, never by a pattern on the URL",
        "OTEL_PYTHON_EXCLUDED_URLS",
        "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
    ),
    *_variables(
        "overridden",
        "host, os and process are detected; the instance id is kept in the data folder",
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
    ),
)

_IGNORED: tuple[Variable, ...] = (
    *_per_signal("ignored", "the scheme of the endpoint says whether TLS is used", "INSECURE"),
    *_variables("ignored", "the declarative file is not read; the settings are this product's", "OTEL_CONFIG_FILE"),
    *_variables(
        "ignored",
        "metrics are at `/metrics` of the API",
        *(f"OTEL_EXPORTER_PROMETHEUS_{ending}" for ending in ("HOST", "PORT")),
    ),
    *_variables(
        "ignored",
        "Zipkin is reached through a Collector",
        *(f"OTEL_EXPORTER_ZIPKIN_{ending}" for ending in ("ENDPOINT", "TIMEOUT")),
    ),
    *_variables("ignored", "this product logs at INFO", "OTEL_LOG_LEVEL"),
    *_variables(
        "ignored",
        "losses are counted here, under `mt5.telemetry.*`",
        "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED",
    ),
    *_variables(
        "ignored",
        "the pipeline is assembled in one place, in code",
        "OTEL_PYTHON_TRACER_PROVIDER",
        "OTEL_PYTHON_METER_PROVIDER",
        "OTEL_PYTHON_LOGGER_PROVIDER",
        "OTEL_PYTHON_TRACER_CONFIGURATOR",
        "OTEL_PYTHON_METER_CONFIGURATOR",
        "OTEL_PYTHON_LOGGER_CONFIGURATOR",
        "OTEL_PYTHON_ID_GENERATOR",
    ),
    *_variables(
        "ignored",
        "nothing is instrumented automatically",
        "OTEL_PYTHON_DISTRO",
        "OTEL_PYTHON_CONFIGURATOR",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
        "OTEL_PYTHON_AUTO_INSTRUMENTATION_EXPERIMENTAL_GEVENT_PATCH",
        "OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION",
        "OTEL_PYTHON_LOG_CODE_ATTRIBUTES",
        "OTEL_PYTHON_LOG_CORRELATION",
        "OTEL_PYTHON_LOG_FORMAT",
        "OTEL_PYTHON_LOG_HANDLER_LEVEL",
        "OTEL_PYTHON_LOG_LEVEL",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE",
    ),
)

ENVIRONMENT: tuple[Variable, ...] = (*_HONOURED, *_OVERRIDDEN, *_IGNORED)
"""Every `OTEL_*` variable of the Python SDK and of the instrumentation used here."""
