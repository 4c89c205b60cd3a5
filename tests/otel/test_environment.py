"""The table of variables is complete."""

from __future__ import annotations

import re
from pathlib import Path

import opentelemetry
from opentelemetry import environment_variables as api
from opentelemetry.sdk import environment_variables as sdk

from otel.environment import ENVIRONMENT


def test_every_variable_of_the_sdk_is_in_the_table_once() -> None:
    """Of each `OTEL_*` variable the SDK knows it is said what becomes of it here."""
    names = [variable.name for variable in ENVIRONMENT]
    known = {name for module in (api, sdk) for name in vars(module) if name.startswith("OTEL_")}

    assert len(names) == len(set(names))
    assert known <= set(names)


def test_every_variable_of_the_installed_packages_is_in_the_table() -> None:
    """What the exporters and instrumentations in use look for in the environment is in the table as well."""
    names = {variable.name for variable in ENVIRONMENT}
    read = re.compile(
        r"""environ(?:\.get\(|\[)\s*_?["']?(OTEL_[A-Z_]+)|^_?OTEL_[A-Z_]+\s*=\s*["'](OTEL_[A-Z_]+)["']""", re.M
    )
    sources = [path.read_text("utf-8") for path in Path(opentelemetry.__path__[0]).rglob("*.py")]

    found = {name for source in sources for groups in read.findall(source) for name in groups if name}

    assert len(found) > 100
    assert found <= names


def test_every_variable_has_a_note() -> None:
    """The documentation made from the table explains each standing."""
    assert all(variable.note for variable in ENVIRONMENT)
