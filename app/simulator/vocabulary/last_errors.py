"""What `last_error()` says: the package's codes and its words for them."""

from __future__ import annotations

from collections.abc import Mapping

from . import constants as mt5

LastError = tuple[int, str]

# What a terminal answers, and what becomes of the way to it. One that is listed nowhere is a failed call, too.
TEXTS: Mapping[int, str] = {
    mt5.RES_E_FAIL: "Terminal: Call failed",
    mt5.RES_E_INVALID_PARAMS: "Terminal: Invalid params",
    mt5.RES_E_NO_MEMORY: "Terminal: Out of memory",
    mt5.RES_E_NOT_FOUND: "Terminal: Not found",
    mt5.RES_E_INVALID_VERSION: "Terminal: Incompatible versions, "
    "please install the latest version of Terminal and Python module",
    mt5.RES_E_AUTH_FAILED: "Terminal: Authorization failed",
    mt5.RES_E_UNSUPPORTED: "Terminal: Unsupported function",
    mt5.RES_E_AUTO_TRADING_DISABLED: "Terminal: Call failed",
    mt5.RES_E_INTERNAL_FAIL: "IPC call failed",
    mt5.RES_E_INTERNAL_FAIL_SEND: "IPC send failed",
    mt5.RES_E_INTERNAL_FAIL_RECEIVE: "IPC recv failed",
    mt5.RES_E_INTERNAL_FAIL_INIT: "IPC initialize failed, MetaTrader 5 x64 not found",
    mt5.RES_E_INTERNAL_FAIL_CONNECT: "No IPC connection",
    mt5.RES_E_INTERNAL_FAIL_TIMEOUT: "IPC timeout",
}
# Two codes have words of their own in some functions.
_IN_FUNCTION: Mapping[tuple[int, str], str] = {
    (mt5.RES_E_UNSUPPORTED, "initialize"): "Unsupported authorization mode, OTP or certificate password needed",
    (mt5.RES_E_UNSUPPORTED, "login"): "Unsupported authorization mode, OTP or certificate password needed",
    (mt5.RES_E_AUTO_TRADING_DISABLED, "order_send"): "Auto-Trading using Python API disabled in Terminal",
}
OUTDATED = mt5.RES_E_INVALID_VERSION


def failure(code: int, function: str = "") -> LastError:
    """The last error of a call of this function that failed with this code."""
    return code, _IN_FUNCTION.get((code, function)) or TEXTS.get(code, TEXTS[mt5.RES_E_FAIL])


SUCCESS: LastError = (mt5.RES_S_OK, "Success")
CALL_FAILED = failure(mt5.RES_E_FAIL)
NOT_CONNECTED = failure(mt5.RES_E_INTERNAL_FAIL_CONNECT)
GONE = failure(mt5.RES_E_INTERNAL_FAIL_RECEIVE)
UNAUTHORIZED = failure(mt5.RES_E_AUTH_FAILED)
TIMEOUT = failure(mt5.RES_E_INTERNAL_FAIL_TIMEOUT)
NOT_STARTED: LastError = (mt5.RES_E_INTERNAL_FAIL_INIT, "IPC initialize failed, Pipe server didn't answer in 60 sec")


def not_created(path: str) -> LastError:
    """The last error of a terminal that cannot be started from this path.

    The package repeats the path in the machine's own encoding, and `last_error()` reads it as UTF-8: a letter beyond
    ASCII is no text there. The machine is one in Western Europe; a path that it cannot write at all is not repeated.
    """
    try:
        repeated = path.partition("\0")[0].encode("cp1252").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return mt5.RES_E_INTERNAL_FAIL_INIT, "IPC initialize failed, "
    return mt5.RES_E_INTERNAL_FAIL_INIT, f"IPC initialize failed, Process create failed '{repeated}'"
