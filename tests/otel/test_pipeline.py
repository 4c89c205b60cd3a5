"""The assembled pipeline, from a span's end to the file or the endpoint."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from otel.accounts import SIGNALS
from otel.config import AttributeLimits, OtlpEndpoint, TelemetryConfig
from otel.pipeline import SAMPLER, Pipeline, build_pipeline
from otel.segments import iterate
from otel.testing import InMemoryTelemetry
from tests.otel import made
from tests.otel.receiver import BLACKHOLE, Receiver, Reply


def _lines(directory: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line.data) for line in iterate(directory)]


def _span_names(directory: Path) -> list[str]:
    return [
        span["name"]
        for document in _lines(directory)
        for resource_spans in document["resourceSpans"]
        for scope_spans in resource_spans["scopeSpans"]
        for span in scope_spans["spans"]
    ]


def _balanced(pipeline: Pipeline) -> None:
    for signal, account in pipeline.accounts.items():
        s = account.snapshot()
        assert s.emitted + s.carried == s.delivered + s.spooled + sum(s.dropped.values()) + s.in_memory, signal
        assert s.in_memory == 0, signal


def test_everything_that_ended_is_in_its_file(tmp_path: Path) -> None:
    """Closing leaves every span, log record and the last collection on disk, and the account says so."""
    pipeline = build_pipeline(TelemetryConfig(directory=tmp_path, collect_interval_s=3600), instance_id="i")
    tracer = pipeline.tracer_provider.get_tracer("t")
    for number in range(150):
        tracer.start_span(f"span {number}").end()
    pipeline.meter_provider.get_meter("t").create_counter("t.things").add(3)
    pipeline.logger_provider.get_logger("t").emit(body="said")

    assert pipeline.close()

    assert sorted(_span_names(tmp_path / "traces")) == sorted(f"span {number}" for number in range(150))
    assert max(len(r["scopeSpans"][0]["spans"]) for d in _lines(tmp_path / "traces") for r in d["resourceSpans"]) <= 64
    assert len(_lines(tmp_path / "logs")) == 1
    (collection,) = _lines(tmp_path / "metrics")
    names = [m["name"] for s in collection["resourceMetrics"][0]["scopeMetrics"] for m in s["metrics"]]
    assert {"t.things", "mt5.telemetry.emitted", "mt5.telemetry.torn"} <= set(names)
    assert pipeline.accounts["traces"].snapshot().delivered == 150
    _balanced(pipeline)


def test_flushing_brings_everything_to_the_file_without_closing(tmp_path: Path) -> None:
    """After a flush what had ended can be read, and the pipeline goes on."""
    pipeline = build_pipeline(TelemetryConfig(directory=tmp_path, schedule_delay_s=3600), instance_id="i")
    tracer = pipeline.tracer_provider.get_tracer("t")

    tracer.start_span("first").end()
    assert pipeline.force_flush()
    assert _span_names(tmp_path / "traces") == ["first"]

    tracer.start_span("second").end()
    pipeline.close()
    assert _span_names(tmp_path / "traces") == ["first", "second"]


def test_spans_are_written_soon_without_a_flush(tmp_path: Path) -> None:
    """Half a second after its end at the latest a span is on its way to the disk, whoever crashes then."""
    pipeline = build_pipeline(TelemetryConfig(directory=tmp_path), instance_id="i")
    pipeline.tracer_provider.get_tracer("t").start_span("soon").end()

    deadline = time.monotonic() + 20
    while not _lines(tmp_path / "traces"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pipeline.close()


def test_what_ends_after_the_close_is_counted(tmp_path: Path) -> None:
    """A late span is lost, harms nothing, and is in the account."""
    pipeline = build_pipeline(TelemetryConfig(directory=tmp_path), instance_id="i")
    span = pipeline.tracer_provider.get_tracer("t").start_span("late")
    pipeline.close()

    span.end()
    pipeline.close()

    assert pipeline.accounts["traces"].snapshot().dropped["shutdown"] == 1
    _balanced(pipeline)


@pytest.mark.parametrize("delivery", ["files", "direct"])
def test_a_blackholed_endpoint_costs_neither_the_caller_nor_the_end(tmp_path: Path, delivery: Any) -> None:
    """With an endpoint that never answers, ending a span takes no time, closing 3 s at most, and all is accounted."""
    with Receiver() as receiver:
        receiver.default = BLACKHOLE
        endpoints: Any = {signal: OtlpEndpoint(url=receiver.url) for signal in SIGNALS}
        config = TelemetryConfig(directory=tmp_path, delivery=delivery, endpoints=endpoints, collect_interval_s=0.05)
        pipeline = build_pipeline(config, instance_id="i")
        tracer = pipeline.tracer_provider.get_tracer("t")
        for _ in range(3000):
            tracer.start_span("s").end()
        receiver.wait_for(1)
        began = time.monotonic()

        pipeline.close(3.0)

        assert time.monotonic() - began < 6.0  # 3 s, and some mercy for a busy machine
    account = pipeline.accounts["traces"].snapshot()
    assert account.emitted == 3000
    _balanced(pipeline)
    assert account.spooled + account.dropped["queue_full"] + account.dropped.get("shutdown", 0) == 3000
    if delivery == "files":
        assert len(_span_names(tmp_path / "traces")) == account.spooled


def test_a_parked_queue_shows_in_status_and_metric(tmp_path: Path) -> None:
    """A refused key parks the queue: nothing is lost, and both the status and a metric say so."""
    with Receiver(Reply(401)) as receiver:
        receiver.default = Reply(401)
        endpoint = OtlpEndpoint(url=receiver.url)
        pipeline = build_pipeline(
            TelemetryConfig(directory=tmp_path, endpoints={"traces": endpoint}, collect_interval_s=3600),
            instance_id="i",
        )
        pipeline.tracer_provider.get_tracer("t").start_span("kept").end()
        pipeline.force_flush()
        receiver.wait_for(1)
        deadline = time.monotonic() + 20
        while pipeline.delivery()["traces"].state != "parked":
            assert time.monotonic() < deadline
            time.sleep(0.01)

        pipeline.force_flush()

        assert pipeline.readings.value("mt5.telemetry.parked", {"mt5.telemetry.signal": "traces"}) == 1
        assert pipeline.readings.value("mt5.telemetry.spooled", {"mt5.telemetry.signal": "traces"}) == 1
        pipeline.close()


def test_disabled_telemetry_does_nothing_and_keeps_its_shape(tmp_path: Path) -> None:
    """Everything can be called as before: no file, no thread, no sample, no error."""
    threads = threading.active_count()
    pipeline = build_pipeline(TelemetryConfig(disabled=True, directory=tmp_path), instance_id="i")

    with pipeline.tracer_provider.get_tracer("t").start_as_current_span("s"):
        pipeline.meter_provider.get_meter("t").create_counter("c").add(1)
        pipeline.logger_provider.get_logger("t").emit(body="b")
    pipeline.logging_handler().handle(logging.makeLogRecord({"msg": "w"}))
    pipeline.replay(made.span())
    pipeline.set_start_time("c", lambda: 1)

    assert pipeline.force_flush()
    assert pipeline.delivery() == {}
    assert list(pipeline.readings.metrics()) == []
    assert threading.active_count() == threads
    assert pipeline.close()
    assert not list(tmp_path.iterdir())


def test_nothing_global_is_set() -> None:
    """Building a pipeline leaves the process's global providers alone."""
    with InMemoryTelemetry():
        assert "sdk" not in type(trace.get_tracer_provider()).__module__
        assert "sdk" not in type(metrics.get_meter_provider()).__module__
        assert "sdk" not in type(_logs.get_logger_provider()).__module__


