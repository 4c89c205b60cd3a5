"""Delivery: one thread per signal that tails the segments and posts them, at least once, to one endpoint."""

from __future__ import annotations

import gzip
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel.accounts import Signal, SignalAccount
from otel.answers import Later, Parked, Refused, Taken, Verdict, judge
from otel.client import Compression, Destination, NoAnswerError, OtlpClient
from otel.cursor import Cursor
from otel.deadletters import DeadLetters
from otel.documents import CONTENT_TYPES, count_items, join
from otel.parts import Part, batches
from otel.retention import Caps, Retention
from otel.segments import MIB, Line, Position, read, resume_at, segment_numbers
from otel.troubles import Troubles

__all__ = ["Compression", "DeliveryState", "DeliveryStatus", "Destination", "Pace", "Shipper"]

DeliveryState = Literal["idle", "shipping", "retrying", "parked"]

_START: Final = Position(0, 0)
_GZIP_LEVEL: Final = 6
_AFTER_FAULT_S: Final = 1.0
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a shipper waits, in seconds.

    Attributes:
        first_retry_s: after the first failure; doubled after each further one.
        longest_retry_s: where the doubling ends.
        parked_s: until a parked queue is tried again.
        poll_s: until an idle shipper looks for new lines.
        housekeeping_s: until the caps are looked after again.
    """

    first_retry_s: float = 0.5
    longest_retry_s: float = 5.0
    parked_s: float = 60.0
    poll_s: float = 0.2
    housekeeping_s: float = 1.0

    def retry_s(self, failures: int, jitter: float) -> float:
        """Return the wait after so many failures in a row; *jitter*, from 0 to 1, takes up to a half off."""
        longest = min(self.longest_retry_s, self.first_retry_s * 2.0 ** min(failures - 1, 30))
        return longest * (1 - jitter / 2)


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """How one signal's delivery fares.

    Attributes:
        reason: what the last attempt met with; empty unless retrying or parked.
        next_attempt: when the next one is due, Unix seconds; None unless retrying or parked.
        last_success: when the endpoint last took something, Unix seconds; None if it has not yet.
        oldest_unshipped_age_s: seconds since the oldest item that waits was recorded; 0 if none waits.
        spooled_items: items on disk that the endpoint does not have.
    """

    state: DeliveryState
    reason: str
    next_attempt: float | None
    last_success: float | None
    oldest_unshipped_age_s: float
    spooled_items: int


class Shipper:
    """Delivers the segments of one directory to one endpoint and keeps the directory under its caps.

    Create it before the directory's writer takes its first line: what lies there by then was left by an earlier
    process and is counted as carried. The cursor is kept in `<directory>/cursor`, what the endpoint refuses in
    `<directory>/dead`.

    Args:
        retention: of the same directory; by default with the default caps.
        clock: Unix seconds, for ages and `Retry-After` dates.
        jitter: from 0 to 1, spreads retries.
        troubles: where failures are reported; share one among the signals, so that together they log one line.
        max_request_bytes: of a request's body before compression.

    Raises:
        OSError: the cursor or a certificate file cannot be opened.
    """

    def __init__(
        self,
        signal: Signal,
        directory: Path,
        destination: Destination,
        account: SignalAccount,
        *,
        retention: Retention | None = None,
        pace: Pace | None = None,
        troubles: Troubles | None = None,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        max_request_bytes: int = MIB,
    ) -> None:
        self._signal = signal
        self._directory = directory
        self._destination = destination
        self._account = account
        self._pace = pace or Pace()
        self._troubles = troubles or Troubles()
        self._clock = clock
        self._jitter = jitter
        self._max_request_bytes = max_request_bytes
        self._client = OtlpClient(destination)
        self._retention = retention or Retention(directory, Caps(), clock=clock)
        self._dead = DeadLetters(signal, directory / "dead", clock=clock)
        self._cursor = Cursor(directory / "cursor")
        self._carried_to = max(segment_numbers(directory), default=0)
        self._position = resume_at(directory, self._cursor.position or _START)
        self._carried_counted = False
        self._pending: Counter[str] = Counter()
        self._next_housekeeping = 0.0
        self._state: tuple[DeliveryState, str, float | None] = ("idle", "", None)
        self._last_success: float | None = None
        self._oldest = 0.0
        self._passes = 0
        self._passed = threading.Condition()
        self._closing = threading.Event()
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name=f"otel-shipper-{signal}", daemon=True)

    def start(self) -> None:
        """Begin shipping; never waits for the endpoint."""
        self._thread.start()

    def status(self) -> DeliveryStatus:
        """Return how the delivery fares right now; takes no time."""
        state, reason, next_attempt = self._state
        return DeliveryStatus(
            state=state,
            reason=reason,
            next_attempt=next_attempt,
            last_success=self._last_success,
            oldest_unshipped_age_s=max(0.0, self._clock() - self._oldest) if self._oldest else 0.0,
            spooled_items=max(0, self._account.snapshot().spooled),
        )

    def drain(self, timeout_s: float) -> bool:
        """Wait until every line written before this call has left the spool; False if that takes longer."""
        with self._passed:
            # Two looks that found nothing: the first may have begun before the call.
            target = self._passes + 2
            return self._passed.wait_for(lambda: self._passes >= target, timeout_s)

    def begin_close(self) -> None:
        """Ship what is there without waiting or trying again, then end; returns at once."""
        self._closing.set()
        if self._state[0] in ("retrying", "parked"):
            self._client.interrupt()

    def close(self, timeout_s: float) -> None:
        """Ship what can be shipped within *timeout_s* and end; the rest stays on disk for the next process."""
        self.begin_close()
        if not self._thread.is_alive():
            self._release()
            return
        last_words_s = max(0.0, min(0.2, timeout_s / 4))
        self._thread.join(max(0.0, timeout_s - last_words_s))
        # From here on the thread changes nothing on disk, even if an answer arrives: the next process may be there.
        self._abandoned = True
        self._client.interrupt()
        self._thread.join(last_words_s)

    def _run(self) -> None:
        if self._cursor.damaged:
            _logger.warning("the cursor of the %s was damaged; all that is kept is sent again", self._signal)
        # Our own requests are no telemetry, should anyone instrument the HTTP client.
        with suppress_instrumentation():
            while not self._abandoned:
                try:
                    if not self._look():
                        break
                except Exception as error:  # a delivery that dies would lose data in silence
                    self._pending.clear()
                    self._tell("retrying", f"{type(error).__name__}: {error}", _AFTER_FAULT_S)
                    if self._closing.wait(_AFTER_FAULT_S):
                        break
        self._release()

    def _release(self) -> None:
        self._dead.close()
        self._cursor.close()
        self._client.close()

    def _look(self) -> bool:
        """Ship the next lines, if there are any; False when there is nothing more to do."""
        closing = self._closing.is_set()
        if not self._carried_counted:
            self._account.carried(self._items_in(self._position, self._carried_to))
            self._carried_counted = True
        self._keep_house()
        if lines := read(self._directory, self._position, self._max_request_bytes):
            return self._ship(lines) or not self._closing.is_set()
        self._state, self._oldest = ("idle", "", None), 0.0
        self._troubles.report(self._signal, None)
        with self._passed:
            self._passes += 1
            self._passed.notify_all()
        self._closing.wait(self._pace.poll_s)
        return not closing

    def _ship(self, lines: Sequence[Line]) -> bool:
        """Deliver *lines* in as few requests as they fit in; False if that ended before the last of them."""
        for batch in batches(self._signal, lines, self._destination.protocol, self._max_request_bytes):
            if not self._deliver(batch):
                return False
        return True

    def _deliver(self, batch: Sequence[Part]) -> bool:
        """Deliver one request's parts; True once it is settled what became of each."""
        if self._abandoned:
            return False
        self._oldest = batch[0].recorded_at
        if self._state[0] == "idle":
            self._state = ("shipping", "", None)
        if batch[0].undeliverable:
            return self._bury(batch[0], batch[0].undeliverable)
        verdict = self._send(batch)
        if verdict is None:
            return False
        if isinstance(verdict, Taken):
            items = sum(part.items for part in batch)
            rejected = min(verdict.rejected, items)
            return self._settle(batch[-1].end, delivered=items - rejected, rejected=rejected)
        if len(batch) == 1:
            return self._bury(batch[0], "refused", verdict)
        # One document among them may be to blame; the others must not share its fate.
        middle = len(batch) // 2
        return self._deliver(batch[:middle]) and self._deliver(batch[middle:])

    def _send(self, batch: Sequence[Part]) -> Taken | Refused | None:
        """Post *batch* until it is taken or refused; None if we close, or retention takes it, before that."""
        body = join(self._signal, [part.body for part in batch], self._destination.protocol)
        headers = {"content-type": CONTENT_TYPES[self._destination.protocol]}
        if self._destination.compression == "gzip":
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
            headers["content-encoding"] = "gzip"
        start = self._position
        failures = 0
        while True:
            verdict = self._post(body, headers)
            if self._abandoned:
                return None
            if isinstance(verdict, Taken | Refused):
                self._last_success = self._clock() if isinstance(verdict, Taken) else self._last_success
                self._state = ("shipping", "", None)
                self._troubles.report(self._signal, None)
                return verdict
            failures += 1
            if isinstance(verdict, Parked):
                going_on = self._wait_after("parked", verdict.reason, self._pace.parked_s)
            else:
                retry_s = self._pace.retry_s(failures, self._jitter())
                going_on = self._wait_after(
                    "retrying", verdict.reason, retry_s if verdict.after_s is None else verdict.after_s
                )
            if not going_on or self._position != start:
                return None

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Verdict:
        try:
            answer = self._client.post(body, headers)
        except NoAnswerError as error:
            return Later(str(error))
        return judge(self._signal, answer, self._clock())

    def _wait_after(self, state: DeliveryState, reason: str, seconds: float) -> bool:
        """Tell what is wrong and wait, keeping house; False as soon as we are closing."""
        self._tell(state, reason, seconds)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._closing.wait(min(left, self._pace.housekeeping_s)):
                return False
            self._keep_house()
        return not self._closing.is_set()

    def _tell(self, state: DeliveryState, reason: str, seconds: float) -> None:
        self._state = (state, reason, self._clock() + seconds)
        self._troubles.report(self._signal, f"{reason} ({self._destination.shown})")

    def _bury(self, part: Part, reason: str, refusal: Refused | None = None) -> bool:
        """Keep aside what will never be delivered, and go on."""
        try:
            self._dead.put(
                part.line,
                refusal.reason if refusal else reason,
                refusal.detail if refusal else "",
                readable=reason != "unreadable",
            )
        except OSError as error:
            _logger.debug("a dead letter of the %s could not be kept: %s", self._signal, error)
        return self._settle(part.end, **{reason: part.items})

    def _settle(self, end: Position | None, **items: int) -> bool:
        """Note what became of items; it counts once their whole line is done and the cursor behind it."""
        self._pending.update(items)
        if end is not None:
            self._move(end)
            settled, self._pending = self._pending, Counter()
            self._account.delivered(settled.pop("delivered", 0))
            for reason, items_lost in settled.items():
                self._drop(items_lost, reason)
        return True

    def _drop(self, items: int, reason: str) -> None:
        if items:
            self._account.dropped(items, reason)
            self._troubles.lost(self._signal, items, reason)

    def _keep_house(self) -> None:
        if self._abandoned or time.monotonic() < self._next_housekeeping:
            return
        self._next_housekeeping = time.monotonic() + self._pace.housekeeping_s
        for number in self._retention.over_caps():
            if number < self._position.segment:
                self._retention.delete(number)
                continue
            lost = self._items_in(max(self._position, Position(number, 0)), number)
            if self._abandoned or not self._retention.delete(number):
                return
            self._pending.clear()
            self._move(Position(number + 1, 0))
            self._drop(lost, "retention")

    def _items_in(self, start: Position, last_segment: int) -> int:
        """Count the items from *start* to the end of *last_segment*."""
        items = 0
        while (lines := read(self._directory, start, MIB)) and lines[0].end.segment <= last_segment:
            items += sum(count_items(self._signal, line.data) for line in lines)
            start = lines[-1].end
        return items

    def _move(self, position: Position) -> None:
        self._position = position
        try:
            self._cursor.save(position)
        except OSError as error:
            # Nothing is lost: after a restart, some is sent twice.
            _logger.debug("the cursor of the %s could not be saved: %s", self._signal, error)
