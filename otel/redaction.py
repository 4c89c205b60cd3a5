"""What may leave: pure functions over ended spans, log records and metric points, applied before any exporter.

Replaced by `[REDACTED]`: the value of every attribute whose name says it is secret, and inside any text (names,
attributes, events, exception messages and stack traces, status descriptions, log bodies) credentials in their
usual spellings, the values of query strings, and the texts named as secret by the configuration.

Replaced because no backend can take them: a lone surrogate by U+FFFD; a number that is not finite by the text
`NaN`, `Infinity` or `-Infinity`; an integer beyond 64 bits by its decimal text; an object that is no OTLP value by
its `str`; what is longer than the limit is cut. A metric point whose value is not finite does not leave at all.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import unquote_plus

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    ExponentialHistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link
from opentelemetry.trace.status import Status
from opentelemetry.util.types import AnyValue

REDACTED: Final = "[REDACTED]"
_DEPTH_MAX: Final = 16
_CACHED_LENGTH_MAX: Final = 64
_INT64: Final = range(-(2**63), 2**63)
_STRONG: Final = r"pass(?:word|wd|phrase)|secret|token|authorization|api[-_. ]?key|access[-_. ]?key|private[-_. ]?key"
_WEAK: Final = r"pass|pwd|credentials?|cookies?|session[-_. ]?id|signature|sig"
_SECRET_KEY: Final = re.compile(rf"(?:^|[^a-z0-9])(?:{_STRONG}|{_WEAK})(?:$|[^a-z0-9])")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLAIN_NAME: Final = re.compile(r"[\w.\-\[\]]{1,64}\Z", re.ASCII)
# Every pattern here takes time in proportion to the text, whatever the text: callers choose what is in it.
_IN_TEXT: Final = (
    # Cookies first: they run to the end of their line and hold separators of their own.
    (re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s*+[:=]\s*+)(?!\[REDACTED\])[^\r\n]+"), rf"\g<1>{REDACTED}"),
    (re.compile(r"(?i)\b(bearer|basic|digest|apikey|api-token)\s+[\w.~+/=\-:]{6,}"), rf"\g<1> {REDACTED}"),
    # name=value, name: value, "name": "value"; the value to its closing quote, or to the next space or `&`.
    (
        re.compile(
            rf"(?i)((?:{_STRONG}|\b(?:{_WEAK}))[\"']?\s*+[:=]\s*+)(?!\[REDACTED\])"
            r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&\"'<>]+)"
        ),
        rf"\g<1>{REDACTED}",
    ),
    # Not the scheme before it: to look for its beginning at every character would take the square of the length.
    (re.compile(r"(?<=://)[^/\s@]++@"), f"{REDACTED}@"),
    (re.compile(r"\bmt5ot_[\w\-]+"), REDACTED),
    # The number of a trading account, as `log-in 123`, `login=123` or `account 123`.
    (re.compile(r"(?i)\b((?:log-?in|account)[\"']?(?: |\s?[:=]\s?))\d+\b"), rf"\g<1>{REDACTED}"),
)
_QUERY_IN_TEXT: Final = re.compile(r"(?<=\?)[^\s\"'<>?#]*=[^\s\"'<>#]*")
_HINT: Final = re.compile(rf"(?i){_STRONG}|{_WEAK}|bearer|basic|digest|api|mt5ot_|log-?in|account|://|\?")
_LAST_WORD: Final = re.compile(r"\s\S*+\Z")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_QUERY_KEYS: Final = frozenset({"url.query"})
_URL_KEYS: Final = frozenset({"url.full", "http.url", "http.target"})


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Whether a name says that its value is secret: `db.password`, `http.request.header.x_api_key`, `authToken`."""
    return _SECRET_KEY.search(_CAMEL.sub("_", key).lower()) is not None


