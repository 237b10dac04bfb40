"""Backtests: `python -m backtest config.toml`. The parts are in `backtesting`."""

import sys

from backtesting.cli import main

if __name__ == "__main__":
    sys.exit(main())
