"""What an operator sets by environment variables, and what is said when it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otel.config import AttributeLimits, OtlpEndpoint, TelemetryConfig, TelemetryConfigError, without_effect
from otel.environment import ENVIRONMENT

BASE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}

READ_BY_OTHERS = ("OTEL_PROPAGATORS", "OTEL_PYTHON_", "OTEL_INSTRUMENTATION_")
"""How the names of variables begin which the API, the instrumentation and the official exporters read themselves."""


class WatchedEnvironment(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def test_without_variables_nothing_is_sent() -> None:
    """An empty environment gives the defaults: files only, no endpoint, all signals."""
    config = TelemetryConfig.from_env({})

    assert config == TelemetryConfig()
    assert not config.endpoints
    assert config.signals == {"traces", "logs", "metrics"}


def test_an_empty_value_counts_as_unset() -> None:
    """A variable that is set to nothing changes nothing, as the specification says."""
    assert TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": " ", "OTEL_SERVICE_NAME": ""}) == TelemetryConfig()


def test_the_general_endpoint_gets_the_signal_appended_and_the_particular_one_does_not() -> None:
    """The general endpoint is a base; a signal's own is used as it is written."""
    config = TelemetryConfig.from_env({**BASE, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://logs.example/in"})

    assert {signal: endpoint.url for signal, endpoint in config.endpoints.items()} == {
        "traces": "http://collector:4318/v1/traces",
        "logs": "https://logs.example/in",
        "metrics": "http://collector:4318/v1/metrics",
    }


def test_only_the_signal_with_an_endpoint_is_sent() -> None:
    """One signal's own endpoint is no reason to send the others anywhere."""
    config = TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/t"})

    assert list(config.endpoints) == ["traces"]


def test_a_signals_own_variable_wins_over_the_general_one(tmp_path: Path) -> None:
    """Every part of a destination can be set for one signal alone."""
    general, own = tmp_path / "general.pem", tmp_path / "own.pem"
    general.touch()
    own.touch()
    config = TelemetryConfig.from_env(
        {
            **BASE,
            "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(general),
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(general),
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(general),
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "b=2",
            "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "none",
            "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "0.5",
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json",
            "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE": str(own),
        }
    )

    assert config.endpoints["traces"] == OtlpEndpoint(
        url="http://collector:4318/v1/traces",
        headers={"a": "1"},
        compression="gzip",
        ca_file=general,
        client_certificate_file=general,
        client_key_file=general,
        timeout_s=3.0,
    )
    assert config.endpoints["metrics"] == OtlpEndpoint(
        url="http://collector:4318/v1/metrics",
        headers={"b": "2"},
        protocol="http/json",
        ca_file=own,
        client_certificate_file=general,
        client_key_file=general,
        timeout_s=0.5,
    )


def test_header_values_are_percent_decoded_and_names_lower_case() -> None:
    """Headers are written as W3C Baggage: commas and equals signs in a value are percent-encoded."""
    headers = "Authorization=Basic%20dXNlcjpwYXNz%3D%3D, X-Scope = a%2Cb ,"
    config = TelemetryConfig.from_env({**BASE, "OTEL_EXPORTER_OTLP_HEADERS": headers})

    assert config.endpoints["traces"].headers == {"authorization": "Basic dXNlcjpwYXNz==", "x-scope": "a,b"}


def test_resource_attributes_are_percent_decoded_and_the_service_name_wins() -> None:
    """OTEL_SERVICE_NAME wins over a service.name in OTEL_RESOURCE_ATTRIBUTES, which wins over the default."""
    attributes = "service.name=inner,team=fx%20desk"

    assert TelemetryConfig.from_env({"OTEL_RESOURCE_ATTRIBUTES": attributes}).service_name == "inner"
    config = TelemetryConfig.from_env({"OTEL_RESOURCE_ATTRIBUTES": attributes, "OTEL_SERVICE_NAME": "outer"})
    assert config.service_name == "outer"
    assert config.resource_attributes["team"] == "fx desk"


@pytest.mark.parametrize(("value", "disabled"), [("true", True), ("TRUE", True), ("1", False), ("false", False)])
def test_only_the_word_true_switches_telemetry_off(value: str, disabled: bool) -> None:
    """The specification knows one word; anything else leaves telemetry on."""
    assert TelemetryConfig.from_env({"OTEL_SDK_DISABLED": value}).disabled is disabled


def test_an_exporter_of_none_leaves_the_signal_out() -> None:
    """A signal switched off is neither written nor sent."""
    config = TelemetryConfig.from_env({**BASE, "OTEL_LOGS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "otlp"})

    assert config.signals == {"traces", "metrics"}
    assert set(config.endpoints) == {"traces", "metrics"}


def test_limits_fall_back_from_the_particular_to_the_general_to_ours() -> None:
    """A span's own limit wins over the general one, which wins over the default."""
    config = TelemetryConfig.from_env(
        {
            "OTEL_ATTRIBUTE_COUNT_LIMIT": "10",
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "20",
            "OTEL_SPAN_EVENT_COUNT_LIMIT": "0",
        }
    )

    assert config.limits == AttributeLimits(
        attributes=10, span_attributes=20, events=0, event_attributes=10, link_attributes=10, log_attributes=10
    )


def test_the_metric_interval_is_given_in_milliseconds() -> None:
    """OTEL_METRIC_EXPORT_INTERVAL decides how many of the collections, one a second, are written."""
    assert TelemetryConfig.from_env({"OTEL_METRIC_EXPORT_INTERVAL": "30000"}).write_every == 30


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318", "must be a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[broken", "must be a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector", "must be a URL"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift", "must be one of grpc, http/protobuf, http/json"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "zstd", "must be one of none, gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "must be a number"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "must be 0.001 or more"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "nan", "must be 0.001 or more"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem", "names a file that is not there"),
        ("OTEL_RESOURCE_ATTRIBUTES", "no-equals-sign", "must be written key=value"),
        ("OTEL_TRACES_EXPORTER", "console", "must be one of otlp, none"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "-1", "must be 0 or more"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10", "must be 1000 or more"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "sometimes", "must be one of trace_based"),
    ],
)
def test_what_cannot_be_used_is_named_as_it_was_written(name: str, value: str, complaint: str) -> None:
    """An error begins with the operator's own variable and says what would do."""
    with pytest.raises(TelemetryConfigError) as caught:
        TelemetryConfig.from_env({**BASE, name: value})

    assert str(caught.value).startswith(name)
    assert complaint in str(caught.value)


def test_a_broken_header_is_refused_without_showing_it() -> None:
    """Headers hold keys: the message names the variable and keeps its value to itself."""
    with pytest.raises(TelemetryConfigError) as caught:
        TelemetryConfig.from_env({**BASE, "OTEL_EXPORTER_OTLP_HEADERS": "hunter2-without-a-name"})

    assert "OTEL_EXPORTER_OTLP_HEADERS" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_secrets_do_not_show_in_a_printed_configuration() -> None:
    """Header values and secrets stay out of `repr`, which ends up in logs."""
    config = TelemetryConfig.from_env(
        {**BASE, "OTEL_EXPORTER_OTLP_HEADERS": "k=hunter2"}, secrets=frozenset({"hunter3"})
    )

    assert "hunter" not in repr(config)


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
@pytest.mark.parametrize("base", [BASE, {}])
def test_grpc_needs_direct_delivery(name: str, base: dict[str, str]) -> None:
    """Files are not sent by gRPC, so asking for it is an error, endpoint or not, unless delivery is direct."""
    with pytest.raises(TelemetryConfigError, match=rf"^{name}=grpc needs delivery: direct"):
        TelemetryConfig.from_env({**base, name: "grpc"})


def test_a_grpc_endpoint_is_used_as_written() -> None:
    """With gRPC nothing is appended to the endpoint: it knows no paths."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}

    config = TelemetryConfig.from_env(environ, delivery="direct")

    assert {endpoint.url for endpoint in config.endpoints.values()} == {"http://collector:4317"}


def test_direct_delivery_needs_an_endpoint_and_a_protocol_it_speaks() -> None:
    """Direct delivery to nowhere, or by http/json, would lose everything: both are refused."""
    with pytest.raises(TelemetryConfigError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        TelemetryConfig.from_env({}, delivery="direct")
    with pytest.raises(TelemetryConfigError, match="http/json"):
        TelemetryConfig.from_env({**BASE, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, delivery="direct")


def test_disabled_telemetry_asks_for_nothing() -> None:
    """With OTEL_SDK_DISABLED a mistake in the other settings is no error."""
    assert TelemetryConfig.from_env(
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "x"}
    ) == TelemetryConfig(disabled=True)


@pytest.mark.parametrize("setting", ["collect_interval_s", "write_every", "schedule_delay_s", "keep_bytes", "keep_s"])
def test_sizes_and_times_must_be_positive(setting: str) -> None:
    """A size or time of zero is refused by its name."""
    settings: dict[str, Any] = {setting: 0}
    with pytest.raises(TelemetryConfigError, match=setting):
        replace(TelemetryConfig(), **settings)


def test_a_batch_fits_into_the_queue() -> None:
    """A batch larger than the queue could never fill."""
    with pytest.raises(TelemetryConfigError, match="batch_size"):
        TelemetryConfig(batch_size=10, queue_size=5)


def test_variables_without_effect_are_named() -> None:
    """Whoever sets an overridden or ignored variable can be told."""
    environ = {
        "OTEL_TRACES_SAMPLER": "always_off",
        "OTEL_CONFIG_FILE": "x",
        "OTEL_SERVICE_NAME": "y",
        "OTEL_LOG_LEVEL": "",
    }

    assert without_effect(environ) == ("OTEL_CONFIG_FILE", "OTEL_TRACES_SAMPLER")


def test_the_table_says_what_the_code_does() -> None:
    """Every variable called honoured is read, and no other is."""
    environ = WatchedEnvironment({**BASE, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})

    TelemetryConfig.from_env(environ)

    honoured = {variable.name for variable in ENVIRONMENT if variable.standing == "honoured"}
    assert environ.asked == {name for name in honoured if not name.startswith(READ_BY_OTHERS)}
