"""The terminal's process: deadlines kept, hung and dead processes replaced, nothing sent twice or too late."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.broker.pipe import WorkerProcess
from app.broker.terminal import Answer, Call, NoAnswer, NotCalled, TerminalSpec
from app.broker.worker import TerminalWorker

SCRIPTED = "tests.support.packages:scripted"


async def until(true: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(timeout_s):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def worker(**options: Any) -> AsyncIterator[TerminalWorker]:
    """A worker on the scripted terminal."""
    hosted = TerminalWorker(TerminalSpec(loader=SCRIPTED, options=options), reconnect_s=0.2)
    hosted.start()
    try:
        yield hosted
    finally:
        await hosted.close()


def version(do: str, value: Any = None, within_s: float = 5.0, hangs_after_s: float = 5.0) -> Call:
    """A call of the scripted `version`."""
    deadline = time.monotonic() + within_s
    return Call(function="version", args=(do, value), deadline=deadline, hangs_after_s=hangs_after_s)


def is_terminal(process: psutil.Process) -> bool:
    """Whether a child is a terminal's process, and no helper of multiprocessing."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


async def test_a_call_is_answered_with_its_times() -> None:
    """An answer carries the value, the last error and wall-clock times in order."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        reply = await hosted.call(version("answer", (1, 2)))
    assert isinstance(reply, Answer)
    assert (reply.value, reply.last_error) == ([1, 2], (1, "Success"))
    assert reply.submitted_ns <= reply.started_ns <= reply.ended_ns


async def test_not_connected_is_said_at_once() -> None:
    """Before the terminal is connected a call is refused without being made."""
    async with worker() as hosted:
        reply = await hosted.call(version("answer"))
    assert isinstance(reply, NotCalled)


async def test_a_hung_call_is_given_up_and_its_process_replaced() -> None:
    """Past its deadline a begun call is `NoAnswer`, and within 10 s another process answers."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        begun = time.monotonic()
        reply = await hosted.call(version("sleep", 60, within_s=0.3, hangs_after_s=0.5))
        assert isinstance(reply, NoAnswer)
        assert reply.reason == "deadline"
        assert time.monotonic() - begun < 2
        await until(lambda: hosted.state.ready and hosted.state.restarts == 1, 10)
        assert isinstance(await hosted.call(version("answer")), Answer)


async def test_a_slow_call_is_no_hung_one() -> None:
    """A caller that waits only a moment gets no answer, and the process that answers late is kept."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        assert isinstance(await hosted.call(version("sleep", 1.0, within_s=0.3)), NoAnswer)
        assert isinstance(await hosted.call(version("answer")), Answer)
        assert hosted.state.restarts == 0


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 0.3, 0.6])
async def test_closing_while_it_starts_leaves_no_process(after_s: float) -> None:
    """Whenever it is closed, also while its process is being started, no process is left."""
    before = set(psutil.Process().children(recursive=True))
    hosted = TerminalWorker(TerminalSpec(loader=SCRIPTED), reconnect_s=0.2)
    hosted.start()
    await asyncio.sleep(after_s)
    async with asyncio.timeout(10):
        await hosted.close()
    left = [child for child in set(psutil.Process().children(recursive=True)) - before if is_terminal(child)]
    assert not left


async def test_an_end_together_with_the_greeting_is_an_end() -> None:
    """A start that is cancelled in the very moment in which the process says that it is ready is cancelled."""
    process = WorkerProcess(TerminalSpec(loader=SCRIPTED))
    starting = asyncio.create_task(process.start(10))
    process._greeting.add_done_callback(lambda _: starting.cancel())
    try:
        with pytest.raises(asyncio.CancelledError):
            await starting
    finally:
        await process.kill()


async def test_a_process_that_cannot_be_made_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system refuses a process, the reason is shown, and the next attempt succeeds."""
    made: list[int] = []

    class Refused(WorkerProcess):
        def __init__(self, spec: TerminalSpec) -> None:
            made.append(1)
            if len(made) == 1:
                raise OSError(24, "Too many open files")
            super().__init__(spec)

    monkeypatch.setattr("app.broker.worker.WorkerProcess", Refused)
    async with worker() as hosted:
        await until(lambda: "Too many open files" in hosted.state.reason)
        await until(lambda: hosted.state.ready)


