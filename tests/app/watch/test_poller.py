"""The poller: the latest state kept, an outage noticed, the last known values left standing."""

from __future__ import annotations

import asyncio
import logging

import pytest

from app.broker.gateway import Gateway
from app.broker.server_time import ServerTime
from app.broker.terminal import Call, NotCalled, Reply, WorkerState
from app.domain.account import Account
from app.domain.clock import SystemClock
from app.domain.connection import LAYERS
from app.watch import poller
from app.watch.binding import Refusal
from app.watch.poller import Watch, counts_by_side
from tests.support.terminal import ACCOUNT, DEAL, POSITION, TERMINAL, TICK, FakeTerminal, failed


def watching(terminal: FakeTerminal, poll_s: float = 0.01, *, never_closes: bool = False) -> Watch:
    """A watch over this terminal."""
    clock = SystemClock()
    gateway = Gateway(terminal, clock=clock, server_time=ServerTime(7_200), simulated=False, read_timeout_s=0.2)
    return Watch(gateway, clock=clock, poll_s=poll_s, never_closes=never_closes)


async def test_a_look_keeps_account_positions_and_prices() -> None:
    """After one look the snapshot holds what the terminal showed, and the symbols of Market Watch are priced."""
    watch = watching(FakeTerminal(positions_get=[POSITION, {**POSITION, "ticket": 32, "type": 1}]))
    await watch.look()
    seen = watch.latest
    assert seen.connection.connected
    assert seen.account is not None
    assert seen.account.balance == 1000.0
    assert counts_by_side(seen.positions) == {("EURUSD", "buy"): 1, ("EURUSD", "sell"): 1}
    assert list(seen.ticks) == ["EURUSD"]
    assert seen.looked_ns == seen.fresh_ns > 0


async def test_an_outage_leaves_the_last_known_values() -> None:
    """When the terminal goes, the connection says so and account and positions stay as last seen."""
    terminal = FakeTerminal(positions_get=[POSITION])
    watch = watching(terminal)
    await watch.look()
    fresh = watch.latest.fresh_ns
    terminal.state = WorkerState(alive=True, ready=False, reason="gone", last_error=(-10004, "No IPC connection"))
    await watch.look()
    assert watch.latest.connection.reason == "gone"
    assert watch.latest.account is not None
    assert len(watch.latest.positions) == 1
    assert watch.latest.fresh_ns == fresh < watch.latest.looked_ns


@pytest.mark.parametrize("function", ["terminal_info", "account_info", "positions_get"])
async def test_any_failing_read_is_an_outage(function: str) -> None:
    """A failing read never shows an empty account: the layer is down and the reason is the terminal's."""
    watch = watching(FakeTerminal(**{function: failed(-10004, "No IPC connection")}))
    await watch.look()
    assert not watch.latest.connection.connected
    assert "No IPC connection" in watch.latest.connection.reason
    assert watch.latest.account is None


async def test_subscribers_are_called_after_a_good_look_only() -> None:
    """Who wants to know is told after each look that the terminal answered."""
    terminal = FakeTerminal()
    watch = watching(terminal)
    told: list[int] = []

    async def on_look() -> None:
        told.append(watch.latest.looked_ns)

    watch.subscribe(on_look)
    await watch.look()
    terminal.state = WorkerState(alive=False, ready=False, reason="gone")
    await watch.look()
    assert len(told) == 1


