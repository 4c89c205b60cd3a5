"""What may not leave does not, wherever it stands; what may, leaves as it was."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import HistogramDataPoint, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link
from opentelemetry.trace.status import Status, StatusCode

from otel.encode import encode_logs, encode_spans
from otel.readings import count_points, iterate_metrics
from otel.redaction import REDACTED, Redaction, is_secret_key
from tests.otel import made

SECRET = "S3cr3t-Value"


@pytest.fixture
def redaction() -> Redaction:
    """Rules with one configured secret and one harmless query parameter."""
    return Redaction(frozenset({SECRET}), frozenset({"symbol"}))


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db.password",
        "PASSWD",
        "user_passphrase",
        "client_secret",
        "accessToken",
        "http.request.header.authorization",
        "http.request.header.x_api_key",
        "x-api-key",
        "api key",
        "apikey",
        "http.request.header.cookie",
        "set-cookie",
        "private_key",
        "session.id",
    ],
)
def test_names_of_secrets_are_known(key: str, redaction: Redaction) -> None:
    """An attribute whose name says that it is secret keeps its name and loses its value, whatever type it has."""
    assert is_secret_key(key)
    for value in ("x", 5, ("a", "b")):
        assert dict(redaction.span(made.span(attributes={key: value})).attributes or {}) == {key: REDACTED}


@pytest.mark.parametrize("key", ["mt5.symbol", "http.route", "passed", "compass", "tokenizer", "signal", "keyboard"])
def test_ordinary_names_are_left_alone(key: str) -> None:
    """A word that only contains the name of a secret is none."""
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abcdef.123456", "Authorization: [REDACTED] [REDACTED]"),
        ("using Basic dXNlcjpwYXNz to log in", "using Basic [REDACTED] to log in"),
        ('{"password": "a b\\"c", "volume": 0.1}', '{"password": [REDACTED], "volume": 0.1}'),
        ("Login(password='a b c')", "Login(password=[REDACTED])"),
        ("refreshToken=abc&x=1", "refreshToken=[REDACTED]&x=1"),
        ("X-API-Key: 0123", "X-API-Key: [REDACTED]"),
        ("Cookie: a=b; c=d\nHost: h", "Cookie: [REDACTED]\nHost: h"),
        ("http://user:pass@host/path", "http://[REDACTED]@host/path"),
        (f"{'a' * 99}://user:pass@host", f"{'a' * 99}://[REDACTED]@host"),
        ("see ://me@host and a+b-c.d://you@host/", "see ://[REDACTED]@host and a+b-c.d://[REDACTED]@host/"),
        ("GET /api/tick?symbol=EURUSD&who=me HTTP/1.1", "GET /api/tick?symbol=EURUSD&who=[REDACTED] HTTP/1.1"),
        ("key mt5ot_AbC-12_x was used", "key [REDACTED] was used"),
        (f"said {SECRET}!", "said [REDACTED]!"),
        ("log-in 5001234 on S (demo)", "log-in [REDACTED] on S (demo)"),
        ("login=5001234 refused", "login=[REDACTED] refused"),
        ('{"login": 5001234}', '{"login": [REDACTED]}'),
        ("account 5001234 is a real one", "account [REDACTED] is a real one"),
    ],
)
def test_credentials_inside_text_are_found(text: str, redacted: str, redaction: Redaction) -> None:
    """Credentials are taken out of any text in their usual spellings; the rest stays; a second pass changes nothing."""
    assert redaction.text(text) == redacted
    assert redaction.text(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    ["EURUSD", "order refused: 10016 invalid stops", "passed: 5 of 6", "really? yes", "C:\\Program Files", "a@b"],
)
def test_ordinary_text_is_left_alone(text: str, redaction: Redaction) -> None:
    """Text without credentials is the same object afterwards."""
    assert redaction.text(text) is text


@pytest.mark.parametrize("key", ["url.full", "http.url", "http.target"])
def test_the_query_of_an_address_is_a_query(key: str, redaction: Redaction) -> None:
    """An attribute that holds a URL keeps its address and loses what a query string loses."""
    assert redaction.value("https://u:p@h/a?hunter2&symbol=EURUSD&x=1", key) == (
        "https://[REDACTED]@h/a?[REDACTED]&symbol=EURUSD&x=[REDACTED]"
    )
    assert redaction.value("/a", key) == "/a"


def test_no_text_is_longer_than_the_limit() -> None:
    """Texts are cut, wherever they stand."""
    redaction = Redaction(text_length_max=5)

    assert redaction.text("123456") == "12345"
    assert redaction.text("1 " + "6" * 99) == "1"
    assert redaction.log(made.log(["x" * 9], {"k": "y" * 9})).log_record.body == ["xxxxx"]


@pytest.mark.parametrize("space", [" ", "\n", "\u3000", " \t\r\n"])
def test_a_text_of_white_space_is_cut_like_any_other(space: str) -> None:
    """A long text without a single word is no fault, and half a secret behind nothing but space is not left."""
    redaction = Redaction(frozenset({"hunter2-hunter3"}), text_length_max=10)

    assert redaction.text(space * 99).isspace()
    assert len(redaction.text(space * 99)) <= 10
    assert "hunter" not in redaction.text((space * 20)[:12] + "hunter2-hunter3")


@pytest.mark.parametrize("length", [40, 100, 4000])
def test_what_was_cut_early_leaves_as_if_it_had_not_been(length: int) -> None:
    """Nothing behind the characters that are considered changes what is left of a text."""
    redaction = Redaction(frozenset({"hunter2-hunter3"}), text_length_max=20)
    text = ("a hunter2-hunter3, " * 1000)[:length]

    assert redaction.text(text[: redaction.considered(20)]) == redaction.text(text)


ADVERSARIAL = (
    *("a-", "apia-a-a-", "a.", "://", "a-://", "://a", "://a@", "@", "a@", "x:/", "mt5ot_", "mt5ot-"),
    *("cookie", "cookie ", "cookie:", "set-cookie ", "set-", "cookie:[REDACTED]", "bearer ", "bearer a ", "basic\t"),
    *("password", "password ", "password=", "password= ", 'password="', "password='", 'password="\\', 'password:"\\\n'),
    *('password=\\"', "password=[REDACTED]", "pass", "pass ", "api-", "private_", "token'", "sig=&"),
    *("?", "?a", "?a=", "?&", "=", "a=", "&", "?=#", " ", "\n", "\t ", "\\", '"', "'\\", "\ud800", "\u0130"),
)


@pytest.mark.parametrize("before", ["", "?", 'password="'])
def test_no_text_makes_redaction_slow(before: str) -> None:
    """Whatever a caller sends, time grows with its length, not with the square of it."""
    # A pattern that takes the square needs several seconds for one of these texts; here each takes some milliseconds.
    redaction = Redaction(frozenset({SECRET}), text_length_max=1_000_000)
    for repeated in ADVERSARIAL:
        text = before + repeated * (40_000 // len(repeated))
        begun = time.thread_time()
        redaction.value(text, "url.full")
        assert time.thread_time() - begun < 1, repeated


def test_a_cut_never_leaves_half_a_secret() -> None:
    """A secret across the limit is taken out before the text is cut."""
    redaction = Redaction(frozenset({"hunter2-hunter3"}), text_length_max=20)

    assert redaction.text("the key is hunter2-hunter3 and more") == "the key is [REDACTED"
    assert "hunter" not in redaction.text("x " * 15 + "hunter2-hunter3 and more")


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", ""),
        ("symbol=EURUSD&limit=5", "symbol=EURUSD&limit=[REDACTED]"),
        ("k%65y=1", "[REDACTED]=[REDACTED]"),
        ("mt5ot_abc", "[REDACTED]"),
        ("a=1&&b", "a=[REDACTED]&&[REDACTED]"),
    ],
)
def test_a_query_string_keeps_names_and_harmless_values_only(query: str, left: str, redaction: Redaction) -> None:
    """Nobody knows what a caller puts into a query string, so only known parameters show their values."""
    assert redaction.query(query) == left


def _everywhere(secret: str) -> ReadableSpan:
    return made.span(
        f"call {secret}",
        attributes={
            "url.query": f"q={secret}",
            "url.full": f"https://u:{secret}@h/p?q={secret}",
            "plain": secret,
            "list": (secret, "x"),
            "map": {"inner": [secret], "password": secret},
            f"key {secret}": 1,
            "bytes": secret.encode(),
            "number": 1.5,
        },
        events=[
            Event("exception", {"exception.message": f"bad {secret}", "exception.stacktrace": f"File x\n  {secret}"}),
            Event(secret),
        ],
        links=[Link(made.context(5, 6), {"why": secret})],
        status=Status(StatusCode.ERROR, f"refused {secret}"),
    )


def test_no_part_of_a_span_holds_a_secret(redaction: Redaction) -> None:
    """Name, attributes, events, links and status are all redacted; ids, times and harmless values stay."""
    span = _everywhere(SECRET)

    redacted = redaction.span(span)

    assert SECRET.encode() not in encode_spans([redacted])
    assert redacted.attributes is not None
    assert redacted.attributes["number"] == 1.5
    assert (redacted.context, redacted.start_time, redacted.end_time, redacted.resource) == (
        span.context,
        span.start_time,
        span.end_time,
        span.resource,
    )
    assert len(redacted.events) == 2
    assert redacted.links[0].context == span.links[0].context


def test_no_part_of_a_log_record_holds_a_secret(redaction: Redaction) -> None:
    """Bodies of any shape and attributes are redacted; the record itself is not changed for other processors."""
    record = made.log({"said": [f"token={SECRET}"], "bytes": SECRET.encode()}, {"x": SECRET, "cookie": "c"})

    redacted = redaction.log(record)

    assert SECRET.encode() not in encode_logs([redacted])
    assert redacted.log_record.attributes == {"x": REDACTED, "cookie": REDACTED}
    assert record.log_record.attributes == {"x": SECRET, "cookie": "c"}


def test_no_metric_point_holds_a_secret(redaction: Redaction) -> None:
    """Attributes of points and of their exemplars are redacted."""
    point = made.number(1, who=SECRET)
    with_exemplar = made.number(1, who="x")
    object.__setattr__(with_exemplar, "exemplars", [Exemplar({"token": "t", "k": SECRET}, 1, 1, 2, 3)])

    data, _ = redaction.metrics(made.metrics(made.counter("c", point, with_exemplar)))

    first, second = (point for metric in iterate_metrics(data) for point in metric.data.data_points)
    assert first.attributes == {"who": REDACTED}
    assert second.exemplars[0].filtered_attributes == {"token": REDACTED, "k": REDACTED}


def test_a_resource_is_redacted(redaction: Redaction) -> None:
    """What an operator put into OTEL_RESOURCE_ATTRIBUTES is looked at as well."""
    resource = redaction.resource(Resource({"api_key": "k", "note": SECRET, "team": "fx"}, "https://schema"))

    assert dict(resource.attributes) == {"api_key": REDACTED, "note": REDACTED, "team": "fx"}
    assert resource.schema_url == "https://schema"


def test_what_holds_no_secret_is_the_same_object(redaction: Redaction) -> None:
    """Nothing is copied where nothing has to change."""
    span = made.span(attributes={"mt5.symbol": "EURUSD", "n": 1, "list": ("a",)}, events=[Event("e", {"x": "y"})])
    record = made.log("all is well", {"a": {"b": "c"}})
    data = made.metrics(made.counter("c", made.number(1, a="b")))

    assert redaction.span(span) is span
    assert redaction.text(name := "".join(["EUR", "USD"])) is name
    assert redaction.log(record) is record
    kept, _ = redaction.metrics(data)
    assert next(iterate_metrics(kept)) is next(iterate_metrics(data))


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (2**63, "9223372036854775808"),
        (-(2**63), -(2**63)),
        ("a\ud800b", "a\ufffdb"),
        ((1.0, math.nan), [1.0, "NaN"]),
        (True, True),
        (None, None),
    ],
)
def test_what_no_backend_takes_is_replaced(value: Any, left: Any, redaction: Redaction) -> None:
    """Numbers that are not finite or too long and lone surrogates leave as text that says what they were."""
    assert redaction.value(value) == left


def test_depth_has_an_end(redaction: Redaction) -> None:
    """A body that is nested without end is cut instead of overflowing the stack."""
    body: Any = "x"
    for _ in range(1000):
        body = [body]

    assert REDACTED in str(redaction.value(body))


def test_points_that_are_not_finite_do_not_leave(redaction: Redaction) -> None:
    """A gauge of NaN and a histogram whose sum overflowed are left out and counted; the others stay."""
    bad = HistogramDataPoint({}, 1, 2, 1, math.inf, [1], [], 0.0, 1.0)
    data = made.metrics(
        made.gauge("g", made.number(math.nan), made.number(1.0, a="b")), made.histogram("h", bad), made.counter("c")
    )

    kept, left_out = redaction.metrics(data)

    assert left_out == 2
    assert count_points(kept) == 1


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        node = [*node, *node.values()]
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str):
        yield node


@given(made.spans(), st.text(min_size=4, max_size=12, alphabet="abc\"'\\%&=; \u00e9"))
@made.AT_RANDOM
def test_a_configured_secret_never_leaves_whatever_it_looks_like(spans: Sequence[ReadableSpan], secret: str) -> None:
    """A secret of any characters is found in every part of a span, and twice redacted is once redacted."""
    redaction = Redaction(frozenset({secret}))

    once = redaction.span(_everywhere(secret))
    twice = redaction.span(once)

    assert not [text for text in _texts(orjson.loads(encode_spans([once]))) if secret in text]
    assert encode_spans([twice]) == encode_spans([once])
    encode_spans([redaction.span(span) for span in spans])


@given(st.text(max_size=60))
@made.AT_RANDOM
def test_redacting_text_twice_changes_nothing_more(text: str) -> None:
    """Redaction is stable, and what it lets through can always be written."""
    redaction = Redaction()

    once = redaction.text(text)

    assert redaction.text(once) == once
    once.encode()


@given(made.collections())
@made.AT_RANDOM
def test_finite_points_are_all_kept(data: MetricsData) -> None:
    """Redaction leaves out nothing but points that are not finite."""
    kept, left_out = Redaction().metrics(data)

    assert left_out == 0
    assert count_points(kept) == count_points(data)
