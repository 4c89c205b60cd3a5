"""Where a trading day begins and when prices can be expected: by the broker's clock."""

from __future__ import annotations

DAY_S = 86_400
FRIDAY = 4
_BREAK_S = 15 * 60
"""Around the server's midnight prices pause at many brokers; on Fridays they stop before it."""
_FRIDAY_END_S = 21 * 3_600


def day_start_ns(now_ns: int, offset_s: int, day_start_s: int = 0) -> int:
    """When the broker's day of this moment began, in ns since 1970 UTC.

    Args:
        now_ns: the moment.
        offset_s: the broker's clock minus UTC.
        day_start_s: seconds after the broker's midnight at which a day begins.
    """
    shift_s = offset_s - day_start_s
    return ((now_ns // 10**9 + shift_s) // DAY_S * DAY_S - shift_s) * 10**9


def in_session(now_ns: int, offset_s: int) -> bool:
    """Whether prices should move: Monday to Friday by the broker's clock, but for the pause around its midnight.

    The package does not tell a symbol's sessions; this is cautious, so that a weekend is no alarm.
    """
    days, second = divmod(now_ns // 10**9 + offset_s, DAY_S)
    weekday = (days + 3) % 7  # 1970 began on a Thursday
    if weekday > FRIDAY or second < _BREAK_S:
        return False
    return second < (_FRIDAY_END_S if weekday == FRIDAY else DAY_S - _BREAK_S)
