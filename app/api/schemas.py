"""What goes over the wire, apart from the domain: requests are strict, answers are documented."""

from __future__ import annotations

import contextlib
import difflib
import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.simulator.vocabulary.faults import FAULTS, REASONS

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: the terminal's package fails on some of them in the middle of a call."""

UINT32_MAX = 2**32 - 1
INT64_MAX = 2**63 - 1
VOLUME_MAX = 1e9
"""Lots. Far beyond what any broker takes, and small enough to be counted in steps of any size."""
PRICE_MAX = 1e12
"""Far beyond what anything costs in any currency; what a terminal makes of 1e308 is nobody's wish."""


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


Stop = Annotated[float | None, Field(ge=0, le=PRICE_MAX), AfterValidator(_none_for_zero)]


def _seconds(moment: Any) -> int | None:
    """RFC 3339 as seconds; MetaTrader writes "never" as 0, so that no moment may come to that."""
    if moment is None:
        return None
    if type(moment) is int:  # True and False are ints too
        return moment or None
    if isinstance(moment, str) and RFC_3339.fullmatch(moment):
        with contextlib.suppress(ValueError):  # a thirteenth month
            if (seconds := int(_MOMENT.validate_python(moment).timestamp())) > 0:
                return seconds
    raise PydanticCustomError("moment", "should be seconds since 1970 UTC, or a moment such as 2026-01-05T18:00:00Z")


RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
Expiration = Annotated[
    int | None,
    Field(
        ge=0,
        le=UINT32_MAX,
        description="When it is given up: seconds since 1970 UTC, or RFC 3339; null or 0 for never.",
        examples=["2026-01-05T18:00:00Z"],
    ),
    BeforeValidator(_seconds, json_schema_input_type=int | datetime | None),
]
SymbolName = Annotated[str, Field(min_length=1, max_length=64, description="Symbol name, in any case.")]
Volume = Annotated[float, Field(gt=0, le=VOLUME_MAX, description="Lots.")]
StopLoss = Annotated[Stop, Field(description="Stop-loss: a price; null or 0 for none.", examples=[1.095])]
TakeProfit = Annotated[Stop, Field(description="Take-profit: a price; null or 0 for none.", examples=[1.11])]
Deviation = Annotated[int, Field(ge=0, le=UINT32_MAX, description="Tolerated price change in points.")]
Comment = Annotated[
    str,
    Field(
        max_length=1_000, pattern=PRINTABLE, description="Yours; the broker sees its first 19 characters and our tag."
    ),
]
Magic = Annotated[int, Field(ge=0, le=INT64_MAX, description="Your expert id, sent as it is.")]
Price = Annotated[float, Field(gt=0, le=PRICE_MAX, description="The price for which it waits.", examples=[1.095])]


class PlaceOrder(Strict):
    """A market order that opens a position."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"canonical": "EURUSD", "side": "buy", "volume": 0.1, "comment": "first"}]}
    )

    canonical: SymbolName
    side: Literal["buy", "sell"]
    volume: Volume
    sl: StopLoss = None
    tp: TakeProfit = None
    deviation: Deviation = 10
    comment: Comment = ""
    magic: Magic = 0


class PlacePending(Strict):
    """An order that waits for its price."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"canonical": "EURUSD", "order_type": "buy_limit", "volume": 0.1, "price": 1.095}]
        }
    )

    canonical: SymbolName
    order_type: Literal["buy_limit", "sell_limit", "buy_stop", "sell_stop"]
    volume: Volume
    price: Price
    sl: StopLoss = None
    tp: TakeProfit = None
    deviation: Annotated[Deviation, Field(description="Taken, and without effect: it is executed at its price.")] = 10
    comment: Comment = ""
    magic: Magic = 0
    expiration: Expiration = None


class ModifyPending(Strict):
    """What is to change about a pending order; what is not named stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"price": 1.0945, "sl": None}]})

    price: Price | None = None
    sl: StopLoss = None
    tp: TakeProfit = None
    expiration: Expiration = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set or ("price" in self.model_fields_set and self.price is None):
            raise PydanticCustomError(
                "nothing", "should name what is to change: price (a number), sl, tp or expiration (null for none)"
            )
        return self


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
    fraction: Annotated[float | None, Field(description="The part of an order that is filled.")] = None
    value: Annotated[float | str | None, Field(description="A login, seconds, or a text: what the fault is about.")] = (
        None
    )


class OrderAnswer(BaseModel):
    """An order that the broker has executed or taken."""

    order: Annotated[int | None, Field(description="Ticket of the order at the broker.")]
    position: Annotated[int | None, Field(description="Ticket of the position; null until its deals are seen.")]
    result_code: Annotated[int, Field(description="MetaTrader's return code.")]
    retcode_name: Annotated[str, Field(description="Its name without TRADE_RETCODE_.")]
    order_id: Annotated[str, Field(description="Our id of the order; /api/orders/{order_id} tells all of it.")]
    outcome: Literal["filled", "placed", "unchanged"]
    order_type: Annotated[str, Field(description="market, or which pending order: buy_limit, sell_stop …")]
    deal: Annotated[int | None, Field(description="Ticket of the (first) deal.")]
    symbol: Annotated[str, Field(description="The broker's name of the instrument.")]
    side: Annotated[Literal["buy", "sell"], Field(description="Side of the deal; closing a buy is a sell.")]
    volume: Annotated[float, Field(description="Lots executed.")]
    remaining: Annotated[float, Field(description="Lots not executed.")]
    price: Annotated[float | None, Field(description="Average price of the deals; of a pending order, its price.")]
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
