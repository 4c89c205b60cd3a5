"""`python -m app`: the same as `mt5-otel`."""

from app.cli import main

if __name__ == "__main__":
    main()
