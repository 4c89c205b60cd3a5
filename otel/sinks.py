"""Where the signals go, by what the operator set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel.accounts import SIGNALS, Signal, SignalAccount
from otel.config import TelemetryConfig
from otel.direct import direct_sinks
from otel.exporters import Sink
from otel.files import file_sinks

Accounts = Mapping[Signal, SignalAccount]
Sinks = Mapping[Signal, Sink[Any]]
"""Where each signal goes; one that is missing goes nowhere."""


def open_accounts(config: TelemetryConfig) -> Accounts:
    """Open one account per signal."""
    return {s: SignalAccount(spooling=config.delivery == "files" and s in config.endpoints) for s in SIGNALS}


def open_sinks(config: TelemetryConfig, accounts: Accounts) -> Sinks:
    """Open the files or the exporters of every signal that goes anywhere.

    Raises:
        OSError: the folder of the files cannot be used.
    """
    if config.delivery == "direct":
        return direct_sinks(config, accounts)
    return file_sinks(config, accounts)
