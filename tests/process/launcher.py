"""`python -m supervisor`, on a machine whose clock is wrong, or which looks for other instances more often.

    python -m tests.process.launcher '{"clock": -86400, "beat": 2}' config.toml

`clock`: seconds that this machine's clock is ahead. `beat`: seconds between two looks for another instance. `real`: the
exchange of a dry run says that it could place real orders. The program knows nothing of it.
"""

import json
import sys
import time

from msgspec.structs import force_setattr

import supervisor
from adapters.exchanges.kraken.account import company
from adapters.exchanges.kraken.exchange import NETWORK
from assembly.world import MACHINE
from simulators.paper.exchange import PaperExchange

_PROOF = 1.25
"""Beats that a process waits for a sign of another one."""


def main() -> int:
    """The exit code of the program."""
    changes = json.loads(sys.argv[1])
    if "clock" in changes:
        ahead = int(changes["clock"] * 10**9)

        def wall() -> int:
            return time.time_ns() + ahead

        force_setattr(MACHINE, "wall", wall)
        force_setattr(NETWORK, "wall", wall)
    if "beat" in changes:
        company.BEAT_SECONDS = changes["beat"]
        company.PROOF_SECONDS = changes["beat"] * _PROOF
    if "real" in changes:
        PaperExchange.simulated = False
    return supervisor.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
