"""The latest collection, at hand."""

from __future__ import annotations

import threading

from opentelemetry.sdk.metrics.export import HistogramDataPoint

from otel.readings import Readings
from tests.otel import made


def test_before_the_first_collection_there_is_nothing() -> None:
    """Empty readings answer every question with nothing."""
    readings = Readings()

    assert list(readings.metrics()) == []
    assert readings.series("c") == ()
    assert readings.value("c") is None
    assert readings.collections == 0


def test_values_are_summed_over_the_series_that_match() -> None:
    """A value is the sum over all series that carry the attributes asked for; a histogram counts measurements."""
    point = HistogramDataPoint({}, 1, 2, 7, 1.0, [7], [], 0.0, 1.0)
    readings = Readings.of(
        made.metrics(
            made.counter("c", made.number(1, a="x", b="1"), made.number(2, a="x", b="2"), made.number(4, a="y")),
            made.histogram("h", point),
            made.gauge("zero", made.number(0)),
        )
    )

    assert readings.value("c") == 7
    assert readings.value("c", {"a": "x"}) == 3
    assert readings.value("c", {"a": "z"}) is None
    assert readings.value("h") == 7
    assert readings.value("zero") == 0
    assert [series.point.attributes for series in readings.series("c")][-1] == {"a": "y"}
    assert readings.resource is made.RESOURCE


def test_waiting_ends_with_the_next_collection() -> None:
    """Who waits is told of the next collection, and not of one that was there before."""
    readings = Readings.of(made.metrics())
    assert not readings.wait_for_next(0.01)

    timer = threading.Timer(0.02, readings.update, [made.metrics(made.counter("c", made.number(1)))])
    timer.start()

    assert readings.wait_for_next(20)
    assert readings.value("c") == 1
    timer.join()
