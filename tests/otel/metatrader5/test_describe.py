"""What one call means: every fault is told apart, and none is told as another."""

from __future__ import annotations

import pytest

from otel.metatrader5.describe import Answered, Endpoint, describe_call


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("deadline", "no answer before the deadline"),
        ("worker_died", "the terminal's process hung or died"),
        ("exception", "the terminal's package raised an exception"),
        ("not_called", "not called"),
    ],
)
def test_a_call_without_a_result_says_why(fault: str, sentence: str) -> None:
    """The sentence and `error.type` are those of the fault itself, and nothing is made up about a result."""
    facts = describe_call("order_send", None, Answered(fault=fault), Endpoint())

    assert facts.error == sentence
    assert facts.labels == {"rpc.system.name": "mt5", "rpc.method": "order_send", "error.type": fault}
    assert facts.attributes == facts.labels


def test_a_filled_order_is_no_error() -> None:
    """A done `order_send` carries its return code and its result's numbers, and no `error.type`."""
    answer = Answered(value={"retcode": 10009, "order": 7, "deal": 8, "price": 1.1})

    facts = describe_call("order_send", {"symbol": "EURUSD", "volume": 0.1}, answer, Endpoint(address="Broker-Demo"))

    assert facts.error is None
    assert facts.labels["rpc.response.status_code"] == "10009"
    assert "error.type" not in facts.attributes
    assert facts.attributes["mt5.request.volume"] == 0.1
    assert facts.attributes["mt5.result.order"] == 7
    assert facts.attributes["mt5.retcode.name"] == "DONE"


def test_a_failed_read_is_told_by_its_last_error() -> None:
    """Without a value, code and text of `last_error` say what went wrong."""
    facts = describe_call("account_info", None, Answered(last_error=(-10004, "No IPC connection")), Endpoint())

    assert facts.error == "No IPC connection"
    assert facts.labels["error.type"] == "-10004"


def test_an_unknown_function_is_no_label() -> None:
    """A name outside the vendor's 32 functions would be a label without end."""
    facts = describe_call("order_send2", None, Answered(value=1), Endpoint())

    assert (facts.name, facts.labels["rpc.method"]) == ("_OTHER", "_OTHER")
