"""The eleven result types and the two array layouts of the MetaTrader5 package.

The package answers with C struct sequences: tuples with named fields and `_asdict()`, but without the rest of a
namedtuple, not picklable, not to be subclassed. These types behave the same.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np


class Struct(tuple[Any, ...]):
    """What the result types have in common; only the types below are ever made."""

    __slots__ = ()
    n_fields: int
    n_sequence_fields: int
    n_unnamed_fields = 0

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __new__(cls, sequence: Any, /) -> Struct:
        """Make a value from one sequence that holds every field in order."""
        try:
            values = tuple(sequence)
        except TypeError:
            raise TypeError("constructor requires a sequence") from None
        if len(values) != cls.n_fields:
            raise TypeError(f"{cls.__name__}() takes a {cls.n_fields}-sequence ({len(values)}-sequence given)")
        return super().__new__(cls, values)

    def _asdict(self) -> dict[str, Any]:
        """Return the fields by name; a nested request stays a TradeRequest."""
        return dict(zip(type(self).__match_args__, self, strict=True))

    def __repr__(self) -> str:
        pairs = zip(type(self).__match_args__, self, strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"

    __match_args__: tuple[str, ...] = ()


def _refuse_subclass(cls: Any, /, **_: Any) -> NoReturn:
    raise TypeError(f"type '{cls.__mro__[1].__name__}' is not an acceptable base type")


def _struct(name: str, fields: str) -> type[Struct]:
    names = tuple(fields.split())
    body: dict[str, Any] = {field: property(itemgetter(place)) for place, field in enumerate(names)}
    body.update(
        __slots__=(),
        # A type that cannot be found again by its name cannot be pickled, here as in the package.
        __module__="builtins",
        __match_args__=names,
        n_fields=len(names),
        n_sequence_fields=len(names),
    )
    made = type(name, (Struct,), body)
    made.__init_subclass__ = classmethod(_refuse_subclass)  # type: ignore[assignment]  # only its subclasses are refused
    return made


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
