"""symbol_info's 96 fields: the terms of a symbol and its day so far."""

from __future__ import annotations

from typing import Any

from ..market.conversion import Rates
from ..market.feed import Quote
from ..market.history import TIMEFRAMES, History
from ..positions.money import worth_of_one
from ..vocabulary import constants as mt5
from ..vocabulary import structs
from ..vocabulary.structs import Struct
from ..vocabulary.symbols import SymbolSpec

_NOTHING: dict[str, Any] = {
    name: "" if name in ("basis", "category", "bank", "exchange", "formula", "isin", "page") else 0.0
    for name in structs.SymbolInfo.__match_args__
}
_WHOLE = (
    "session_deals", "session_buy_orders", "session_sell_orders", "volume", "volumehigh", "volumelow",
    "ticks_bookdepth", "start_time", "expiration_time", "trade_stops_level", "trade_freeze_level",
    "option_mode", "option_right", "chart_mode", "time", "spread",
)  # fmt: skip


def symbol_view(spec: SymbolSpec, history: History, rates: Rates, *, selected: bool, priced: bool = True) -> Struct:
    """Show a symbol; prices are zero while it is not in the Market Watch, or has none."""
    fields = _NOTHING | dict.fromkeys(_WHOLE, 0) | _terms(spec) | {"select": selected, "visible": selected}
    quote = history.feed.tick_at(history.now_msc)
    if quote is not None:
        fields |= _tick_values(spec, quote, rates)
        if selected and priced:
            fields |= _prices(spec, quote, history)
    return structs.SymbolInfo(fields.values())


def _terms(spec: SymbolSpec) -> dict[str, Any]:
    return {
        "custom": False,
        "digits": spec.digits,
        "spread_float": True,
        "trade_calc_mode": spec.calc_mode,
        "trade_mode": spec.trade_mode,
        "trade_exemode": spec.trade_exemode,
        "trade_stops_level": spec.stops_level,
        "trade_freeze_level": spec.freeze_level,
        "trade_face_value": spec.face_value,
        "ticks_bookdepth": spec.book_depth,
        "swap_mode": spec.swap_mode,
        "swap_long": spec.swap_long,
        "swap_short": spec.swap_short,
        "swap_rollover3days": spec.swap_triple_day,
        "margin_hedged_use_leg": False,
        "expiration_mode": spec.expiration_mode,
        "filling_mode": spec.filling_mode,
        "order_mode": spec.order_mode,
        "order_gtc_mode": mt5.SYMBOL_ORDERS_GTC,
        "point": spec.point,
        "trade_tick_size": spec.tick,
        "trade_contract_size": spec.contract_size,
        "volume_min": spec.volume_min,
        "volume_max": spec.volume_max,
        "volume_step": spec.volume_step,
        "volume_limit": spec.volume_limit,
        "margin_initial": spec.margin_initial,
        "margin_maintenance": spec.margin_maintenance,
        "margin_hedged": spec.margin_hedged,
        "currency_base": spec.base,
        "currency_profit": spec.profit,
        "currency_margin": spec.margin,
        "description": spec.description,
        "name": spec.name,
        "path": f"{spec.path}\\{spec.name}",
    }


def _tick_values(spec: SymbolSpec, quote: Quote, rates: Rates) -> dict[str, float]:
    """What one tick is worth on one lot; converted at the side of the spread that costs who gains or loses it."""
    tick = worth_of_one(spec) * spec.tick
    gain = rates.convert(tick, spec.profit, dear=False, own=(spec, spec.price(quote.ask)))
    loss = rates.convert(tick, spec.profit, dear=True, own=(spec, spec.price(quote.bid)))
    return {"trade_tick_value": gain, "trade_tick_value_profit": gain, "trade_tick_value_loss": loss}


def _prices(spec: SymbolSpec, quote: Quote, history: History) -> dict[str, Any]:
    frame = TIMEFRAMES[mt5.TIMEFRAME_D1]
    today = history.newest(frame)
    days = history.last_bars(frame, today, 2)
    day, before = days[-1], days[0] if len(days) > 1 else None
    bid, asks = spec.price(quote.bid), history.asks(frame, today)
    fields = {
        "time": history.clock.to_server_s(quote.time_msc // 1000),
        "spread": quote.ask - quote.bid,
        "bid": bid,
        "bidhigh": _nearest(day["high"], spec),
        "bidlow": _nearest(day["low"], spec),
        "ask": spec.price(quote.ask),
        "askhigh": spec.price(asks[1]),
        "asklow": spec.price(asks[0]),
        "session_open": _nearest(day["open"], spec),
    }
    if before is not None:
        close = _nearest(before["close"], spec)
        fields |= {"session_close": close, "price_change": round((bid / close - 1) * 100, 4)}
    return fields


def _nearest(price: Any, spec: SymbolSpec) -> float:
    """The nearest double of the price that a bar has."""
    return round(float(price), spec.digits)
