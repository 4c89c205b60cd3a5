"""The table from answers to verdicts."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from otel.accounts import Signal
from otel.answers import LONGEST_RETRY_AFTER_S, Answer, Later, Parked, Refused, Taken, judge

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def verdict_of(status: int, retry_after: str | None = None) -> Taken | Refused | Later | Parked:
    """Judge an answer without a body."""
    return judge("traces", Answer(status, {} if retry_after is None else {"retry-after": retry_after}, b""), NOW)


def test_every_status_has_one_verdict() -> None:
    """2xx is taken; 429 and 5xx are tried again; what blames us and not the data is parked; other 4xx are refused."""
    verdicts = {status: type(verdict_of(status)) for status in range(200, 600)}

    assert {s for s, verdict in verdicts.items() if verdict is Taken} == set(range(200, 300))
    assert {s for s, verdict in verdicts.items() if verdict is Later} == {429, *range(500, 600)}
    assert {s for s, verdict in verdicts.items() if verdict is Parked} == {401, 403, 404, 415, *range(300, 400)}
    assert {s for s, verdict in verdicts.items() if verdict is Refused} == {*range(400, 500)} - {
        401,
        403,
        404,
        415,
        429,
    }


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("-7", 0.0),
        ("Sun, 06 Nov 1994 08:49:57 GMT", 20.0),
        ("Sun, 06 Nov 1994 08:49:57 -0000", 20.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("99999999", LONGEST_RETRY_AFTER_S),
        ("soon", None),
        ("", None),
        ("nan", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """Both forms are understood, nonsense is ignored, and neither a past nor a far future is taken at its word."""
    assert verdict_of(503, value) == Later("HTTP 503 Service Unavailable", seconds)


@pytest.mark.parametrize(
    ("signal", "content_type", "body", "rejected"),
    [
        ("traces", "application/json", b'{"partialSuccess":{"rejectedSpans":"3"}}', 3),
        ("logs", "application/json; charset=utf-8", b'{"partialSuccess":{"rejectedLogRecords":2}}', 2),
        ("metrics", "application/json", b'{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"late"}}', 1),
        ("traces", "application/json", b'{"partialSuccess":{}}', 0),
        ("traces", "application/json", b'{"partialSuccess":{"rejectedSpans":"-3"}}', 0),
        ("traces", "application/json", b"[]", 0),
        ("traces", "application/json", b"no json", 0),
        ("traces", "application/x-protobuf", b"\xff\xff", 0),
        ("traces", "text/html", b"<html>", 0),
        ("traces", "", b"", 0),
    ],
)
def test_a_partial_success_says_how_many_were_left_out(
    signal: Signal, content_type: str, body: bytes, rejected: int
) -> None:
    """The count is read where it is given; an answer that says nothing readable rejects nothing."""
    answer = Answer(200, {"content-type": content_type}, body)

    assert judge(signal, answer, NOW) == Taken(rejected)


def test_a_partial_success_in_protobuf_says_so_too() -> None:
    """Each signal's own protobuf answer is understood."""
    logs, metrics = ExportLogsServiceResponse(), ExportMetricsServiceResponse()
    logs.partial_success.rejected_log_records = 4
    metrics.partial_success.rejected_data_points = 5
    headers = {"content-type": "application/x-protobuf"}

    assert judge("logs", Answer(200, headers, logs.SerializeToString()), NOW) == Taken(4)
    assert judge("metrics", Answer(200, headers, metrics.SerializeToString()), NOW) == Taken(5)


def test_a_refusal_keeps_the_beginning_of_the_endpoints_words() -> None:
    """A person can read later why a document was refused, and a long page does not fill the disk."""
    verdict = judge("traces", Answer(400, {}, b"why \xff" + b"x" * 10_000), NOW)

    assert isinstance(verdict, Refused)
    assert verdict.detail.startswith("why \ufffd")
    assert len(verdict.detail) == 500
