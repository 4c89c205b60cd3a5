"""What `last_error()` says: the package's codes and its words for them."""

from __future__ import annotations

from collections.abc import Mapping

LastError = tuple[int, str]

# What a terminal answers, and what becomes of the way to it. One that is listed nowhere is a failed call, too.
TEXTS: Mapping[int, str] = {
    -1: "Terminal: Call failed",
    -2: "Terminal: Invalid params",
    -3: "Terminal: Out of memory",
    -4: "Terminal: Not found",
    -5: "Terminal: Incompatible versions, please install the latest version of Terminal and Python module",
    -6: "Terminal: Authorization failed",
    -7: "Terminal: Unsupported function",
    -8: "Terminal: Call failed",
    -10000: "IPC call failed",
    -10001: "IPC send failed",
    -10002: "IPC recv failed",
    -10003: "IPC initialize failed, MetaTrader 5 x64 not found",
    -10004: "No IPC connection",
    -10005: "IPC timeout",
}
# Two codes have words of their own in some functions.
_IN_FUNCTION: Mapping[tuple[int, str], str] = {
    (-7, "initialize"): "Unsupported authorization mode, OTP or certificate password needed",
    (-7, "login"): "Unsupported authorization mode, OTP or certificate password needed",
    (-8, "order_send"): "Auto-Trading using Python API disabled in Terminal",
}
OUTDATED = -5


def failure(code: int, function: str = "") -> LastError:
    """The last error of a call of this function that failed with this code."""
    return code, _IN_FUNCTION.get((code, function)) or TEXTS.get(code, TEXTS[-1])


SUCCESS: LastError = (1, "Success")
CALL_FAILED = failure(-1)
NOT_CONNECTED = failure(-10004)
GONE = failure(-10002)
UNAUTHORIZED = failure(-6)
TIMEOUT = failure(-10005)
NOT_STARTED: LastError = (-10003, "IPC initialize failed, Pipe server didn't answer in 60 sec")


def not_created(path: str) -> LastError:
    """The last error of a terminal that cannot be started from this path.

    The package repeats the path in the machine's own encoding, and `last_error()` reads it as UTF-8: a letter beyond
    ASCII is no text there. The machine is one in Western Europe; a path that it cannot write at all is not repeated.
    """
    try:
        repeated = path.partition("\0")[0].encode("cp1252").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return -10003, "IPC initialize failed, "
    return -10003, f"IPC initialize failed, Process create failed '{repeated}'"
