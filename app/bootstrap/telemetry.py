"""Telemetry from settings, and what the metrics read."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path

from app.domain.clock import Clock
from app.domain.connection import LAYERS
from app.errors import StartupError
from app.settings import API_KEY_VARIABLE, Settings
from app.telemetry.instruments import instruments
from app.telemetry.names import CONNECTION_FAILURES, DEALS, ORDERS, POSITIONS_CLOSED, POSITIONS_OPENED, RESOLUTIONS
from app.telemetry.state import (
    observe_account,
    observe_connection,
    observe_deals,
    observe_orders,
    observe_positions,
    observe_profit,
    observe_watch,
)
from app.trading.journal.journal import Journal
from app.watch.poller import Watch, counts_by_side
from otel import Pipeline, TelemetryConfig, TelemetryConfigError, build_pipeline, kept_instance_id, without_effect

log = logging.getLogger(__name__)

JOURNAL_COUNTERS = (ORDERS, RESOLUTIONS, DEALS, POSITIONS_OPENED, POSITIONS_CLOSED, CONNECTION_FAILURES)
"""What the journal counts, since its first line."""


def open_telemetry(settings: Settings, environ: Mapping[str, str], folder: Path, version: str) -> Pipeline:
    """Build the pipeline from settings and the `OTEL_*` variables.

    Raises:
        StartupError: a variable holds what cannot be used, or a file cannot be opened.
    """
    chosen = settings.telemetry
    try:
        config = TelemetryConfig.from_env(
            environ,
            directory=folder / "telemetry",
            delivery=chosen.delivery,
            service_version=version,
            secrets=frozenset({key} if (key := environ.get(API_KEY_VARIABLE)) else ()),
        )
        config = dataclasses.replace(
            config,
            collect_interval_s=chosen.collect_s,
            write_every=chosen.export_every or config.write_every,
            segment_max_bytes=int(chosen.segment_mib * 2**20),
            segment_max_age_s=chosen.segment_age_s,
            keep_bytes=int(chosen.keep_mib * 2**20),
            keep_s=chosen.keep_days * 86_400,
            parked_retry_s=chosen.parked_retry_s,
        )
        pipeline = build_pipeline(config, instance_id=kept_instance_id(folder))
    except TelemetryConfigError as error:
        raise StartupError(str(error)) from error
    except OSError as error:
        raise StartupError(
            f"Telemetry cannot be opened: {error}. Look at the folder {folder / 'telemetry'} and at the files that "
            "OTEL_EXPORTER_OTLP_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_… name."
        ) from error
    return pipeline


def warn_of_what_has_no_effect(environ: Mapping[str, str]) -> None:
    """Say of each `OTEL_*` variable that is set in vain that it is."""
    for name in without_effect(environ):
        log.warning("%s has no effect here; docs/environment.md says of every OTEL_* variable what it does", name)


def observe(pipeline: Pipeline, version: str, journal: Journal, watch: Watch, clock: Clock) -> None:
    """Let the metrics read what lies ready: journal and `watch`."""
    _, meter = instruments(pipeline, version)
    for metric in JOURNAL_COUNTERS:
        pipeline.set_start_time(metric.name, lambda: journal.first_ns)
    observe_orders(meter, journal.totals, journal.resolutions)
    observe_deals(meter, journal.deal_totals, journal.deal_net, journal.positions_opened, journal.positions_closed)
    observe_watch(
        meter,
        failures=journal.connection_failures,
        pending=lambda: len(watch.latest.orders),
        tick_ages_s=lambda: watch.latest.tick_ages_s(clock.time_ns()),
    )
    observe_profit(
        meter,
        lambda: watch.latest.account,
        day=lambda: journal.deal_sums(watch.latest.day_start_ns).pnl,
        floating=lambda: watch.latest.floating,
    )
    observe_account(meter, lambda: watch.latest.account)
    observe_positions(meter, lambda: counts_by_side(watch.latest.positions))
    observe_connection(meter, lambda: {layer: getattr(watch.latest.connection, layer) for layer in LAYERS})
