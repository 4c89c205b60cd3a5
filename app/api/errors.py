"""Every error of this API has one shape, `{"detail": {"error": {"code", "message", "details"}}}`, made here.

No error repeats what was sent: it names the field and what is expected there, since any value may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.domain.text import writable

CODES: Mapping[str, str] = {
    "VALIDATION_ERROR": "The request is malformed; `details.fields` says what is expected where.",
    "UNAUTHORIZED": "The API key is missing or not valid.",
    "FORBIDDEN": "The API key lacks the scope that this call needs.",
    "NOT_FOUND": "There is no such path, position or order.",
    "METHOD_NOT_ALLOWED": "The path exists, and not with this method.",
    "PAYLOAD_TOO_LARGE": "The request body is larger than is taken.",
    "ORIGIN_NOT_ALLOWED": "The page's origin is not among those that may call.",
    "HOST_REFUSED": "The request names a host under which this API is not called.",
    "RATE_LIMITED": "Too many calls; `Retry-After` says when the next one is taken.",
    "INTERNAL": "A fault of this program; its log says more.",
    "SYMBOL_NOT_FOUND": "The terminal knows no symbol of this name.",
    "VOLUME_TOO_SMALL": "The volume is below the symbol's minimum; nothing was sent.",
    "RISK_BLOCK": "Refused by our own checks; nothing was sent.",
    "BROKER_REJECT": "Refused by the broker or the terminal; nothing was traded.",
    "OUTCOME_UNKNOWN": "It may or may not have been executed; ask where `details.ask` says, never send it again.",
    "MT5_UNAVAILABLE": "The terminal cannot be asked; nothing was sent.",
    "JOURNAL_UNAVAILABLE": "The order journal cannot be written; nothing was sent.",
    "OVERLOADED": "As much is under way as is taken at once; try again after `Retry-After`.",
    "NOT_READY": "Orders are not accepted yet; `missing` says what for.",
}
"""Every error code, and what it means to a caller."""

STATUS_OF: Mapping[str, int] = {
    "VALIDATION_ERROR": 422,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "PAYLOAD_TOO_LARGE": 413,
    "ORIGIN_NOT_ALLOWED": 400,
    "HOST_REFUSED": 421,
    "RATE_LIMITED": 429,
    "OVERLOADED": 503,
    "INTERNAL": 500,
    "SYMBOL_NOT_FOUND": 404,
    "VOLUME_TOO_SMALL": 400,
    "RISK_BLOCK": 409,
    "BROKER_REJECT": 409,
    "OUTCOME_UNKNOWN": 504,
    "MT5_UNAVAILABLE": 503,
    "JOURNAL_UNAVAILABLE": 503,
    "NOT_READY": 503,
}
"""Under which status each error code is answered."""

_OF_THE_FRAMEWORK: Mapping[int, str] = {
    400: "VALIDATION_ERROR",  # its answer to a body that cannot be decoded
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
}
"""Code of a status that the framework chose; our own table then says under which status it is answered."""


class Json(JSONResponse):
    """JSON as orjson writes it: what JSON cannot hold does not turn an order that was filled into a fault.

    A number that is not finite becomes null, half of a surrogate pair `?`.
    """

    def render(self, content: Any) -> bytes:
        """The body."""
        try:
            return orjson.dumps(content)
        except orjson.JSONEncodeError:
            return orjson.dumps(writable(content))


def error_body(code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The one shape of an error."""
    return {"detail": {"error": {"code": code, "message": message, "details": dict(details or {})}}}


def error(
    code: str,
    message: str = "",
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    """An error response under the code's own status; without a message it says what its code means."""
    body = error_body(code, message or CODES[code], details)
    return Json(body, status_code=status or STATUS_OF[code], headers=headers)


class PayloadTooLarge(HTTPException):
    """A body turned out to be larger than `bytes_max`; of this kind, since the framework hides others on its way."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(413)
        self.bytes_max = bytes_max


def too_large(bytes_max: int) -> Response:
    """The answer to a body of more than *bytes_max*."""
    return error("PAYLOAD_TOO_LARGE", details={"bytes_max": bytes_max})


def refuse(location: tuple[str, ...], expected: str) -> RequestValidationError:
    """The fault to raise for a request that no schema refuses: where, and what is expected there."""
    return RequestValidationError([{"type": "refused", "loc": location, "msg": expected}])


def install(app: FastAPI) -> None:
    """Have the framework's own errors answered in our shape."""
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(PayloadTooLarge, _on_too_large)


async def _on_http_exception(_: Request, raised: Exception) -> Response:
    fault = cast(HTTPException, raised)
    code = _OF_THE_FRAMEWORK.get(fault.status_code)
    if code is None:
        return error("INTERNAL", headers=fault.headers, status=fault.status_code)
    message = "body: should be valid JSON" if fault.status_code == 400 else ""
    return error(code, message, headers=fault.headers)


async def _on_too_large(_: Request, raised: Exception) -> Response:
    return too_large(cast(PayloadTooLarge, raised).bytes_max)


async def _on_invalid(_: Request, raised: Exception) -> Response:
    faults = cast(RequestValidationError, raised).errors()
    fields = [_told(fault) for fault in faults]
    message = "; ".join(f"{field['field']}: {field['expected']}" for field in fields[:5])
    return error("VALIDATION_ERROR", message, {"fields": fields[:50]})


def _told(fault: Mapping[str, Any]) -> dict[str, str]:
    expected = _EXPECTED.get(fault["type"], _as_pydantic_says)(fault)
    return {"field": _field(fault["loc"]), "expected": expected}


def _field(location: Sequence[str | int]) -> str:
    """Where it is: a field of the body, a part of the path, a header; never a name that only the caller knows."""
    return str(location[1]) if len(location) > 1 and isinstance(location[1], str) else str(location[0])


def _as_pydantic_says(fault: Mapping[str, Any]) -> str:
    message = str(fault["msg"]).removeprefix("Input ")
    return message[:1].lower() + message[1:]


def _json_expected(fault: Mapping[str, Any]) -> str:
    return f"should be valid JSON; it cannot be read at character {fault['loc'][-1]}"


def _object_expected(_: Mapping[str, Any]) -> str:
    return "should be a JSON object, sent with Content-Type: application/json"


_EXPECTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "json_invalid": _json_expected,
    "model_attributes_type": _object_expected,
    "model_type": _object_expected,
    "dict_type": _object_expected,
}
