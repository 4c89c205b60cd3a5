"""Faults of mt5-otel. Expected outcomes (a refusal, an unanswered order) are values in `app.domain`, not these.

Mt5OtelError
├── StartupError     the program cannot start or go on as configured; the command line prints it and exits 2
│   └── SettingsError    a setting is unknown or has a value that cannot be
└── JournalError     the journal cannot be written; nothing may be sent to the broker
"""


class Mt5OtelError(Exception):
    """Anything that went wrong here and is not the broker's answer."""


class StartupError(Mt5OtelError):
    """The program cannot start: says what was found, with its value, and what to do next."""


class SettingsError(StartupError):
    """A setting is unknown or impossible; the message names it as the operator wrote it."""


class JournalError(Mt5OtelError):
    """The journal could not take a record durably, so the order it is about must not be sent."""
