"""mt5-otel: a trading API for MetaTrader 5 in which every order is one trace."""
