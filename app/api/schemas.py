"""What goes over the wire, apart from the domain: requests are strict, answers are documented."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.simulator.faults import FAULTS, REASONS

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


def _none_for_zero(value: float | None) -> float | None:
    """MetaTrader writes "none" as 0."""
    return value or None


Stop = Annotated[float | None, Field(ge=0), AfterValidator(_none_for_zero)]


class PlaceOrder(Strict):
    """A market order that opens a position."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"canonical": "EURUSD", "side": "buy", "volume": 0.1, "comment": "first"}]}
    )

    canonical: Annotated[str, Field(min_length=1, max_length=64, description="Symbol name, in any case.")]
    side: Literal["buy", "sell"]
    volume: Annotated[float, Field(gt=0, le=VOLUME_MAX, description="Lots.")]
    sl: Annotated[Stop, Field(description="Stop-loss: a price; null or 0 for none.", examples=[1.095])] = None
    tp: Annotated[Stop, Field(description="Take-profit: a price; null or 0 for none.", examples=[1.11])] = None
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


class LogIn(Strict):
    """A log-in of the page: a key, or the code of the link that is printed at the start."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "k7q2…"}]})

    key: Annotated[str | None, Field(min_length=1, max_length=1_024, description="An API key.")] = None
    code: Annotated[str | None, Field(min_length=1, max_length=128, description="A one-time code.")] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.key is None) == (self.code is None):
            raise PydanticCustomError("one_of", "should have either key or code")
        return self


class BeginFault(Strict):
    """A fault of the simulator; which parameters belong to which is the fault book's to say."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fault": "hang", "seconds": 10, "count": 1}]})

    fault: Annotated[str, Field(max_length=32, description="Its name.", json_schema_extra={"enum": list(FAULTS)})]
    seconds: Annotated[float | None, Field(description="How long it lasts, or a call is held.")] = None
    count: Annotated[int | None, Field(description="How many calls it takes.")] = None
    function: Annotated[str | None, Field(max_length=64, description="The package's function that it concerns.")] = None
    symbol: Annotated[str | None, Field(max_length=64, description="The symbol it concerns; null: any.")] = None
    retcode: Annotated[int | None, Field(description="MetaTrader's return code of the refusal.")] = None
    side: Annotated[str | None, Field(max_length=8, description="buy or sell: what somebody else opens.")] = None
    volume: Annotated[float | None, Field(description="Lots of somebody else's trade.")] = None
    position: Annotated[int | None, Field(description="The position that somebody else closes.")] = None
    reason: Annotated[str | None, Field(max_length=16, description=f"Who trades: {', '.join(REASONS)}.")] = None


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
