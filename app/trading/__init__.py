"""Placing and closing: risk checks, the journal, the broker, and what came of it."""
