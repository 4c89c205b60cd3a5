"""The Collector, Jaeger and Prometheus, built and run natively beside the API, or without it."""

from app.stack.binaries import Binaries
from app.stack.build import Report, build
from app.stack.control import NAMES, ProgramStatus, Stack, down, status, up
from app.stack.links import links

__all__ = ["NAMES", "Binaries", "ProgramStatus", "Report", "Stack", "build", "down", "links", "status", "up"]
