"""Prices at any instant: feeds, bars, ticks, sessions, the server's clock. Knows nothing of accounts."""