async def test_a_faulty_subscriber_does_not_end_the_looking(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in somebody who listens is logged, and the next look follows."""
    watch = watching(FakeTerminal())
    looks = asyncio.Semaphore(0)

    async def on_look() -> None:
        looks.release()
        raise RuntimeError("listener broke")

    watch.subscribe(on_look)
    watch.start()
    async with asyncio.timeout(5):
        await looks.acquire()
        await looks.acquire()
    await watch.close()
    assert "listener broke" in caplog.text


async def test_changes_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when the connection changes, none while it stays as it is."""
    terminal = FakeTerminal()
    watch = watching(terminal)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await watch.look()
        terminal.functions["terminal_info"] = {**TERMINAL, "connected": False}
        for _ in range(3):
            await watch.look()
    lines = [record.message for record in caplog.records]
    assert [line.split(":")[0] for line in lines] == ["Terminal connected", "Terminal"]


async def test_a_slow_order_is_no_disconnection(monkeypatch: pytest.MonkeyPatch) -> None:
    """While an order takes its time a look waits for it, and the connection stays as it is."""
    monkeypatch.setattr(poller, "LOOK_S", 0.05)
    terminal = Ordering(0.4)
    watch = watching(terminal)
    await watch.look()
    assert watch.latest.connection.connected
    assert watch.latest.account is not None


async def test_an_order_that_hangs_is_a_disconnection(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that has been under way for too long says that the terminal hangs."""
    monkeypatch.setattr(poller, "LOOK_S", 0.05)
    monkeypatch.setattr(poller, "BUSY_S", 0.2)
    watch = watching(Ordering(60))
    async with asyncio.timeout(2):
        await watch.look()
    assert not watch.latest.connection.connected


class Ordering(FakeTerminal):
    """In an order for so many seconds: whatever else is asked waits for it."""

    def __init__(self, order_s: float) -> None:
        super().__init__()
        self.busy_since = SystemClock().monotonic()
        self._over = self.busy_since + order_s

    async def call(self, call: Call) -> Reply:
        """Answer when the order is over."""
        now = SystemClock().monotonic()
        await asyncio.sleep(max(0.0, min(call.deadline, self._over) - now))
        if SystemClock().monotonic() < self._over:
            return NotCalled(reason="its deadline passed", submitted_ns=1, ended_ns=2)
        self.busy_since = None
        return await super().call(call)


async def test_the_list_of_symbols_is_asked_of_the_other_process() -> None:
    """The looks read every symbol's name from the catalogue, and never from the process that trades."""
    trading, data = FakeTerminal(), FakeTerminal()
    clock = SystemClock()
    gateway = Gateway(trading, catalogue=data, clock=clock, server_time=ServerTime(7_200), simulated=False)
    watch = Watch(gateway, clock=clock)
    for _ in range(3):
        await watch.look()
    assert [call.function for call in data.calls] == ["symbols_get"]
    assert "symbols_get" not in [call.function for call in trading.calls]
    assert list(watch.latest.ticks) == ["EURUSD"]


async def test_a_busy_catalogue_holds_no_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the other process is in a long download the looks go on without prices."""
    monkeypatch.setattr(poller, "SYMBOLS_WAIT_S", 0.01)
    clock = SystemClock()
    busy = Ordering(60)
    gateway = Gateway(FakeTerminal(), catalogue=busy, clock=clock, server_time=ServerTime(7_200), simulated=False)
    watch = Watch(gateway, clock=clock)
    async with asyncio.timeout(2):
        await watch.look()
        await watch.look()
        await watch.close()
    assert watch.latest.connection.connected
    assert not watch.latest.ticks


async def test_a_terminal_that_hangs_is_noticed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look waits no longer than its own deadline, however long the calls of others may take."""
    monkeypatch.setattr(poller, "LOOK_S", 0.2)

    class Hanging(FakeTerminal):
        """Answers nothing until the deadline of the call."""

        async def call(self, call: Call) -> Reply:
            await asyncio.sleep(max(0.0, call.deadline - SystemClock().monotonic()))
            return NotCalled(reason="the terminal is busy", submitted_ns=1, ended_ns=1)

    clock = SystemClock()
    gateway = Gateway(Hanging(), clock=clock, server_time=ServerTime(0), simulated=False, read_timeout_s=60)
    watch = Watch(gateway, clock=clock)
    begun = clock.monotonic()
    await watch.look()
    assert clock.monotonic() - begun < 2
    assert watch.latest.connection.missing() == LAYERS[1:]
    assert watch.latest.connection.reason == "the terminal does not answer, or hangs: the terminal is busy"


async def test_each_layer_says_since_when_it_is_as_it_is() -> None:
    """A layer's moment stays while the layer does, and moves when it goes down."""
    terminal = FakeTerminal()
    watch = watching(terminal)
    await watch.look()
    first = dict(watch.latest.since_ns)
    terminal.functions["terminal_info"] = {**TERMINAL, "connected": False}
    await watch.look()
    second = watch.latest.since_ns
    assert (second["worker"], second["terminal"]) == (first["worker"], first["terminal"])
    assert second["broker"] > first["broker"]


async def test_floating_result_counts_swap() -> None:
    """What positions would bring is their profit and their swap."""
    watch = watching(FakeTerminal(positions_get=[POSITION]))
    await watch.look()
    assert watch.latest.floating == 1.5


async def test_the_days_deals_are_kept_and_new_ones_are_new_once() -> None:
    """The first look at a deal has it among the new ones, the next one has it among the day's only."""
    now_s = int(SystemClock().time_ns() // 10**9) + 7_200
    terminal = FakeTerminal(history_deals_get=[{**DEAL, "time": now_s, "time_msc": now_s * 1_000}])
    watch = watching(terminal)
    await watch.look()
    assert [deal.ticket for deal in watch.latest.new_deals] == [21]
    await watch.look()
    assert watch.latest.new_deals == ()
    assert [deal.ticket for deal in watch.latest.deals] == [21]


async def test_deals_seen_without_a_broker_are_new_once_it_is_back() -> None:
    """Subscribers are not called meanwhile, so what came in between waits for them, and comes once."""
    now_s = int(SystemClock().time_ns() // 10**9) + 7_200
    terminal = FakeTerminal(terminal_info={**TERMINAL, "connected": False})
    terminal.functions["history_deals_get"] = [{**DEAL, "time": now_s, "time_msc": now_s * 1_000}]
    watch = watching(terminal)
    told: list[int] = []

    async def on_look() -> None:
        told.extend(deal.ticket for deal in watch.latest.new_deals)

    watch.subscribe(on_look)
    await watch.look()
    terminal.state, up = WorkerState(alive=True, ready=False, reason="gone"), terminal.state
    await watch.look()
    assert told == []
    terminal.state = up
    terminal.functions["terminal_info"] = TERMINAL
    for _ in range(3):
        await watch.look()
    assert told == [21]


async def test_until_the_brokers_clock_is_known_no_deal_is_taken() -> None:
    """A deal whose time is not known would fall into the wrong day."""
    clock = SystemClock()
    terminal = FakeTerminal()
    gateway = Gateway(terminal, clock=clock, server_time=ServerTime(), simulated=False)
    watch = Watch(gateway, clock=clock)
    await watch.look()
    assert watch.latest.connection.connected
    assert (watch.latest.deals, watch.latest.offset_s) == ((), None)
    assert "history_deals_get" not in {call.function for call in terminal.calls}


async def test_prices_that_stand_still_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Frozen after the time set, moving again with the next price; one line each."""
    now_msc = SystemClock().time_ns() // 10**6 + 7_200_000
    old = {**TICK, "time_msc": now_msc - 90_000}
    terminal = FakeTerminal(symbol_info_tick={**TICK, "time_msc": now_msc + 60_000})
    watch = watching(terminal, never_closes=True)
    with caplog.at_level(logging.INFO, "app.watch.poller"):
        await watch.look()
        terminal.functions["symbol_info_tick"] = old
        await watch.look()
        await watch.look()
        assert watch.latest.frozen
        terminal.functions["symbol_info_tick"] = {**TICK, "time_msc": now_msc + 60_000}
        await watch.look()
    assert watch.latest.quiet_s(watch.latest.looked_ns) == 0.0
    told = [record.message.split(":")[0] for record in caplog.records]
    assert told == ["Terminal connected", "Prices stand still", "Prices move again"]


async def only_login_7(account: Account) -> Refusal | None:
    """Let one account in."""
    return None if account.login == 7 else Refusal(reason=f"log-in {account.login} is none of ours", next_step="leave")


def guarded(terminal: FakeTerminal) -> Watch:
    """A watch that looks at one account only."""
    clock = SystemClock()
    gateway = Gateway(terminal, clock=clock, server_time=ServerTime(7_200), simulated=False, read_timeout_s=0.2)
    return Watch(gateway, clock=clock, admit=only_login_7)


STRANGE = {
    "account_info": {**ACCOUNT, "login": 8, "balance": 9.0},
    "positions_get": [{**POSITION, "ticket": 99}],
    "history_deals_get": [{**DEAL, "ticket": 22}],
    "symbol_info_tick": {**TICK, "bid": 9.0},
}


async def test_nothing_of_another_account_is_taken_over() -> None:
    """The account layer is down with the reason, everything else stays as it was; then the right one is back."""
    terminal = FakeTerminal(positions_get=[POSITION])
    watch = guarded(terminal)
    await watch.look()
    ours = watch.latest
    right = dict(terminal.functions)
    terminal.functions.update(STRANGE)
    await watch.look()
    seen = watch.latest
    assert seen.foreign
    assert seen.connection.missing() == ("account", "trading")
    assert (seen.connection.reason, seen.connection.next_step) == ("log-in 8 is none of ours", "leave")
    assert (seen.account, seen.positions, seen.deals, seen.ticks) == (
        ours.account, ours.positions, ours.deals, ours.ticks,
    )  # fmt: skip
    assert seen.new_deals == ()
    terminal.functions.update(right)
    await watch.look()
    assert watch.latest.connection.missing() == ()
    assert not watch.latest.foreign
    assert watch.latest.account == ours.account


@pytest.mark.parametrize("function", ["positions_get", "symbol_info_tick", "orders_get", "history_deals_get"])
async def test_a_log_in_in_the_middle_of_a_look_brings_nothing_either(function: str) -> None:
    """Whatever was read when somebody logged in to another account is let go of, its deals too."""
    terminal = FakeTerminal()
    watch = guarded(terminal)
    await watch.look()
    ours = watch.latest
    right = dict(terminal.functions)

    def switched(call: Call) -> object:
        terminal.functions.update(STRANGE)
        return terminal.functions[function] if function in STRANGE else []

    terminal.functions[function] = switched
    await watch.look()
    assert watch.latest.foreign
    assert (watch.latest.account, watch.latest.positions, watch.latest.deals) == (ours.account, (), ours.deals)
    terminal.functions.update({**right, "history_deals_get": [DEAL, {**DEAL, "ticket": 22}]})
    await watch.look()
    assert 22 in [deal.ticket for deal in watch.latest.new_deals]  # its number was not taken for known


@pytest.mark.parametrize("function", ["positions_get", "symbol_info_tick", "orders_get", "history_deals_get"])
async def test_an_answer_that_makes_no_sense_hides_no_connection(
    function: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection and the rest are renewed, what could not be read stays, each look counts, the log says it once."""
    terminal = FakeTerminal(positions_get=[POSITION])
    watch = watching(terminal)
    await watch.look()
    before = watch.latest
    right = terminal.functions[function]
    terminal.functions[function] = [{"nonsense": 1}] if function != "symbol_info_tick" else {"nonsense": 1}
    terminal.functions["terminal_info"] = {**TERMINAL, "trade_allowed": False}
    terminal.functions["account_info"] = {**ACCOUNT, "balance": 5.0}
    await watch.look()
    await watch.look()
    seen = watch.latest
    assert seen.connection.missing() == ("trading",)
    assert seen.account is not None
    assert seen.account.balance == 5.0
    assert (seen.positions, seen.ticks, seen.orders) == (before.positions, before.ticks, before.orders)
    assert seen.deals == before.deals
    assert seen.faults == 2
    assert "KeyError" in seen.fault
    assert caplog.text.count("could not be understood") == 1
    terminal.functions[function] = right
    await watch.look()
    assert watch.latest.faults == 2


@pytest.mark.parametrize(
    ("function", "missing"),
    [("account_info", ("account", "trading")), ("terminal_info", ("terminal", "broker", "account", "trading"))],
)
async def test_a_terminal_that_makes_no_sense_itself_is_no_connection(function: str, missing: tuple[str, ...]) -> None:
    """What the layers are judged by cannot be read: the one above is down, with a reason, and it is a fault."""
    terminal = FakeTerminal()
    watch = watching(terminal)
    await watch.look()
    account = watch.latest.account
    terminal.functions[function] = {"nonsense": 1}
    await watch.look()
    assert watch.latest.connection.missing() == missing
    assert "cannot be understood" in watch.latest.connection.reason
    assert "look into the log" in watch.latest.connection.next_step
    assert (watch.latest.account, watch.latest.faults) == (account, 1)
