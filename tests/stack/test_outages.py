"""What dies in the middle of orders, and what must hold when it is back."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.stack.backends import RunningStack, eventually
from tests.stack.expect import expect_counts, expect_every_span_once, expect_one_trace_each, order_spans
from tests.support.program import Asked, Program, mixed_orders, order, running, side_by_side

pytestmark = pytest.mark.stack

OUTAGE_S = 20.0
SLOWEST_S = 5.0
"""No order took longer: nothing on its way waits for telemetry, whose timeouts are ten seconds."""


@pytest.mark.timeout(240)
def test_a_killed_collector_loses_nothing(running_stack: RunningStack, tmp_path: Path) -> None:
    """With the Collector killed for 20 s in the middle of 200 orders, nothing is missing anywhere afterwards."""
    service = "proof-outage"
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint, "OTEL_SERVICE_NAME": service}
    with running(tmp_path / "data", **environ) as program, ThreadPoolExecutor(1) as background:
        trading = background.submit(side_by_side, program, 2, 200, pause_s=0.3)
        time.sleep(2)
        running_stack.stack.kill("collector")
        time.sleep(OUTAGE_S)
        running_stack.stack.start("collector")
        running_stack.stack.wait_ready("collector")
        asked = trading.result()
        journalled = program.journalled()
        assert len(asked) == len(journalled) == 200
        assert max(one.seconds for one in asked) < SLOWEST_S

        held = eventually(lambda: order_spans(running_stack, service), lambda spans: len(spans) >= 200)
        counted = expect_counts(running_stack, service, program)
        program.stop()
    assert counted == Counter(journalled.values())
    expect_one_trace_each(running_stack, service, asked, journalled, held)
    expect_every_span_once(running_stack, service, program)


@pytest.mark.timeout(240)
def test_a_killed_program_goes_on_where_it_was(running_stack: RunningStack, tmp_path: Path) -> None:
    """Killed in the middle of orders and started again, each journalled order is a trace and the counter goes on."""
    service = "proof-restart"
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": running_stack.endpoint, "OTEL_SERVICE_NAME": service}
    with running(tmp_path / "data", **environ) as program:
        side_by_side(program, 4, 40)
        with ThreadPoolExecutor(4) as clients:
            cut_short = [clients.submit(orders_until_killed, program) for _ in range(4)]
            time.sleep(1.0)
            program.kill()
            told = [one for future in cut_short for one in future.result()]
        assert told
        before = Counter(program.journalled().values())

        program.start()
        after = program.journalled()
        # What was told to somebody stands in the journal as it was told.
        assert all(after[one.order_id] == one.body.get("outcome", after[one.order_id]) for one in told)
        with program.client() as client:
            mixed_orders(client, 20)
        journalled = program.journalled()
        assert Counter(journalled.values()).total() > before.total()

        held = eventually(lambda: order_spans(running_stack, service), lambda spans: len(spans) >= len(journalled))
        counted = expect_counts(running_stack, service, program)
        program.stop()
    assert sorted(span.attributes["mt5.order.id"] for span in held) == sorted(journalled)
    assert counted == Counter(journalled.values())
    # One series, of one instance: the counter went on, it did not begin anew.
    instances = running_stack.prometheus.sum_by("instance", f'mt5_orders_total{{job="{service}"}}')
    assert len(instances) == 1
    expect_every_span_once(running_stack, service, program)


def orders_until_killed(program: Program) -> list[Asked]:
    """Orders without a pause, as long as somebody answers."""
    answered: list[Asked] = []
    with program.client() as client:
        while True:
            try:
                answered.append(order(client))
            except httpx2.HTTPError:
                return answered


@pytest.mark.timed
@pytest.mark.parametrize("delivery", ["files", "direct"])
def test_without_a_collector_everything_works(tmp_path: Path, delivery: str) -> None:
    """With nobody at the endpoint orders go on, the log says so once a minute at most, and it stops within 5 s."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "MT5_OTEL_TELEMETRY__DELIVERY": delivery,
    }
    with running(tmp_path / "data", **environ) as program:
        asked = side_by_side(program, 2, 40)
        time.sleep(5)
        assert len(program.journalled()) == len(asked) == 40
        assert max(one.seconds for one in asked) < SLOWEST_S
        seconds = program.stop()
        complaints = [line for line in program.log.read_text(encoding="utf-8").splitlines() if str(port) in line]
    assert seconds < 5
    assert len(complaints) <= 3, complaints  # one a minute, for each of three signals


@pytest.mark.timed
def test_a_silent_endpoint_delays_no_order(tmp_path: Path) -> None:
    """An endpoint that accepts and never answers makes no order slower, and the program still stops within 5 s."""
    with (
        blackhole() as port,
        running(tmp_path / "data", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}") as program,
    ):
        asked = side_by_side(program, 2, 60, pause_s=0.05)
        assert max(one.seconds for one in asked) < SLOWEST_S
        assert program.stop() < 5


@contextmanager
def blackhole() -> Iterator[int]:
    """A port where connections are accepted, read and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connections.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        for connection in connections:
            connection.close()
