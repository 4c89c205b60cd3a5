"""The names of MetaTrader 5's numbers: trade return codes and the codes of `last_error()`.

Source: the constants TRADE_RETCODE_* and RES_* of the MetaTrader5 package, and the vendor's page on trade
server return codes (for 10046, which the server sends and the package does not name).
"""

from __future__ import annotations

from collections.abc import Mapping

RETCODES: Mapping[int, str] = {
    10004: "REQUOTE",
    10006: "REJECT",
    10007: "CANCEL",
    10008: "PLACED",
    10009: "DONE",
    10010: "DONE_PARTIAL",
    10011: "ERROR",
    10012: "TIMEOUT",
    10013: "INVALID",
    10014: "INVALID_VOLUME",
    10015: "INVALID_PRICE",
    10016: "INVALID_STOPS",
    10017: "TRADE_DISABLED",
    10018: "MARKET_CLOSED",
    10019: "NO_MONEY",
    10020: "PRICE_CHANGED",
    10021: "PRICE_OFF",
    10022: "INVALID_EXPIRATION",
    10023: "ORDER_CHANGED",
    10024: "TOO_MANY_REQUESTS",
    10025: "NO_CHANGES",
    10026: "SERVER_DISABLES_AT",
    10027: "CLIENT_DISABLES_AT",
    10028: "LOCKED",
    10029: "FROZEN",
    10030: "INVALID_FILL",
    10031: "CONNECTION",
    10032: "ONLY_REAL",
    10033: "LIMIT_ORDERS",
    10034: "LIMIT_VOLUME",
    10035: "INVALID_ORDER",
    10036: "POSITION_CLOSED",
    10038: "INVALID_CLOSE_VOLUME",
    10039: "CLOSE_ORDER_EXIST",
    10040: "LIMIT_POSITIONS",
    10041: "REJECT_CANCEL",
    10042: "LONG_ONLY",
    10043: "SHORT_ONLY",
    10044: "CLOSE_ONLY",
    10045: "FIFO_CLOSE",
    10046: "HEDGE_PROHIBITED",
}
"""Trade return code → its name without the prefix TRADE_RETCODE_."""

PLACED, DONE, DONE_PARTIAL, NO_CHANGES = 10008, 10009, 10010, 10025
DONE_RETCODES: frozenset[int] = frozenset({PLACED, DONE, DONE_PARTIAL, NO_CHANGES})
"""Return codes of `order_send` that are no failure: placed, done, done in part, nothing to change."""

LAST_ERRORS: Mapping[int, str] = {
    1: "OK",
    -1: "FAIL",
    -2: "INVALID_PARAMS",
    -3: "NO_MEMORY",
    -4: "NOT_FOUND",
    -5: "INVALID_VERSION",
    -6: "AUTH_FAILED",
    -7: "UNSUPPORTED",
    -8: "AUTO_TRADING_DISABLED",
    -10000: "INTERNAL_FAIL",
    -10001: "INTERNAL_FAIL_SEND",
    -10002: "INTERNAL_FAIL_RECEIVE",
    -10003: "INTERNAL_FAIL_INIT",
    -10004: "INTERNAL_FAIL_CONNECT",
    -10005: "INTERNAL_FAIL_TIMEOUT",
}
"""Code of `last_error()` → its name without the prefix RES_S_ or RES_E_."""
