"""`mt5-otel simulate` as a person meets it: a program of theirs runs on the simulator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from app.cli.program import program
from app.simulator.books.ledger import Ledger
from app.simulator.books.records import Deal
from tests.support.program import clean_environment

BOT = """
import sys
import MetaTrader5 as mt5
assert mt5.initialize(), mt5.last_error()
account = mt5.account_info()
print(account.login, account.balance, mt5.terminal_info().connected, len(mt5.positions_get()))
print(mt5.Buy("EURUSD", 0.1).retcode)
print(sys.argv[1:])
mt5.shutdown()
sys.exit(7)
"""


class Ran(NamedTuple):
    """How a command ended, and what it and its program printed."""

    returncode: int
    stdout: str
    stderr: str


Simulate = Callable[..., Ran]


@pytest.fixture
def simulate(bot: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Simulate:
    """The command, run in the bot's folder."""
    monkeypatch.chdir(bot)
    monkeypatch.delenv("MT5_OTEL_BARS", raising=False)

    def run(*arguments: str) -> Ran:
        result = CliRunner().invoke(program, ["simulate", *arguments], env={"COLUMNS": "200", "TERM": "dumb"})
        printed = capfd.readouterr()
        # What the bot's own process prints has Windows' ends of lines there.
        out, err = (text.replace("\r\n", "\n") for text in printed)
        return Ran(result.exit_code, result.stdout + out, result.stderr + err)

    return run


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    """A folder with a bot in it that trades, says what it sees and ends with 7."""
    (tmp_path / "bot.py").write_text(BOT, "utf-8")
    return tmp_path


def test_a_bot_runs_unchanged(bot: Path, simulate: Simulate) -> None:
    """It finds a fresh account, gets its arguments, and its exit code is the command's."""
    for _ in range(2):
        run = simulate("--", sys.executable, "bot.py", "--seed", "x")
        assert run.stdout.splitlines() == ["5100001 100000.0 True 0", "10009", "['--seed', 'x']"]
        assert (run.returncode, run.stderr) == (7, "")
    assert [path.name for path in bot.iterdir()] == ["bot.py"]


def test_the_dashes_may_be_left_out(simulate: Simulate) -> None:
    """Flags behind the program are the program's own."""
    run = simulate(sys.executable, "bot.py", "--account", "netting")

    assert run.stdout.splitlines()[-1] == "['--account', 'netting']"


def test_a_bots_own_app_is_not_in_the_way(bot: Path, simulate: Simulate) -> None:
    """A package called `app` beside the bot is the bot's, and the simulator needs none of that name."""
    (bot / "app.py").write_text("NAME = 'mine'", "utf-8")
    (bot / "bot.py").write_text(f"import app\n{BOT}\n", "utf-8")

    assert simulate("--", sys.executable, "bot.py").returncode == 7
    (bot / "bot.py").write_text(
        "import app, sys, MetaTrader5\nprint(app.NAME, 'app.simulator' in sys.modules)", "utf-8"
    )
    assert simulate("--", sys.executable, "bot.py").stdout.splitlines() == ["mine False"]


def test_an_account_is_kept_where_a_folder_is_named(bot: Path, simulate: Simulate) -> None:
    """The next run goes on with the account of the last one, and may be another account's."""
    first, second, netting = (
        simulate("--data-dir", "kept", *more, "--", sys.executable, "bot.py").stdout.splitlines()
        for more in ([], [], ["--account", "netting"])
    )
    assert first[0] == "5100001 100000.0 True 0"
    assert second[0].endswith("True 1")
    assert netting[0] == "5100002 100000.0 True 0"


def test_an_account_keeps_its_symbols_names(simulate: Simulate) -> None:
    """A run whose symbols are called otherwise is refused before its program starts, and the reason names both."""
    kept = ("--data-dir", "kept", "--", sys.executable, "-c")
    script = "import MetaTrader5 as mt5; mt5.initialize(); print(mt5.Buy('EURUSD.r', 0.1).retcode)"
    assert simulate("--symbols", "EURUSD.r", *kept, script).stdout == "10009\n"

    refused = simulate(*kept, "print('ran')")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "end in '.r', and those of this start have no ending" in refused.stderr


def test_market_options_reach_the_program(simulate: Simulate) -> None:
    """Seed, symbols with a broker's ending, speed and strict are the module's."""
    script = """
import time
import MetaTrader5 as mt5
mt5.initialize()
print([symbol.name for symbol in mt5.symbols_get() if symbol.select])
before = mt5.symbol_info_tick("BTCUSD.x").time, time.time()
while mt5.symbol_info_tick("BTCUSD.x").time < before[0] + 600:
    assert time.time() < before[1] + 30
    time.sleep(0.01)
print(mt5.order_send({}, **{}), time.time() - before[1] < 30)
"""
    run = simulate(
        "--symbols", "EURUSD.x,BTCUSD.x", "--speed", "3600", "--seed", "5", "--strict", "--",
        sys.executable, "-c", script,
    )  # fmt: skip
    assert run.stdout.splitlines() == ["['EURUSD.x', 'BTCUSD.x']", "None True"]
    assert run.stderr == ""


def test_children_of_the_program_share_its_account(simulate: Simulate) -> None:
    """Another process that the program starts sees the same positions."""
    script = "import MetaTrader5 as mt5; mt5.initialize(); print(mt5.positions_total())"
    parent = (
        "import subprocess, sys, MetaTrader5 as mt5; mt5.initialize(); mt5.Buy('EURUSD', 0.1)\n"
        f"subprocess.run([sys.executable, '-c', {script!r}], check=True)"
    )
    assert simulate("--", sys.executable, "-c", parent).stdout.splitlines() == ["1"]


