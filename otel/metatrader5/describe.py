"""What one call of the MetaTrader5 package means in OpenTelemetry's terms: a pure function.

The call is an RPC client call of system `mt5` (semantic conventions for RPC): span kind CLIENT, span name and
`rpc.method` the function, `rpc.response.status_code` the trade return code or `last_error` code as a string,
`error.type` the same code, on failure only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from otel.metatrader5.codes import DONE_RETCODES, LAST_ERRORS, RETCODES

SYSTEM = "mt5"
TRADE_FUNCTIONS: frozenset[str] = frozenset({"order_send"})
FUNCTIONS: frozenset[str] = frozenset(
    [
        "initialize",
        "login",
        "shutdown",
        "version",
        "last_error",
        "terminal_info",
        "account_info",
        "symbols_total",
        "symbols_get",
        "symbol_info",
        "symbol_info_tick",
        "symbol_select",
        "market_book_add",
        "market_book_get",
        "market_book_release",
        "copy_rates_from",
        "copy_rates_from_pos",
        "copy_rates_range",
        "copy_ticks_from",
        "copy_ticks_range",
        "orders_total",
        "orders_get",
        "order_calc_margin",
        "order_calc_profit",
        "order_check",
        "order_send",
        "positions_total",
        "positions_get",
        "history_orders_total",
        "history_orders_get",
        "history_deals_total",
        "history_deals_get",
    ]
)
"""The 32 functions of the vendor's package; any other name is recorded as `_OTHER`."""

FAULTS: Mapping[str, str] = {
    "deadline": "no answer before the deadline",
    "worker_died": "the terminal's process hung or died",
    "exception": "the terminal's package raised an exception",
    "not_called": "not called",
}
"""Why a call gave no result, and the sentence for its span."""

AttributeValue = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """One call as telemetry tells it.

    Attributes:
        name: span name.
        attributes: of the span.
        labels: of the metric `rpc.client.call.duration`, all from closed sets.
        error: a sentence for the span's status when the call failed, else None.
    """

    name: str
    attributes: Mapping[str, AttributeValue]
    labels: Mapping[str, AttributeValue]
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back: `value` as plain data (a structure as a mapping) and the `last_error` read with it.

    `fault` is set instead when nothing came back: one of `FAULTS`.
    """

    value: Any = None
    last_error: tuple[int, str] = (1, "Success")
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The broker's server, once known; a name, never a log-in."""

    address: str = ""


def call_labels(function: str) -> dict[str, AttributeValue]:
    """What is known before the call, for samplers and for the metric alike."""
    return {"rpc.system.name": SYSTEM, "rpc.method": function if function in FUNCTIONS else "_OTHER"}


def describe_call(function: str, request: Mapping[str, Any] | None, answer: Answered, endpoint: Endpoint) -> CallFacts:
    """Say what a call was and whether it failed.

    Args:
        function: name of the package's function.
        request: the trade request of `order_send` and `order_check`, else None.
        answer: what came back.
        endpoint: the broker's server.
    """
    labels = call_labels(function)
    attributes: dict[str, AttributeValue] = dict(labels)
    if endpoint.address:
        attributes["server.address"] = labels["server.address"] = endpoint.address
    if request is not None:
        attributes.update(_request_attributes(request))
    code, error = _verdict(function, answer)
    if code:
        attributes["rpc.response.status_code"] = labels["rpc.response.status_code"] = code
    if error is not None:
        attributes["error.type"] = labels["error.type"] = code or (answer.fault or "_OTHER")
    if answer.fault is None:
        attributes["mt5.last_error.code"], attributes["mt5.last_error.message"] = answer.last_error
        attributes.update(_result_attributes(function, answer.value))
    return CallFacts(name=str(labels["rpc.method"]), attributes=attributes, labels=labels, error=error)


def _verdict(function: str, answer: Answered) -> tuple[str, str | None]:
    """The response code, empty where there is none, and what is wrong, None where nothing is."""
    if answer.fault is not None:
        return "", FAULTS[answer.fault]
    if function in TRADE_FUNCTIONS and isinstance(answer.value, Mapping):
        retcode = int(answer.value.get("retcode", 0))
        if retcode in DONE_RETCODES:
            return str(retcode), None
        return str(retcode), str(answer.value.get("comment") or RETCODES.get(retcode, "unlisted return code"))
    if answer.value is None or (answer.value is False and answer.last_error[0] != 1):
        code, text = answer.last_error
        return str(code), text or LAST_ERRORS.get(code, "call failed")
    return "", None


def _request_attributes(request: Mapping[str, Any]) -> dict[str, AttributeValue]:
    wanted = {
        "symbol": "mt5.symbol",
        "volume": "mt5.request.volume",
        "price": "mt5.request.price",
        "deviation": "mt5.request.deviation",
        "magic": "mt5.request.magic",
        "position": "mt5.request.position",
        "type_filling": "mt5.request.type_filling",
    }
    return {name: request[key] for key, name in wanted.items() if key in request}


def _result_attributes(function: str, value: Any) -> dict[str, AttributeValue]:
    if function not in TRADE_FUNCTIONS or not isinstance(value, Mapping):
        return {}
    retcode = int(value.get("retcode", 0))
    wanted = {
        "order": "mt5.result.order",
        "deal": "mt5.result.deal",
        "volume": "mt5.result.volume",
        "price": "mt5.result.price",
        "bid": "mt5.result.bid",
        "ask": "mt5.result.ask",
        "request_id": "mt5.result.request_id",
        "retcode_external": "mt5.result.retcode_external",
        "comment": "mt5.result.comment",
    }
    facts: dict[str, AttributeValue] = {name: value[key] for key, name in wanted.items() if key in value}
    facts["mt5.retcode.name"] = RETCODES.get(retcode, "UNLISTED")
    return facts
