"""Backtests: `python -m backtest config.toml`. The parts are in `backtesting`."""

if __name__ == "__main__":
    # Before the imports below, which take a second.
    from backtesting.interrupts import end_at_once

    end_at_once()

import sys

from backtesting.command import main

if __name__ == "__main__":
    sys.exit(main())
