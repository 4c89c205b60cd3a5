"""symbol_info's 96 fields: the terms of a symbol and its day so far."""

from __future__ import annotations

from typing import Any

from . import constants as mt5
from . import structs
from .market import Quote
from .money import Rates, worth_of_one
from .rates import TIMEFRAMES, History
from .structs import Struct
from .symbols import SymbolSpec

_ORDER_MODES_ALL = 127
_EXPIRATION_MODES_ALL = 15
_NOTHING: dict[str, Any] = {
    name: "" if name in ("basis", "category", "bank", "exchange", "formula", "isin", "page") else 0.0
    for name in structs.SymbolInfo.__match_args__
}
_WHOLE = (
    "session_deals", "session_buy_orders", "session_sell_orders", "volume", "volumehigh", "volumelow",
    "ticks_bookdepth", "start_time", "expiration_time", "trade_stops_level", "trade_freeze_level",
    "option_mode", "option_right", "chart_mode", "time", "spread",
)  # fmt: skip


def symbol_view(spec: SymbolSpec, history: History, rates: Rates, *, selected: bool) -> Struct:
    """Show a symbol; prices are zero while it is not in the Market Watch."""
    fields = _NOTHING | dict.fromkeys(_WHOLE, 0) | _terms(spec) | {"select": selected, "visible": selected}
    quote = history.feed.tick_at(history.now_msc)
    if quote is not None:
        fields |= _tick_values(spec, quote, rates)
        if selected:
            fields |= _prices(spec, quote, history)
    return structs.SymbolInfo(fields.values())


def _terms(spec: SymbolSpec) -> dict[str, Any]:
    return {
        "custom": False,
        "digits": spec.digits,
        "spread_float": True,
        "trade_calc_mode": mt5.SYMBOL_CALC_MODE_FOREX,
        "trade_mode": spec.trade_mode,
        "trade_exemode": spec.trade_exemode,
        "trade_stops_level": spec.stops_level,
        "swap_mode": mt5.SYMBOL_SWAP_MODE_DISABLED,
        "swap_rollover3days": mt5.DAY_OF_WEEK_WEDNESDAY,
        "margin_hedged_use_leg": False,
        "expiration_mode": _EXPIRATION_MODES_ALL,
        "filling_mode": spec.filling_mode,
        "order_mode": _ORDER_MODES_ALL,
        "order_gtc_mode": mt5.SYMBOL_ORDERS_GTC,
        "point": spec.point,
        "trade_tick_size": spec.point,
        "trade_contract_size": spec.contract_size,
        "volume_min": spec.volume_min,
        "volume_max": spec.volume_max,
        "volume_step": spec.volume_step,
        "margin_hedged": spec.margin_hedged,
        "currency_base": spec.base,
        "currency_profit": spec.profit,
        "currency_margin": spec.base,
        "description": spec.description,
        "name": spec.name,
        "path": f"Forex\\Majors\\{spec.name}",
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
    days = history.bars(frame, today - 1, today)
    day, before = days[-1], days[0] if len(days) > 1 else None
    bid, ask = spec.price(quote.bid), spec.price(quote.ask)
    fields = {
        "time": history.clock.to_server_s(quote.time_msc // 1000),
        "spread": quote.ask - quote.bid,
        "bid": bid,
        "bidhigh": float(day["high"]),
        "bidlow": float(day["low"]),
        "ask": ask,
        # Bars are bid bars: the day's asks are told from its bids and its smallest spread.
        "askhigh": max(ask, round(float(day["high"]) + int(day["spread"]) * spec.point, spec.digits)),
        "asklow": min(ask, round(float(day["low"]) + int(day["spread"]) * spec.point, spec.digits)),
        "session_open": float(day["open"]),
    }
    if before is not None:
        close = float(before["close"])
        fields |= {"session_close": close, "price_change": round((bid / close - 1) * 100, 4)}
    return fields
