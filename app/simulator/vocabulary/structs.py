"""The eleven result types and the two array layouts of the MetaTrader5 package.

The package answers with C struct sequences: tuples with named fields and `_asdict()`, but without the rest of a
namedtuple, not picklable, not to be subclassed. These are made by the same function of CPython.
"""

from __future__ import annotations

import ctypes
import warnings
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:

    class Struct(tuple[Any, ...]):
        """What the result types have in common."""

        n_fields: int
        n_sequence_fields: int
        n_unnamed_fields: int
        __match_args__: tuple[str, ...]

        def __new__(cls, sequence: Any, dict: Any = ...) -> Struct: ...  # noqa: D102  # a value of every field in order
        def __getattr__(self, name: str) -> Any: ...
        def _asdict(self) -> dict[str, Any]: ...

else:
    Struct = tuple


class _Field(ctypes.Structure):
    """A PyStructSequence_Field."""

    _fields_ = (("name", ctypes.c_char_p), ("doc", ctypes.c_char_p))


class _Description(ctypes.Structure):
    """A PyStructSequence_Desc; the fields end with one that has no name."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("doc", ctypes.c_char_p),
        ("fields", ctypes.POINTER(_Field)),
        ("count", ctypes.c_int),
    )


_new_type = ctypes.pythonapi.PyStructSequence_NewType
_new_type.restype = ctypes.py_object
_new_type.argtypes = [ctypes.POINTER(_Description)]
# CPython goes on using the names where they are.
_kept: list[_Description] = []


def _asdict_of(name: str) -> Any:
    """The one method, which complains as one of C does."""

    def _asdict(*args: Any) -> dict[str, Any]:
        """Return the fields by name; a nested request stays a TradeRequest."""
        if not args:
            raise TypeError(f"unbound method {name}._asdict() needs an argument")
        if len(args) > 1:
            raise TypeError(f"{name}._asdict() takes no arguments ({len(args) - 1} given)")
        return dict(zip(type(args[0]).__match_args__, args[0], strict=True))

    return _asdict


def _struct(name: str, fields: str) -> type[Struct]:
    names = fields.split()
    described = (_Field * (len(names) + 1))(*(_Field(field.encode(), None) for field in names))
    _kept.append(_Description(name.encode(), b"", described, len(names)))
    with warnings.catch_warnings():
        # A name without a module is meant: such a type cannot be found again, so its values cannot be pickled.
        warnings.simplefilter("ignore", DeprecationWarning)
        made = _new_type(ctypes.byref(_kept[-1]))
    made.__module__ = "builtins"
    made._asdict = _asdict_of(name)
    return cast("type[Struct]", made)


AccountInfo = _struct(
    "AccountInfo",
    """login trade_mode leverage limit_orders margin_so_mode trade_allowed trade_expert margin_mode currency_digits
    fifo_close balance credit profit equity margin margin_free margin_level margin_so_call margin_so_so
    margin_initial margin_maintenance assets liabilities commission_blocked name server currency company""",
)
TerminalInfo = _struct(
    "TerminalInfo",
    """community_account community_connection connected dlls_allowed trade_allowed tradeapi_disabled email_enabled
    ftp_enabled notifications_enabled mqid build maxbars codepage ping_last community_balance retransmission company
    name language path data_path commondata_path""",
)
SymbolInfo = _struct(
    "SymbolInfo",
    """custom chart_mode select visible session_deals session_buy_orders session_sell_orders volume volumehigh
    volumelow time digits spread spread_float ticks_bookdepth trade_calc_mode trade_mode start_time expiration_time
    trade_stops_level trade_freeze_level trade_exemode swap_mode swap_rollover3days margin_hedged_use_leg
    expiration_mode filling_mode order_mode order_gtc_mode option_mode option_right bid bidhigh bidlow ask askhigh
    asklow last lasthigh lastlow volume_real volumehigh_real volumelow_real option_strike point trade_tick_value
    trade_tick_value_profit trade_tick_value_loss trade_tick_size trade_contract_size trade_accrued_interest
    trade_face_value trade_liquidity_rate volume_min volume_max volume_step volume_limit swap_long swap_short
    margin_initial margin_maintenance session_volume session_turnover session_interest session_buy_orders_volume
    session_sell_orders_volume session_open session_close session_aw session_price_settlement
    session_price_limit_min session_price_limit_max margin_hedged price_change price_volatility price_theoretical
    price_greeks_delta price_greeks_theta price_greeks_gamma price_greeks_vega price_greeks_rho price_greeks_omega
    price_sensitivity basis category currency_base currency_profit currency_margin bank description exchange formula
    isin name page path""",
)
Tick = _struct("Tick", "time bid ask last volume time_msc flags volume_real")
BookInfo = _struct("BookInfo", "type price volume volume_dbl")
TradePosition = _struct(
    "TradePosition",
    """ticket time time_msc time_update time_update_msc type magic identifier reason volume price_open sl tp
    price_current swap profit symbol comment external_id""",
)
TradeOrder = _struct(
    "TradeOrder",
    """ticket time_setup time_setup_msc time_done time_done_msc time_expiration type type_time type_filling state
    magic position_id position_by_id reason volume_initial volume_current price_open sl tp price_current
    price_stoplimit symbol comment external_id""",
)
TradeDeal = _struct(
    "TradeDeal",
    """ticket order time time_msc type entry magic position_id reason volume price commission swap profit fee symbol
    comment external_id""",
)
TradeRequest = _struct(
    "TradeRequest",
    """action magic order symbol volume price stoplimit sl tp deviation type type_filling type_time expiration
    comment position position_by""",
)
OrderSendResult = _struct(
    "OrderSendResult",
    "retcode deal order volume price bid ask comment request_id retcode_external request",
)
OrderCheckResult = _struct(
    "OrderCheckResult", "retcode balance equity profit margin margin_free margin_level comment request"
)

STRUCTS: dict[str, type[Struct]] = {
    struct.__name__: struct
    for struct in (
        AccountInfo, BookInfo, OrderCheckResult, OrderSendResult, SymbolInfo, TerminalInfo, Tick, TradeDeal,
        TradeOrder, TradePosition, TradeRequest,
    )
}  # fmt: skip

RATES = np.dtype(
    [
        ("time", "<i8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("tick_volume", "<u8"),
        ("spread", "<i4"),
        ("real_volume", "<u8"),
    ]
)
TICKS = np.dtype(
    [
        ("time", "<i8"),
        ("bid", "<f8"),
        ("ask", "<f8"),
        ("last", "<f8"),
        ("volume", "<u8"),
        ("time_msc", "<i8"),
        ("flags", "<u4"),
        ("volume_real", "<f8"),
    ]
)