def test_the_path_makes_any_program_find_it(bot: Path, simulate: Simulate) -> None:
    """With the printed folder on PYTHONPATH, `import MetaTrader5` is the simulator, on temporary books of its own."""
    folder = simulate("--print-path").stdout.strip()
    (temporary := bot / "tmp").mkdir()
    run = subprocess.run(
        [sys.executable, "bot.py"],
        cwd=bot,
        env={**clean_environment(), "PYTHONPATH": folder, "TMPDIR": str(temporary), "TEMP": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (7, "")
    assert run.stdout.startswith("5100001 100000.0 True 0")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "what to run is missing: mt5-otel simulate -- python bot.py"),
        (["--", "no-such-program"], 127, "there is no program 'no-such-program'; a script is run by Python"),
        (["--", "./bot.py"], 126, "'./bot.py' cannot be run"),
        (["--symbols", "EURGBP", "--", "python"], 2, "--symbols must be names out of EURUSD, GBPUSD"),
        (["--symbols", "EURUSD.a,GBPUSD.b", "--", "python"], 2, "all with the same ending"),
        (["--symbols", "US500" + "x" * 24, "--", "python"], 2, "--symbols must be names of at most 29 characters"),
        (["--speed", "0", "--", "python"], 2, "--speed"),
        (["--account", "spread", "--", "python"], 2, "'hedging', 'netting', 'exchange', 'real'"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="how a file that is no program is refused differs there")
def test_what_cannot_be_run_is_said(simulate: Simulate, arguments: list[str], code: int, said: str) -> None:
    """Each mistake ends with a code of its own and a sentence on what to do."""
    run = simulate(*arguments)

    assert run.returncode == code
    assert said in run.stderr
    assert run.stdout == ""


def test_an_account_ahead_of_now_is_not_turned_back(bot: Path, simulate: Simulate) -> None:
    """Books whose newest deal is ahead need a speed, which goes on from there."""
    ahead_s = time.time() + 86_400
    (bot / "kept").mkdir()
    with closing(Ledger(str(bot / "kept" / "simulator.sqlite"), int(ahead_s * 1000))) as ledger, ledger.writing():
        ledger.add_deal(Deal(ticket=0, time_msc=int(ahead_s * 1000), type=2, profit_cents=100))

    refused = simulate("--data-dir", "kept", "--", sys.executable, "bot.py")
    assert refused.returncode == 2
    assert "ahead of now" in refused.stderr

    script = (
        "import MetaTrader5 as mt5; mt5.initialize()\n"
        f"print(mt5.symbol_info_tick('EURUSD').time - 7200 > {ahead_s} - 600, mt5.Buy('EURUSD', 0.1).retcode)"
    )
    run = simulate("--data-dir", "kept", "--speed", "2", "--", sys.executable, "-c", script)
    assert run.stdout.splitlines() == ["True 10009"]


@pytest.mark.parametrize("content", [None, b"no database, however long it may be", b""])
def test_books_that_are_none_are_said(bot: Path, simulate: Simulate, content: bytes | None) -> None:
    """A data folder that is a file, or holds a file that is no ledger, is named with what is wrong with it."""
    folder = bot / "kept"
    if content is None:
        folder.write_text("a file")
    else:
        folder.mkdir()
        (folder / "simulator.sqlite").write_bytes(content)

    run = simulate("--data-dir", "kept", "--", sys.executable, "-c", "print('ran')")

    if content == b"":  # which SQLite takes for a database with nothing in it
        assert run.stdout == "ran\n"
    else:
        assert (run.returncode, run.stdout) == (2, "")
        assert "the account in kept cannot be opened (" in run.stderr


def test_orders_alone_are_ahead_of_now_too(simulate: Simulate) -> None:
    """Books that a fast clock has left with a waiting order and no deal cannot go back either."""
    waits = (
        "import MetaTrader5 as mt5, time; mt5.initialize()\n"
        "while mt5.symbol_info_tick('BTCUSD').time - 7200 < time.time() + 3600: pass\n"
        "print(mt5.order_send(action=5, symbol='EURUSD', volume=0.1, type=2, price=0.5, type_filling=2).retcode)"
    )
    kept = ("--symbols", "EURUSD,BTCUSD", "--data-dir", "kept")
    assert simulate(*kept, "--speed", "10000", "--", sys.executable, "-c", waits).stdout == "10009\n"

    refused = simulate(*kept, "--", sys.executable, "-c", "print('ran')")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "ahead of now" in refused.stderr


# What is started in the background, or by nohup, inherits that these are ignored.
AS_STARTED_BY_HAND = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); runpy.run_module('app', run_name='__main__', alter_sys=True)"
)


@pytest.mark.skipif(sys.platform == "win32", reason="processes there are not told by signals")
@pytest.mark.parametrize("told", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_being_ended_reaches_the_program(bot: Path, told: str) -> None:
    """Ctrl-C, a stop by the system and a closed terminal end the program too; its books go, the code says which."""
    number = signal.Signals[told]
    waiting = "import MetaTrader5 as mt5, time; mt5.initialize(); print('up', flush=True); time.sleep(60)"
    (temporary := bot / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", AS_STARTED_BY_HAND, "simulate", "--", sys.executable, "-c", waiting],
        env={**clean_environment(), "PYTHONPATH": str(Path(__file__).parents[3]), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    # A terminal tells all processes of the group; the system tells the one that it started.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)

    assert process.wait(30) == 128 + number
    assert process.stdout.read() == ""
    process.stdout.close()
    assert list(temporary.iterdir()) == []
