"""MetaTrader 5 in OpenTelemetry's terms: code names, and what one call of its package means."""
