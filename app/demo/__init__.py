"""The demo trader."""