async def test_an_answer_that_cannot_cross_the_pipe_is_told() -> None:
    """A value that cannot be passed on is an answer that says so, and the process lives on."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        reply = await hosted.call(version("unpassable"))
        assert isinstance(reply, Answer)
        assert "cannot be passed on" in (reply.raised or "")
        assert isinstance(await hosted.call(version("answer")), Answer)


async def test_a_call_behind_a_slow_one_is_never_begun_past_its_deadline(tmp_path: Path) -> None:
    """An order whose deadline passes in the queue is `NotCalled`, and is not sent afterwards either."""
    sent = tmp_path / "sent"
    async with worker(sent=str(sent)) as hosted:
        await until(lambda: hosted.state.ready)
        slow = asyncio.create_task(hosted.call(version("sleep", 1.0)))
        await asyncio.sleep(0.1)
        order = Call(function="order_send", args=({"comment": "0"},), deadline=time.monotonic() + 0.2)
        reply = await hosted.call(order)
        assert isinstance(reply, NotCalled)
        assert "deadline" in reply.reason
        assert isinstance(await slow, Answer)
        assert isinstance(await hosted.call(version("answer")), Answer)
        assert hosted.state.restarts == 0
    assert not sent.exists()


async def test_a_dead_process_is_replaced() -> None:
    """A process that dies during a call leaves that call unanswered, and a new one takes over."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        reply = await hosted.call(version("die"))
        assert isinstance(reply, NoAnswer)
        assert reply.reason == "worker_died"
        await until(lambda: hosted.state.ready and hosted.state.restarts == 1)


async def test_an_order_that_was_begun_is_never_told_as_not_called(tmp_path: Path) -> None:
    """However late this process looks, an order that the terminal began is not told as one that was not sent."""
    sent = tmp_path / "sent"
    async with worker(sent=str(sent)) as hosted:
        await until(lambda: hosted.state.ready)
        order = Call(function="order_send", args=({"comment": "0.1"},), deadline=time.monotonic() + 0.05)
        asking = asyncio.create_task(hosted.call(order))
        await asyncio.sleep(0.02)
        held = sys.getswitchinterval()
        sys.setswitchinterval(60)  # the reading thread gets no turn while this one computes
        try:
            busy_until = time.monotonic() + 0.8
            while time.monotonic() < busy_until:
                pass
        finally:
            sys.setswitchinterval(held)
        reply = await asking
        assert sent.exists() is not isinstance(reply, NotCalled)


async def test_messages_that_cannot_be_read_make_no_order_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the process says what cannot be understood, calls under way are unknown, and it is replaced."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)

        def unreadable(self: WorkerProcess, message: object) -> None:
            monkeypatch.undo()
            raise ValueError("unreadable")

        monkeypatch.setattr(WorkerProcess, "_take", unreadable)
        reply = await hosted.call(version("answer"))
        assert isinstance(reply, NoAnswer)
        await until(lambda: hosted.state.ready and hosted.state.restarts == 1)


async def test_a_raising_package_is_an_answer() -> None:
    """What the package raises comes back as text, and the process lives on."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        reply = await hosted.call(version("raise"))
        assert isinstance(reply, Answer)
        assert reply.raised == "SystemError: returned a result with an exception set"
        assert isinstance(await hosted.call(version("answer")), Answer)


async def test_a_lost_terminal_is_connected_again() -> None:
    """After -10004 the package is initialised again in the same process."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        await hosted.call(version("lost"))
        assert not hosted.state.ready
        assert hosted.state.last_error == (-10004, "No IPC connection")
        await until(lambda: hosted.state.ready)
        assert hosted.state.restarts == 0


