"""Who reads a strategy's mailbox while the strategy itself cannot run: its core failed, or its pair is not known."""

from collections.abc import Callable

from actors.mailbox import Mailbox
from actors.strategy import Outlets
from messages.mailboxes import OrderManagerMail, StrategyMail
from messages.market import RowDone, RowEnd, Tick
from messages.status import Pause, PhaseChanged, Stop


async def run_halted_strategy(
    userref: int,
    mailbox: Mailbox[StrategyMail],
    orders: Mailbox[OrderManagerMail],
) -> None:
    """Stand in for a halted strategy until `Stop`: its orders stay, and the order-manager journals their fills."""
    while True:
        for message in await mailbox.receive():
            if isinstance(message, RowEnd):
                orders.post(RowDone(userref, message.row))
            elif isinstance(message, Stop):
                return


async def await_facts(
    userref: int,
    mailbox: Mailbox[StrategyMail],
    outlets: Outlets,
    ready: Callable[[], bool],
    reason: str,
) -> bool:
    """Stand in for a strategy whose pair is unknown until `ready`; False when `Stop` came first.

    Its orders stay, and the order-manager journals their fills; the start that follows answers them.
    """
    newest: Tick | None = None
    while not ready():
        outlets.supervisor.post(PhaseChanged(userref, "halted", reason))
        told = reason
        while told == reason and not ready():
            for message in await mailbox.receive():
                match message:
                    case Tick():
                        newest = message
                    case RowEnd():
                        outlets.orders.post(RowDone(userref, message.row))
                    case Pause():
                        reason = message.reason
                    case Stop():
                        return False
                    case _:
                        pass
    if newest is not None:
        mailbox.put_back_newest(newest.symbol, newest)
    return True
