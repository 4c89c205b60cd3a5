"""The package's functions: their names, how they take arguments, and what they answer when they fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["none", "positional", "keywords"]

FUNCTIONS: Mapping[str, tuple[Kind, Any]] = {
    "initialize": ("keywords", False),
    "login": ("keywords", False),
    "shutdown": ("none", True),
    "version": ("none", (0, 0, "")),
    "last_error": ("none", None),
    "terminal_info": ("none", None),
    "account_info": ("none", None),
    "symbols_total": ("none", None),
    "symbols_get": ("keywords", None),
    "symbol_info": ("positional", None),
    "symbol_info_tick": ("positional", None),
    "symbol_select": ("positional", False),
    "market_book_add": ("positional", None),
    "market_book_get": ("positional", None),
    "market_book_release": ("positional", None),
    "copy_rates_from": ("positional", None),
    "copy_rates_from_pos": ("positional", None),
    "copy_rates_range": ("positional", None),
    "copy_ticks_from": ("positional", None),
    "copy_ticks_range": ("positional", None),
    "orders_total": ("none", None),
    "orders_get": ("keywords", None),
    "positions_total": ("none", None),
    "positions_get": ("keywords", None),
    "history_orders_total": ("positional", None),
    "history_orders_get": ("keywords", None),
    "history_deals_total": ("positional", None),
    "history_deals_get": ("keywords", None),
    "order_calc_margin": ("positional", None),
    "order_calc_profit": ("positional", None),
    "order_check": ("keywords", None),
    "order_send": ("keywords", None),
}
# Those that ask the terminal for something.
ASKING = tuple(name for name in FUNCTIONS if name not in ("shutdown", "last_error"))
