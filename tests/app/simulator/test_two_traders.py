"""Two processes trade on one ledger at once, ten thousand times, and the books are right after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from app.simulator import open_module
from tests.app.simulator.conftest import EVER, ROOT

OPERATIONS = 10_000
# What a trader may be answered: done, or that the other one, a price or a stop was faster.
EXPECTED = {10009, 10013, 10015, 10016, 10019, 10025, 10033, 10035, 10036}
TRADER = """
import json, random, sys
from collections import Counter
from app.simulator import open_module

mt5 = open_module({"ledger": sys.argv[1]})
assert mt5.initialize(), mt5.last_error()
draw = random.Random(int(sys.argv[2]))
base = {"symbol": "EURUSD", "volume": 0.02, "type_filling": 1, "magic": int(sys.argv[2])}
answers, positions, orders = Counter(), [], []


def trade():
    tick = mt5.symbol_info_tick("EURUSD")
    act, side, away = draw.random(), draw.randrange(2), draw.randrange(1, 40) / 100_000
    up = -1 if side else 1
    if (act < 0.4 and len(positions) < 8) or not positions:
        stops = {"sl": round(tick.bid - up * away, 5), "tp": round(tick.bid + up * away, 5)} if act < 0.2 else {}
        return mt5.order_send(base | {"action": 1, "type": side} | stops), positions
    if act < 0.8:
        ticket = draw.choice(positions)
        for held in mt5.positions_get(ticket=ticket):
            part = {"volume": draw.choice([0.01, held.volume]), "type": 1 - held.type, "position": ticket}
            return mt5.order_send(base | part | {"action": 1}), None
        positions.remove(ticket)
        return mt5.order_send(base | {"action": 1, "type": 1, "position": ticket}), None
    price = round((tick.bid if side else tick.ask) - up * away, 5)
    if (act < 0.9 and len(orders) < 8) or not orders:
        return mt5.order_send(base | {"action": 5, "type": 2 + side, "price": price, "type_filling": 2}), orders
    if act < 0.95:
        return mt5.order_send({"action": 7, "order": draw.choice(orders), "price": price}), None
    positions.append(orders.pop(0))  # if it was executed before
    return mt5.order_send({"action": 8, "order": positions[-1]}), None


for _ in range(int(sys.argv[3])):
    result, mine = trade()
    answers[result.retcode] += 1
    if result.retcode == 10009 and mine is not None:
        mine.append(result.order)
print(json.dumps(answers))
"""


@pytest.mark.timeout(500)
def test_ten_thousand_operations_of_two_processes(tmp_path: Path) -> None:
    """The balance is the sum of the deals, positions are what deals have left, and numbers and times run one way."""
    path = tmp_path / "simulator.sqlite"
    command = [sys.executable, "-c", TRADER, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    traders = [
        subprocess.Popen(
            [*command, str(seed), str(OPERATIONS // 2)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for seed in (1, 2)
    ]
    try:
        answers = [json.loads(trader.communicate(timeout=450)[0]) for trader in traders]
    finally:
        for trader in traders:
            trader.kill()
            trader.communicate()
    assert sum(sum(counted.values()) for counted in answers) == OPERATIONS
    assert {int(code) for counted in answers for code in counted} <= EXPECTED
    assert sum(counted["10009"] for counted in answers) > OPERATIONS / 2

    mt5: Any = open_module({"ledger": str(path)})
    assert mt5.initialize()
    account, deals, positions = mt5.account_info(), mt5.history_deals_get(*EVER), mt5.positions_get()
    orders = {order.ticket: order for order in mt5.history_orders_get(*EVER)}
    mt5.shutdown()
    money = sum(deal.profit + deal.commission + deal.swap + deal.fee for deal in deals)
    left: dict[int, float] = defaultdict(float)
    for deal in deals[1:]:
        left[deal.position_id] += deal.volume if deal.entry == mt5.DEAL_ENTRY_IN else -deal.volume
        assert orders[deal.order].position_id == deal.position_id

    assert account.balance == pytest.approx(money, abs=1e-6)
    assert {held.ticket: held.volume for held in positions} == {
        number: round(lots, 8) for number, lots in left.items() if lots > 1e-9
    }
    assert [deal.ticket for deal in deals] == list(range(100_001, 100_001 + len(deals)))
    assert [deal.time_msc for deal in deals] == sorted(deal.time_msc for deal in deals)
