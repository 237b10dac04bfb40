"""The order in which everything stops: strategies, order-manager, exchange, persistence, notifier.

The whole takes `shutdown_seconds` at the most. Whoever is not running is not waited for; whoever does
not answer is cancelled when its share of the time is over.
"""

from collections.abc import Callable

import trio

from config import Config
from messages.account import StopTrading
from messages.journal import Close
from messages.status import Stop
from supervision.control import Control
from supervision.program import Mailboxes, actor_name

SHARES = {"strategies": 0.3, "orders": 0.3, "persistence": 0.15}
"""Of `shutdown_seconds`; what is left belongs to the notifier, whose own limit is two seconds."""


async def stop_in_order(config: Config, control: Control, mail: Mailboxes, end_trading: Callable[[], None]) -> bool:
    """Let each actor finish what it does. Shielded: an impatient caller cannot tear an order apart.

    Returns whether all that `on_stop` asks for was carried out: not so when the exchange is away, when a strategy is
    halted, or when time was up.
    """
    seconds = float(config.supervisor.shutdown_seconds)
    strategies = {actor_name(strategy) for strategy in config.strategy}
    with trio.CancelScope(shield=True):
        for mailbox in mail.strategies.values():
            mailbox.post(Stop(config.bot.on_stop))
        with trio.move_on_after(seconds * SHARES["strategies"]):
            await control.gone(strategies)
        mail.orders.post(StopTrading())
        with trio.move_on_after(seconds * SHARES["orders"]):
            await control.gone({"order-manager"})
        end_trading()
        mail.persistence.post(Close())
        with trio.move_on_after(seconds * SHARES["persistence"]):
            await control.gone({"persistence"})
    return control.have_finished({*strategies, "order-manager"})
