"""What goes over the wire, apart from the domain: requests are strict, answers are documented."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: the terminal's package fails on some of them in the middle of a call."""

UINT32_MAX = 2**32 - 1
INT64_MAX = 2**63 - 1
VOLUME_MAX = 1e9
"""Lots. Far beyond what any broker takes, and small enough to be counted in steps of any size."""


class Strict(BaseModel):
    """A request body: no conversions, no unknown fields, no numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, body: Any) -> Any:
        """Name the known fields instead of the unknown one, which may hold anything."""
        unknown = [name for name in body if name not in cls.model_fields] if isinstance(body, dict) else []
        if unknown:
            raise PydanticCustomError("unknown_field", "{text}", {"text": cls._known(str(unknown[0]))})
        return body

    @classmethod
    def _known(cls, unknown: str) -> str:
        near = difflib.get_close_matches(unknown[:32], cls.model_fields, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f"should have no unknown field{hint}; the known ones are {', '.join(cls.model_fields)}"


def _not_yet(value: float | None) -> float | None:
    if value:
        raise PydanticCustomError(
            "not_supported", "should be null or 0: stop loss and take profit are not supported yet"
        )
    return value


NotYet = Annotated[float | None, AfterValidator(_not_yet), Field(description="Not supported yet: null or 0.")]


class PlaceOrder(Strict):
    """A market order that opens a position."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"canonical": "EURUSD", "side": "buy", "volume": 0.1, "comment": "first"}]}
    )

    canonical: Annotated[str, Field(min_length=1, max_length=64, description="Symbol name, in any case.")]
    side: Literal["buy", "sell"]
    volume: Annotated[float, Field(gt=0, le=VOLUME_MAX, description="Lots.")]
    sl: NotYet = None
    tp: NotYet = None
    deviation: Annotated[int, Field(ge=0, le=UINT32_MAX, description="Tolerated price change in points.")] = 10
    comment: Annotated[
        str,
        Field(
            max_length=1_000,
            pattern=PRINTABLE,
            description="Yours; the broker sees its first 19 characters and our tag.",
        ),
    ] = ""
    magic: Annotated[int, Field(ge=0, le=INT64_MAX, description="Your expert id, sent as it is.")] = 0


class OrderAnswer(BaseModel):
    """An order that the broker has executed or taken."""

    order: Annotated[int | None, Field(description="Ticket of the order at the broker.")]
    position: Annotated[int | None, Field(description="Ticket of the position; null until its deals are seen.")]
    result_code: Annotated[int, Field(description="MetaTrader's return code.")]
    retcode_name: Annotated[str, Field(description="Its name without TRADE_RETCODE_.")]
    order_id: Annotated[str, Field(description="Our id of the order; /api/orders/{order_id} tells all of it.")]
    outcome: Literal["filled", "placed", "unchanged"]
    deal: Annotated[int | None, Field(description="Ticket of the (first) deal.")]
    symbol: Annotated[str, Field(description="The broker's name of the instrument.")]
    side: Annotated[Literal["buy", "sell"], Field(description="Side of the deal; closing a buy is a sell.")]
    volume: Annotated[float, Field(description="Lots executed.")]
    remaining: Annotated[float, Field(description="Lots not executed.")]
    price: Annotated[float | None, Field(description="Average price of the deals.")]
    comment: Annotated[str, Field(description="The broker's.")]
    trace_id: Annotated[str, Field(description="The order's trace; empty while telemetry is off.")]


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorEnvelope(BaseModel):
    """Holds the error."""

    error: ErrorDetail


class ErrorBody(BaseModel):
    """The one shape of every error."""

    detail: ErrorEnvelope
