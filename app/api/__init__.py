"""HTTP: parse, call, map the outcome. Nothing else knows FastAPI."""