def test_a_caller_that_does_not_trace_cannot_hide_an_order() -> None:
    """Spans under a remote parent that is not sampled are recorded, in its trace; local children follow."""
    parent = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(0))

    with InMemoryTelemetry() as telemetry:
        tracer = telemetry.pipeline.tracer_provider.get_tracer("t")
        with tracer.start_as_current_span("outer", set_span_in_context(NonRecordingSpan(parent))):
            tracer.start_span("inner").end()
        spans = telemetry.spans()

    assert [span.name for span in spans] == ["outer", "inner"]
    assert {span.context.trace_id for span in spans} == {0xABC}
    assert {span.context.trace_flags.sampled for span in spans} == {True}
    assert SAMPLER.should_sample(None, 1, "root").decision is Decision.RECORD_AND_SAMPLE


def test_a_replayed_span_keeps_its_identity_and_goes_the_same_way() -> None:
    """A span rebuilt from a journal leaves with its own ids, times and attributes, redacted and counted."""
    span = made.span("place_order", context=made.context(0xAAA, 0xBBB), attributes={"password": "p", "n": 1})

    with InMemoryTelemetry() as telemetry:
        telemetry.pipeline.replay(span)
        (left,) = telemetry.spans()

    assert (left.context, left.start_time, left.end_time) == (span.context, span.start_time, span.end_time)
    assert dict(left.attributes or {}) == {"password": "[REDACTED]", "n": 1}
    assert telemetry.pipeline.accounts["traces"].snapshot().delivered == 1


