"""The order in which everything stops: strategies, order-manager, exchange, persistence, notifier.

The whole takes `shutdown_seconds` at the most. Whoever is not running is not waited for; whoever does
not answer is cancelled when its share of the time is over.
"""

from collections.abc import Callable

import trio

from assembly.wiring import Mailboxes, actor_name
from config import Config
from messages.account import StopTrading
from messages.journal import Close
from messages.status import Stop
from supervision.stop_request import StopControl

SHARES = {"strategies": 0.3, "orders": 0.3, "persistence": 0.15}
"""Each phase's share of `shutdown_seconds`; the rest belongs to the notifier, whose own limit is two seconds."""


async def stop_in_order(
    config: Config,
    control: StopControl,
    mail: Mailboxes,
    end_trading: Callable[[], None],
    hurry: trio.Event | None = None,
) -> bool:
    """Let each actor finish what it does. Shielded: an impatient caller cannot tear an order apart.

    Returns whether all that `on_stop` asks for was carried out: not so when the exchange is away, when a strategy is
    halted, or when time was up, which is at once when `hurry` is set.
    """
    strategies = {actor_name(strategy) for strategy in config.strategy}
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            if hurry is not None:
                nursery.start_soon(_heed, hurry, control)
            await _stop_each(config, control, mail, end_trading)
            nursery.cancel_scope.cancel()
    return control.have_finished({*strategies, "order-manager"})


async def _heed(hurry: trio.Event, control: StopControl) -> None:
    await hurry.wait()
    control.hurry()


async def _stop_each(config: Config, control: StopControl, mail: Mailboxes, end_trading: Callable[[], None]) -> None:
    seconds = float(config.supervisor.shutdown_seconds)
    begin = trio.current_time()
    for mailbox in mail.strategies.values():
        mailbox.post(Stop(config.bot.on_stop))
    with control.within(seconds * SHARES["strategies"]):
        await control.gone({actor_name(strategy) for strategy in config.strategy})
    mail.orders.post(StopTrading())
    # Without a connection it is restored meanwhile, and the strategies do their part then (`Strategies.run_all`).
    # What the strategies left of their share is good for cancels, which may have to wait for the rate budget.
    until = begin + seconds * (SHARES["strategies"] + SHARES["orders"])
    with control.within(until - trio.current_time()):
        await control.done("order-manager")
    end_trading()
    mail.persistence.post(Close())
    with control.within(seconds * SHARES["persistence"]):
        await control.gone({"persistence"})
