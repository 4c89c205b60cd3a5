"""What the telemetry says about itself: how much there was, what arrived, what was lost and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from otel.accounts import AccountSnapshot, Signal, SignalAccount

SIGNAL: Final = "mt5.telemetry.signal"
REASON: Final = "error.type"


@dataclass(frozen=True, slots=True)
class SelfMetric:
    """One instrument: its OpenTelemetry name, kind, unit, meaning and attributes."""

    name: str
    kind: Literal["counter", "updowncounter", "gauge"]
    unit: str
    description: str
    attributes: tuple[str, ...]


EMITTED: Final = SelfMetric(
    "mt5.telemetry.emitted", "counter", "{item}", "Spans, log records and metric points that ended.", (SIGNAL,)
)
DELIVERED: Final = SelfMetric(
    "mt5.telemetry.delivered",
    "counter",
    "{item}",
    "Items taken by the endpoint, or written where there is none.",
    (SIGNAL,),
)
DROPPED: Final = SelfMetric("mt5.telemetry.dropped", "counter", "{item}", "Items lost, by reason.", (SIGNAL, REASON))
SPOOLED: Final = SelfMetric(
    "mt5.telemetry.spooled", "updowncounter", "{item}", "Items in files that wait to be delivered.", (SIGNAL,)
)
PARKED: Final = SelfMetric(
    "mt5.telemetry.parked",
    "gauge",
    "{queue}",
    "1 while the endpoint refuses our credentials or path and the queue waits for it to be put right, else 0.",
    (SIGNAL,),
)
TORN: Final = SelfMetric(
    "mt5.telemetry.torn",
    "counter",
    "By",
    "Bytes of lines which a crash left unfinished, cut from the files at start.",
    (SIGNAL,),
)
SELF_METRICS: Final = (EMITTED, DELIVERED, DROPPED, SPOOLED, PARKED, TORN)

_Observe = Callable[[CallbackOptions], Iterable[Observation]]


def register(
    meter: Meter,
    accounts: Mapping[Signal, SignalAccount],
    parked: Callable[[], Mapping[Signal, bool]],
    torn_bytes: Mapping[Signal, int],
) -> None:
    """Create the instruments; their callbacks copy numbers that are there already."""

    def each(pick: Callable[[AccountSnapshot], int]) -> _Observe:
        return lambda _: [Observation(pick(a.snapshot()), {SIGNAL: signal}) for signal, a in accounts.items()]

    def dropped(_: CallbackOptions) -> list[Observation]:
        return [
            Observation(items, {SIGNAL: signal, REASON: reason})
            for signal, account in accounts.items()
            for reason, items in account.snapshot().dropped.items()
        ]

    def parked_queues(_: CallbackOptions) -> list[Observation]:
        return [Observation(int(is_parked), {SIGNAL: signal}) for signal, is_parked in parked().items()]

    def torn(_: CallbackOptions) -> list[Observation]:
        return [Observation(size, {SIGNAL: signal}) for signal, size in torn_bytes.items()]

    for metric, observe in (
        (EMITTED, each(lambda s: s.emitted)),
        (DELIVERED, each(lambda s: s.delivered)),
        (DROPPED, dropped),
        (SPOOLED, each(lambda s: s.spooled)),
        (PARKED, parked_queues),
        (TORN, torn),
    ):
        _create(meter, metric, observe)


def _create(meter: Meter, metric: SelfMetric, observe: _Observe) -> None:
    create = {
        "counter": meter.create_observable_counter,
        "updowncounter": meter.create_observable_up_down_counter,
        "gauge": meter.create_observable_gauge,
    }[metric.kind]
    create(metric.name, callbacks=[observe], unit=metric.unit, description=metric.description)