class Redaction:
    """The rules, with the secrets and harmless query parameters of one configuration.

    Args:
        secrets: texts which are replaced wherever they turn up; shorter than 4 characters are left out.
        query_values_kept: query parameters whose values may be seen; of all others only the name is.
        text_length_max: characters of a text that leave.
    """

    def __init__(
        self,
        secrets: frozenset[str] = frozenset(),
        query_values_kept: frozenset[str] = frozenset(),
        text_length_max: int = 16_384,
    ) -> None:
        longest_first = sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._kept = query_values_kept
        self._text_length_max = text_length_max
        # Metric attributes and names are the same few texts once a second: look each up once.
        self._cached_text = lru_cache(maxsize=8192)(self._text)

    def text(self, text: str) -> str:
        """Return *text* without what may not leave; the same object where there is nothing to take out."""
        if len(text) > _CACHED_LENGTH_MAX:
            return self._text(text)
        redacted = self._cached_text(text)
        return text if redacted == text else redacted  # the cache may hold an equal text that is another object

    def shortened(self, text: str, length_max: int) -> str:
        """Return at most *length_max* characters of *text*, without what may not leave; bounded in time, too."""
        return self._cut(text, length_max) if len(text) > length_max else self.text(text)

    @staticmethod
    def considered(length_max: int) -> int:
        """How many characters decide what is left of a longer text; whoever cuts it earlier has to leave so many."""
        return 2 * length_max

    def query(self, query: str) -> str:
        """Keep the names of a query string and the values that are known to be harmless."""
        return "&".join(self._parameter(part) for part in query.split("&")) if query else query

    def span(self, span: ReadableSpan) -> ReadableSpan:
        """Return *span* as it may leave; the same object where nothing changed."""
        name = self.text(span.name)
        attributes = self._attributes(span.attributes)
        events = [self._event(event) for event in span.events]
        links = [self._link(link) for link in span.links]
        status = self._status(span.status)
        if (
            name is span.name
            and attributes is None
            and status is span.status
            and all(map(_same, events, span.events))
            and all(map(_same, links, span.links))
        ):
            return span
        return _Redacted(
            span,
            name=name,
            attributes=(span.attributes or {}) if attributes is None else attributes,
            events=events,
            links=links,
            status=status,
        )

    def log(self, record: ReadableLogRecord) -> ReadableLogRecord:
        """Return *record* as it may leave; the same object where nothing changed."""
        original = record.log_record
        body = self.value(original.body)
        attributes = self._attributes(original.attributes)
        if body is original.body and attributes is None:
            return record
        changed = copy.copy(original)
        changed.body = body
        if attributes is not None:
            changed.attributes = _bounded(attributes, record.dropped_attributes)
        return replace(record, log_record=changed)

    def metrics(self, data: MetricsData) -> tuple[MetricsData, int]:
        """Return the points that may leave, and how many were left out for not being finite."""
        left_out = 0

        def metric(metric: Metric) -> Metric:
            nonlocal left_out
            points = [self._point(point) for point in metric.data.data_points]
            kept = [point for point in points if point is not None]
            left_out += len(points) - len(kept)
            if len(kept) == len(points) and all(map(_same, kept, metric.data.data_points)):
                return metric
            data = replace(metric.data, data_points=cast("Any", kept))  # one union per kind of data
            return replace(metric, data=data)

        return map_metrics(data, metric), left_out

    def resource(self, resource: Resource) -> Resource:
        """Return *resource* as it may leave; the same object where nothing changed."""
        attributes = self._attributes(resource.attributes)
        return resource if attributes is None else Resource(attributes, resource.schema_url)

    def value(self, value: AnyValue, key: str = "", depth: int = 0) -> AnyValue:
        """Return one attribute value or body as it may leave."""
        if isinstance(value, str):
            if key in _QUERY_KEYS:
                return self.query(self.text(value))
            if key in _URL_KEYS and "?" in value:
                address, _, query = value.partition("?")
                return f"{self.text(address)}?{self.query(self.text(query))}"
            return self.text(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if value in _INT64 else str(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else _not_finite(value)
        if isinstance(value, bytes):
            return self._bytes(value)
        return self._nested(value, depth + 1)

    def _nested(self, value: object, depth: int) -> AnyValue:
        if depth > _DEPTH_MAX:
            return REDACTED
        if isinstance(value, Mapping):
            items = {str(key): self._keyed(str(key), item, depth) for key, item in value.items()}
            same = all(new is old for new, old in zip(items.values(), value.values(), strict=True))
            return cast("AnyValue", value) if same and all(isinstance(key, str) for key in value) else items
        if isinstance(value, Sequence):
            values = [self.value(item, depth=depth) for item in value]
            return cast("AnyValue", value) if all(map(_same, values, value)) else values
        return self.text(str(value))

    def _keyed(self, key: str, value: AnyValue, depth: int = 0) -> AnyValue:
        return REDACTED if is_secret_key(key) else self.value(value, key, depth)

    def _attributes(self, attributes: Mapping[str, AnyValue] | None) -> dict[str, AnyValue] | None:
        """The attributes as they may leave, or `None` where nothing changed."""
        if not attributes:
            return None
        changed = False
        result: dict[str, AnyValue] = {}
        for key, value in attributes.items():
            new_key, new_value = self.text(key), self._keyed(key, value)
            changed = changed or new_value is not value or new_key is not key
            result[new_key] = new_value
        return result if changed else None

    def _event(self, event: Event) -> Event:
        attributes = self._attributes(event.attributes)
        name = self.text(event.name)
        if attributes is None and name is event.name:
            return event
        return Event(
            name,
            event.attributes if attributes is None else _bounded(attributes, event.dropped_attributes),
            event.timestamp,
        )

    def _link(self, link: Link) -> Link:
        attributes = self._attributes(link.attributes)
        if attributes is None:
            return link
        return Link(link.context, _bounded(attributes, link.dropped_attributes))

    def _status(self, status: Status) -> Status:
        if not status.description:
            return status
        description = self.text(status.description)
        return status if description is status.description else Status(status.status_code, description)

    def _point(self, point: DataPointT) -> DataPointT | None:
        if not _is_finite(point):
            return None
        attributes = self._attributes(point.attributes)
        exemplars = [
            exemplar
            if (filtered := self._attributes(exemplar.filtered_attributes)) is None
            else replace(exemplar, filtered_attributes=filtered)
            for exemplar in point.exemplars
            if math.isfinite(exemplar.value)
        ]
        if (
            attributes is None
            and len(exemplars) == len(point.exemplars)
            and all(map(_same, exemplars, point.exemplars))
        ):
            return point
        return replace(point, attributes=point.attributes if attributes is None else attributes, exemplars=exemplars)

    def _bytes(self, value: bytes) -> bytes:
        text = value.decode("utf-8", "surrogateescape")
        redacted = self.text(_SURROGATE.sub("", text))
        return value if redacted == _SURROGATE.sub("", text) else redacted.encode()

    def _text(self, text: str) -> str:
        if len(text) <= self._text_length_max:
            return self._scrubbed(text)
        return self._cut(text, self._text_length_max)

    def _cut(self, text: str, length_max: int) -> str:
        # Cut last, or half a secret would be left that no rule knows; but first to a bounded length, at a space.
        bounded = _LAST_WORD.sub("", text[: self.considered(length_max)])
        return self._scrubbed(bounded)[:length_max]

    def _scrubbed(self, text: str) -> str:
        if not text.isascii():
            text = _without_surrogates(text)
        if self._secrets is not None and self._secrets.search(text):
            text = self._secrets.sub(REDACTED, text)
        # Most texts are symbols, method names and reasons: one look tells that no pattern can match.
        if _HINT.search(text) is None:
            return text
        for pattern, replacement in _IN_TEXT:
            if pattern.search(text):
                text = pattern.sub(replacement, text)
        if _QUERY_IN_TEXT.search(text):
            text = _QUERY_IN_TEXT.sub(lambda match: self.query(match.group()), text)
        return text

    def _parameter(self, part: str) -> str:
        name, equals, value = part.partition("=")
        if not equals:
            return REDACTED if part else part
        shown = name if _PLAIN_NAME.match(name) else REDACTED
        return f"{shown}={value if unquote_plus(name) in self._kept else REDACTED}"


class _Redacted(ReadableSpan):
    """A span with some of its texts replaced; the numbers of what the SDK dropped stay."""

    def __init__(
        self,
        original: ReadableSpan,
        *,
        name: str,
        attributes: Mapping[str, AnyValue],
        events: Sequence[Event],
        links: Sequence[Link],
        status: Status,
    ) -> None:
        super().__init__(
            name=name,
            context=original.context,
            parent=original.parent,
            resource=original.resource,
            attributes=attributes,
            events=events,
            links=links,
            kind=original.kind,
            status=status,
            start_time=original.start_time,
            end_time=original.end_time,
            instrumentation_scope=original.instrumentation_scope,
        )
        self._original = original

    @property
    def dropped_attributes(self) -> int:
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        return self._original.dropped_links


def map_metrics(data: MetricsData, change: Callable[[Metric], Metric]) -> MetricsData:
    """Return *data* with every metric changed by *change*."""
    return MetricsData(
        [
            replace(
                resource_metrics,
                scope_metrics=[
                    replace(scope_metrics, metrics=[change(metric) for metric in scope_metrics.metrics])
                    for scope_metrics in resource_metrics.scope_metrics
                ],
            )
            for resource_metrics in data.resource_metrics
        ]
    )


def _bounded(attributes: Mapping[str, AnyValue], dropped: int) -> BoundedAttributes:
    bounded = BoundedAttributes(attributes=dict(attributes), immutable=False)
    bounded.dropped = dropped
    return bounded


def _same(new: object, old: object) -> bool:
    return new is old


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _is_finite(point: DataPointT) -> bool:
    if isinstance(point, NumberDataPoint):
        return math.isfinite(point.value)
    if point.count == 0:
        # An empty histogram has no extremes; the SDK writes them as infinities.
        return isinstance(point, ExponentialHistogramDataPoint) or math.isfinite(point.sum)
    return math.isfinite(point.sum) and math.isfinite(point.min) and math.isfinite(point.max)


def _without_surrogates(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text) if _SURROGATE.search(text) else text