def test_a_replay_that_fails_harms_nobody() -> None:
    """What is no span is no reason to fail at the start."""
    broken: Any = None

    with InMemoryTelemetry() as telemetry:
        telemetry.pipeline.replay(broken)
        assert telemetry.spans() == []


def test_a_counter_can_say_since_when_it_counts() -> None:
    """Points leave with the start time that was set, in the readings as in what is written."""
    with InMemoryTelemetry() as telemetry:
        telemetry.pipeline.meter_provider.get_meter("t").create_counter("mt5.orders").add(1)
        telemetry.pipeline.set_start_time("mt5.orders", lambda: 42)
        telemetry.pipeline.force_flush()
        (series,) = telemetry.pipeline.readings.series("mt5.orders")

    assert series.point.start_time_unix_nano == 42


@pytest.fixture
def app_logger() -> Iterator[logging.Logger]:
    """A logger outside the telemetry, without handlers of its own."""
    logger = logging.getLogger("app.test")
    yield logger
    for handler in list(logging.getLogger().handlers):
        if type(handler).__module__.startswith("opentelemetry"):
            logging.getLogger().removeHandler(handler)


def test_a_log_record_carries_its_trace_and_its_own_id(app_logger: logging.Logger) -> None:
    """Records of the application leave with the ids of the span around them and with `log.record.uid`."""
    with InMemoryTelemetry() as telemetry:
        logging.getLogger().addHandler(telemetry.pipeline.logging_handler())
        with telemetry.pipeline.tracer_provider.get_tracer("t").start_as_current_span("s"):
            app_logger.warning("refused, token=%s", "hunter2", extra={"mt5.symbol": "EURUSD"})
        (record,) = telemetry.logs()

    log = record.log_record
    assert log.body == "refused, token=[REDACTED]"
    assert (log.trace_id, log.span_id, log.severity_text) == (1, 1, "WARN")
    assert dict(log.attributes or {}) == {"mt5.symbol": "EURUSD", "log.record.uid": "uid-1"}


def test_the_telemetrys_own_log_records_stay_out(app_logger: logging.Logger) -> None:
    """Lines about telemetry, and whatever is logged while exporting, do not become telemetry."""
    with InMemoryTelemetry() as telemetry:
        logging.getLogger().addHandler(telemetry.pipeline.logging_handler())
        for name in ("otel", "otel.files", "opentelemetry.sdk.trace", "opentelemetry"):
            logging.getLogger(name).warning("about telemetry")
        app_logger.warning("about orders")

        assert [record.log_record.body for record in telemetry.logs()] == ["about orders"]


