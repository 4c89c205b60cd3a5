"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples in every run: a run that fails must fail again. `make soak` looks for new ones.
# No judgement by time either: these tests run beside others on small machines.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
