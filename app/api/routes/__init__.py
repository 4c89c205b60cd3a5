"""The routes, by what they are about."""

from __future__ import annotations

from fastapi import APIRouter, Security
from fastapi.security import APIKeyHeader

from app.api.auth import HEADER

# Says in the documentation that a key is taken, and where; `auth` is who looks at it.
_KEY = APIKeyHeader(name=HEADER, auto_error=False, description="The key printed at the first start.")


def keyed_router(tag: str) -> APIRouter:
    """A router whose calls take an API key."""
    return APIRouter(tags=[tag], dependencies=[Security(_KEY)])
