"""Every metric and attribute of this program, declared once; the reference in the docs is made from this.

OpenTelemetry's own names come from its semantic conventions; ours start with `mt5.`. An attribute of a metric
takes its values from a closed set: tickets, comments, ids and log-ins are never labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.account import AccountMode
from app.domain.connection import LAYERS
from app.domain.orders import OUTCOME_NAMES, Action, Side

SCOPE = "mt5_otel"
"""Name of the instrumentation scope of everything this program tells about trading."""

Kind = Literal["counter", "updowncounter", "gauge", "histogram"]

DURATION_BUCKETS_S: tuple[float, ...] = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
CALL_BUCKETS_S: tuple[float, ...] = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of metrics or spans; `values` where its set is fixed, else `source` says where they come from."""

    name: str
    meaning: str
    values: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """An instrument; `unit` in UCUM, with annotations in braces where nothing is measured but counted."""

    name: str
    unit: str
    kind: Kind
    meaning: str
    attributes: tuple[Attribute, ...] = ()
    buckets: tuple[float, ...] = ()
    stability: Literal["stable", "development"] = "development"


SYMBOL = Attribute("mt5.symbol", "instrument", source="the terminal's list of symbols, or `_OTHER`")
ACTION = Attribute("mt5.order.action", "what the order was to do", tuple(action.value for action in Action))
SIDE = Attribute("mt5.order.side", "side of the order", tuple(side.value for side in Side))
OUTCOME = Attribute("mt5.order.outcome", "what came of the order first", OUTCOME_NAMES)
POSITION_SIDE = Attribute("mt5.position.side", "side of the position", tuple(side.value for side in Side))
LAYER = Attribute("mt5.connection.layer", "which layer of the connection; each rests on the one before", LAYERS)
MODE = Attribute("mt5.account.mode", "whose money it is", tuple(mode.value for mode in AccountMode))
CURRENCY = Attribute("mt5.account.currency", "currency of the amounts", source="the account")
SERVER = Attribute("server.address", "the broker's server", source="the account")
RPC_SYSTEM = Attribute("rpc.system.name", "always `mt5`", ("mt5",))
RPC_METHOD = Attribute("rpc.method", "function of the MetaTrader5 package", source="its 32 functions, or `_OTHER`")
RPC_CODE = Attribute(
    "rpc.response.status_code", "trade return code, or last_error of a failed call", source="MetaTrader 5's lists"
)
ERROR_TYPE = Attribute(
    "error.type",
    "what failed: the code of `rpc.response.status_code`, or `deadline`, `worker_died`, `exception`; on failure only",
    source="MetaTrader 5's lists and these",
)
RESOLVED_FROM = Attribute("mt5.order.resolution.from", "outcome first told", OUTCOME_NAMES)
RESOLVED_TO = Attribute("mt5.order.resolution.to", "outcome found later", OUTCOME_NAMES)

ORDERS = Metric(
    "mt5.orders",
    "{order}",
    "counter",
    "Orders by the outcome first decided; observed from the journal, so it survives a restart and equals it.",
    (ACTION, SIDE, OUTCOME, SYMBOL),
)
RESOLUTIONS = Metric(
    "mt5.order.resolutions",
    "{order}",
    "counter",
    "Orders whose outcome was unknown and became known later.",
    (RESOLVED_FROM, RESOLVED_TO),
)
ORDER_DURATION = Metric(
    "mt5.order.duration",
    "s",
    "histogram",
    "From an order's arrival to its outcome, risk checks, journal and queue included.",
    (ACTION, SIDE, OUTCOME, SYMBOL),
    DURATION_BUCKETS_S,
)
CALL_DURATION = Metric(
    "rpc.client.call.duration",
    "s",
    "histogram",
    "One call of the MetaTrader5 package, timed inside the terminal's process.",
    (RPC_SYSTEM, RPC_METHOD, RPC_CODE, ERROR_TYPE, SERVER),
    CALL_BUCKETS_S,
)
QUEUE_WAIT = Metric(
    "mt5.queue.wait",
    "s",
    "histogram",
    "How long a call waited for the terminal before it was begun.",
    (RPC_METHOD,),
    CALL_BUCKETS_S,
)
QUEUE_SIZE = Metric(
    "mt5.queue.size", "{call}", "updowncounter", "Calls handed to the terminal's process and not answered yet."
)
CONNECTED = Metric(
    "mt5.connected", "{connection}", "gauge", "1 where a layer of the connection is up, else 0.", (LAYER,)
)
POSITION_COUNT = Metric("mt5.position.count", "{position}", "updowncounter", "Open positions.", (SYMBOL, POSITION_SIDE))
ACCOUNT_INFO = Metric(
    "mt5.account.info", "{account}", "gauge", "Always 1; its attributes describe the account.", (MODE, CURRENCY, SERVER)
)
BALANCE = Metric("mt5.account.balance", "{currency}", "gauge", "Balance of the account.", (CURRENCY, MODE))
EQUITY = Metric("mt5.account.equity", "{currency}", "gauge", "Balance, credit and floating result.", (CURRENCY, MODE))
MARGIN = Metric("mt5.account.margin", "{currency}", "gauge", "Margin in use.", (CURRENCY, MODE))
MARGIN_FREE = Metric(
    "mt5.account.margin.free", "{currency}", "gauge", "Margin left for new positions.", (CURRENCY, MODE)
)

METRICS: tuple[Metric, ...] = (
    ORDERS,
    ORDER_DURATION,
    RESOLUTIONS,
    CALL_DURATION,
    QUEUE_WAIT,
    QUEUE_SIZE,
    CONNECTED,
    POSITION_COUNT,
    ACCOUNT_INFO,
    BALANCE,
    EQUITY,
    MARGIN,
    MARGIN_FREE,
)
"""Every metric made here, in the order of the reference."""
