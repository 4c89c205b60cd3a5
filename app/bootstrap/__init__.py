"""Builds everything from settings: opens in order, closes in reverse."""
