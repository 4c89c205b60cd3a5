"""What a killed process left open: orders without an outcome, and spans that never reached a file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from pathlib import Path

from app.domain.account import AccountMode
from app.history.telemetry import journalled_span_ids
from app.telemetry.replay import deal_span, order_span
from app.trading.deals import concerned
from app.trading.journal.journal import Journal, close_open_intents
from app.trading.journal.watermark import Lost, Watermark, lost_spans
from otel import Pipeline
from otel.accounts import FROM_DISK

log = logging.getLogger(__name__)

CHECKPOINT_S = 60.0
FLUSH_S = 0.5


class Recovery:
    """Makes every journalled order a trace in the end, and every deal that has one of its own.

    The journal is on disk before the telemetry is. The watermark says up to which line of it every span of these
    is known to be written; what lies beyond is looked for at start, and what is missing is told again.
    """

    def __init__(self, journal: Journal, pipeline: Pipeline, folder: Path, *, mode: AccountMode, version: str) -> None:
        self._journal = journal
        self._pipeline = pipeline
        self._folder = folder
        self._mode = mode
        self._version = version
        self._watermark = Watermark.open(folder / "journal")
        self._seen_seq = self._watermark.seq
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Close open orders as unknown, tell lost spans again, and begin to keep the watermark."""
        if not self._journal.report.intact:
            log.warning("The journal has damage and was read as far as it goes: %s", self._journal.report.describe())
        closed = await close_open_intents(self._journal)
        for record in closed:
            order_id = record.order.order_id
            log.warning("Order %s was under way when the last process ended: its outcome is unknown", order_id)
        lost = await asyncio.to_thread(
            lost_spans, self._journal, self._watermark, partial(journalled_span_ids, self._folder)
        )
        self._tell_again(lost)
        self._seen_seq = self._journal.last_seq
        self._task = asyncio.create_task(self._keep_watermark(), name="watermark")

    async def close(self) -> None:
        """Move the watermark to the end of the journal, if every span is written."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._seen_seq = self._journal.last_seq
        await self._checkpoint()

    async def _keep_watermark(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            # What was decided before the last pause has ended its span long since.
            await self._checkpoint()
            self._seen_seq = self._journal.last_seq

    async def _checkpoint(self) -> None:
        flushed = await asyncio.to_thread(self._pipeline.force_flush, FLUSH_S)
        if flushed and not self._lost_before_file():
            try:
                await asyncio.to_thread(self._watermark.advance, self._seen_seq)
            except OSError as error:
                log.warning("The journal's watermark cannot be written (%s); the next start searches longer", error)

    def _lost_before_file(self) -> bool:
        """Whether this process dropped spans before they were written: those are looked for at the next start."""
        dropped = self._pipeline.accounts["traces"].snapshot().dropped
        return any(count for reason, count in dropped.items() if reason not in FROM_DISK)

    def _tell_again(self, lost: Lost) -> None:
        for record in lost.orders:
            if record.outcome is None or record.ended_ns is None:
                continue
            self._pipeline.replay(
                order_span(
                    record.order,
                    record.outcome,
                    record.trace,
                    started_ns=record.started_ns,
                    ended_ns=record.ended_ns,
                    mode=self._mode,
                    resource=self._pipeline.resource,
                    version=self._version,
                )
            )
        for seq, dealt in lost.deals:
            orders = concerned(self._journal, dealt.deal, dealt.ours, before_seq=seq)
            self._pipeline.replay(
                deal_span(
                    dealt.deal,
                    (order.trace for order in orders),
                    dealt.trace,
                    ours=dealt.ours is not None,
                    mode=self._mode,
                    resource=self._pipeline.resource,
                    version=self._version,
                )
            )
        if lost:
            log.info("Told %d spans of orders and deals again that the last process had not written", len(lost))
