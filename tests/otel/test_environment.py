"""The table of variables is complete."""

from __future__ import annotations

from opentelemetry import environment_variables as api
from opentelemetry.sdk import environment_variables as sdk

from otel.environment import ENVIRONMENT


def test_every_variable_of_the_sdk_is_in_the_table_once() -> None:
    """Of each `OTEL_*` variable the SDK knows it is said what becomes of it here."""
    names = [variable.name for variable in ENVIRONMENT]
    known = {name for module in (api, sdk) for name in vars(module) if name.startswith("OTEL_")}

    assert len(names) == len(set(names))
    assert known <= set(names)


def test_every_variable_has_a_note() -> None:
    """The documentation made from the table explains each standing."""
    assert all(variable.note for variable in ENVIRONMENT)