async def test_connecting_is_tried_until_it_succeeds(tmp_path: Path) -> None:
    """While no terminal is found the reason is shown; once there is one, calls are answered."""
    refuse = tmp_path / "refuse"
    refuse.touch()
    async with worker(refuse=str(refuse)) as hosted:
        await until(lambda: "not found" in hosted.state.reason)
        assert hosted.state.last_error == (-10003, "IPC initialize failed, MetaTrader 5 x64 not found")
        refuse.unlink()
        await until(lambda: hosted.state.ready)


async def test_a_real_account_is_refused() -> None:
    """An account that is not a demo never becomes ready."""
    async with worker(trade_mode=2) as hosted:
        await until(lambda: "real one" in hosted.state.reason)
        assert not hosted.state.ready


async def test_a_package_that_cannot_be_loaded_says_why() -> None:
    """The reason that the package gave is shown."""
    hosted = TerminalWorker(TerminalSpec(loader="tests.support.packages:broken"), reconnect_s=0.2)
    hosted.start()
    await until(lambda: "no such terminal here" in hosted.state.reason)
    await hosted.close()


async def test_the_loop_stays_free_while_the_terminal_hangs() -> None:
    """A hanging call does not hold up the event loop for more than a moment."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        hanging = asyncio.create_task(hosted.call(version("sleep", 0.5)))
        longest = 0.0
        while not hanging.done():
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)
    assert longest < 0.25


PARENT = """
import asyncio, sys, time
from app.broker.terminal import Call, TerminalSpec
from app.broker.worker import TerminalWorker

async def main():
    worker = TerminalWorker(TerminalSpec(loader="tests.support.packages:scripted", options={"sent": sys.argv[1]}))
    worker.start()
    while not worker.state.ready:
        await asyncio.sleep(0.01)
    for comment in ("1.0", "0", "0"):
        call = Call(function="order_send", args=({"comment": comment},), deadline=time.monotonic() + 30)
        asyncio.create_task(worker.call(call))
    await asyncio.sleep(0.4)
    print("sending", flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL of a parent is POSIX; Windows ends children by its job")
def test_orders_waiting_when_the_parent_dies_are_never_sent(tmp_path: Path) -> None:
    """After the API is killed the worker finishes the order it is in, sends none that waited, and ends."""
    sent = tmp_path / "sent"
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        [sys.executable, str(script), str(sent)], stdout=subprocess.PIPE, text=True, env=environ
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "sending\n"
        children = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert gone
    assert not alive
    assert sent.read_text(encoding="utf-8") == "1.0\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a signal sent there ends the process outright")
async def test_signals_to_the_whole_group_do_not_end_the_terminal() -> None:
    """A Ctrl-C or SIGTERM that also reaches the terminal's process leaves it answering."""
    async with worker() as hosted:
        await until(lambda: hosted.state.ready)
        spawned = [
            child for child in psutil.Process().children() if "multiprocessing.spawn" in " ".join(child.cmdline())
        ]
        assert spawned
        for child in spawned:
            child.send_signal(signal.SIGTERM)
            child.send_signal(signal.SIGINT)
        assert isinstance(await hosted.call(version("answer")), Answer)


@pytest.mark.parametrize(("account", "sent"), [((7, "Broker-Demo"), 1), ((8, "Broker-Demo"), 0), ((7, "Other"), 0)])
async def test_an_order_goes_to_its_account_only(tmp_path: Path, account: tuple[int, str], sent: int) -> None:
    """Right before it is sent the terminal's account is looked at: with another one the order is `NotCalled`."""
    orders = tmp_path / "sent"
    orders.touch()
    async with worker(sent=str(orders)) as hosted:
        await until(lambda: hosted.state.ready)
        deadline = time.monotonic() + 5
        request = {"comment": ""}
        call = Call(function="order_send", args=(request,), deadline=deadline, only_for=account)
        reply = await hosted.call(call)
    assert len(orders.read_text(encoding="utf-8").splitlines()) == sent
    assert isinstance(reply, Answer if sent else NotCalled)
    if isinstance(reply, NotCalled):
        assert "log-in 7 on Broker-Demo" in reply.reason
        assert f"log-in {account[0]} on {account[1]}" in reply.reason
