"""A folder for PYTHONPATH, in which `import MetaTrader5` finds the simulator."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