def test_a_log_call_that_cannot_be_formatted_does_not_fail_its_caller(app_logger: logging.Logger) -> None:
    """A mistake in a log call costs the record, never the order around it."""
    with InMemoryTelemetry() as telemetry:
        handler = telemetry.pipeline.logging_handler()
        record = app_logger.makeRecord("app", 30, "f", 1, "%d orders", ("many",), None)

        handler.handle(record)

        assert telemetry.logs() == []


def test_without_the_signal_its_handler_does_nothing() -> None:
    """Log records go nowhere when logs are switched off, and the handler can still be attached."""
    pipeline = build_pipeline(TelemetryConfig(collect_interval_s=3600), instance_id="i", sinks={})

    pipeline.logging_handler().handle(logging.makeLogRecord({"name": "app", "levelno": 20, "msg": "to nobody"}))
    pipeline.tracer_provider.get_tracer("t").start_span("to nobody").end()

    assert pipeline.close()
    assert pipeline.accounts["logs"].snapshot().emitted == 0


def test_limits_bound_what_one_span_and_record_carry() -> None:
    """Values are cut and attributes over the limit dropped and counted, as the configuration says."""
    limits = AttributeLimits(span_attributes=2, span_attribute_length=5, attribute_length=5, log_attribute_length=3)

    with InMemoryTelemetry(TelemetryConfig(limits=limits)) as telemetry:
        pipeline = telemetry.pipeline
        pipeline.tracer_provider.get_tracer("t").start_span("s", attributes={"a": 1, "b": "x" * 9, "c": 3}).end()
        pipeline.logger_provider.get_logger("t").emit(body="b", attributes={"a": "yyyyy"})
        (span,) = telemetry.spans()
        (record,) = telemetry.logs()

    assert dict(span.attributes or {}) == {"b": "xxxxx", "c": 3}
    assert span.dropped_attributes == 1
    assert record.log_record.attributes is not None
    assert record.log_record.attributes["a"] == "yyy"


def test_a_long_text_does_not_wait_whole() -> None:
    """Without limits of the operator's, too, a waiting span or record holds little more of a text than will leave."""
    with InMemoryTelemetry(TelemetryConfig(text_length_max=100)) as telemetry:
        span: Any = telemetry.pipeline.tracer_provider.get_tracer("t").start_span("s")
        span.set_attribute("a", "a " * 9_999)
        span.add_event("e", {"b": "b " * 9_999})
        held = (span.attributes["a"], span.events[0].attributes["b"])
        span.end()
        (left,) = telemetry.spans()

    assert [len(text) for text in held] == [200, 200]
    assert dict(left.attributes or {}) == {"a": "a " * 50}


def test_an_instrument_has_so_many_series_and_one_for_the_rest() -> None:
    """Labels without end do not become memory without end: what is over the limit shares one series."""
    with InMemoryTelemetry(TelemetryConfig(series_per_instrument=10)) as telemetry:
        counter = telemetry.pipeline.meter_provider.get_meter("t").create_counter("t.things")
        for number in range(50):
            counter.add(1, {"n": number})
        telemetry.pipeline.force_flush()
        series = telemetry.pipeline.readings.series("t.things")

    assert len(series) <= 11
    assert telemetry.pipeline.readings.value("t.things") == 50


def test_keys_of_the_endpoint_are_secrets_everywhere(tmp_path: Path) -> None:
    """A vendor's key that turns up in a span or a resource attribute does not leave."""
    key = "0123456789abcdef0123"
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{key}",
        "OTEL_RESOURCE_ATTRIBUTES": f"note={key}",
    }
    pipeline = build_pipeline(TelemetryConfig.from_env(environ, directory=tmp_path), instance_id="i")
    pipeline.tracer_provider.get_tracer("t").start_span("s", attributes={"heard": f"it was {key}"}).end()
    pipeline.close(1.0)

    text = b"".join(line.data for line in iterate(tmp_path / "traces"))
    assert b"it was [REDACTED]" in text
    assert key.encode() not in text
