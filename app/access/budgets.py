"""How often somebody may call: moving windows of the `limits` library, kept in bounded memory on the monotonic clock.

The library's own memory storage reads the wall clock, which may jump, starts a thread to forget, and grows with every
address that ever called. This is another storage for it, through its own extension point.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import lru_cache
from math import ceil
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage.base import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from app.domain.clock import Clock

WINDOWS_MAX: Final = 4_096
"""So many callers and paths are remembered; beyond it the one that has been quiet longest is forgotten."""

_NO_CALLS: Final[deque[float]] = deque(maxlen=0)


class Windows(Storage, MovingWindowSupport):
    """When each caller's last calls were.

    Args:
        clock: gives the moments.
        windows_max: how many callers and paths are remembered.
    """

    STORAGE_SCHEME = None

    def __init__(self, *, clock: Clock, windows_max: int = WINDOWS_MAX) -> None:
        super().__init__()
        self._clock = clock
        self._windows_max = windows_max
        self._windows: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What this storage fails with: nothing."""
        return RuntimeError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Note *amount* calls, if there is room for them among *limit* in the last *expiry* seconds."""
        now_s = self._clock.monotonic()
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = deque()
            if len(self._windows) > self._windows_max:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(key)
        _forget(window, now_s - expiry)
        if len(window) + amount > limit:
            return False
        window.extend([now_s] * amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The moment of the oldest call that still counts, and how many do."""
        now_s = self._clock.monotonic()
        window = self._windows.get(key, _NO_CALLS)
        _forget(window, now_s - expiry)
        return (window[0] if window else now_s), len(window)

    def clear(self, key: str) -> None:
        """Forget one window."""
        self._windows.pop(key, None)

    def reset(self) -> int:
        """Forget all, and say how many there were."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counters belong to fixed windows, which are not used here."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Counters belong to fixed windows, which are not used here."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Counters belong to fixed windows, which are not used here."""
        raise NotImplementedError


def _forget(window: deque[float], until_s: float) -> None:
    while window and window[0] <= until_s:
        window.popleft()


class Budgets:
    """Calls that are left to each caller.

    Args:
        clock: gives the moments.
        windows_max: how many callers and paths are remembered.
    """

    def __init__(self, *, clock: Clock, windows_max: int = WINDOWS_MAX) -> None:
        self._clock = clock
        self.windows = Windows(clock=clock, windows_max=windows_max)
        self._limiter = MovingWindowRateLimiter(self.windows)

    def take(self, per_minute: int, *names: str) -> int | None:
        """Take one of *per_minute* calls from the budget of these names.

        Returns:
            None if there was one left; else after how many whole seconds there is again.
        """
        item = _item(per_minute)
        if self._limiter.hit(item, *names):
            return None
        again_s = self._limiter.get_window_stats(item, *names).reset_time
        return max(1, ceil(again_s - self._clock.monotonic()))


@lru_cache(maxsize=256)
def _item(per_minute: int) -> RateLimitItem:
    return RateLimitItemPerMinute(per_minute)
