"""Telemetry as a library: knows OpenTelemetry, knows nothing of this API."""
