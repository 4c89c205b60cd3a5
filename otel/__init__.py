"""Telemetry as a library: knows OpenTelemetry, knows nothing of this API.

```python
pipeline = build_pipeline(TelemetryConfig.from_env(os.environ, directory=folder), instance_id=kept_instance_id(folder))
tracer = pipeline.tracer_provider.get_tracer("my.bot")
…
pipeline.close()
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel.accounts import AccountSnapshot, SignalAccount
    from otel.config import AttributeLimits, OtlpEndpoint, TelemetryConfig, TelemetryConfigError, without_effect
    from otel.environment import ENVIRONMENT, Variable
    from otel.pipeline import Pipeline, build_pipeline
    from otel.readings import Readings, Series
    from otel.redaction import Redaction
    from otel.resource import kept_instance_id
    from otel.self_metrics import SELF_METRICS

_WHERE = {
    "ENVIRONMENT": "environment",
    "SELF_METRICS": "self_metrics",
    "AccountSnapshot": "accounts",
    "AttributeLimits": "config",
    "OtlpEndpoint": "config",
    "Pipeline": "pipeline",
    "Readings": "readings",
    "Redaction": "redaction",
    "Series": "readings",
    "SignalAccount": "accounts",
    "TelemetryConfig": "config",
    "TelemetryConfigError": "config",
    "Variable": "environment",
    "build_pipeline": "pipeline",
    "kept_instance_id": "resource",
    "without_effect": "config",
}

__all__ = [
    "ENVIRONMENT",
    "SELF_METRICS",
    "AccountSnapshot",
    "AttributeLimits",
    "OtlpEndpoint",
    "Pipeline",
    "Readings",
    "Redaction",
    "Series",
    "SignalAccount",
    "TelemetryConfig",
    "TelemetryConfigError",
    "Variable",
    "build_pipeline",
    "kept_instance_id",
    "without_effect",
]


def __getattr__(name: str) -> Any:
    """Load on first use: a process that only reads `otel.segments` need not import the SDK."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
