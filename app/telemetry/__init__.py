"""The words trading code speaks to telemetry, and the names behind them."""
