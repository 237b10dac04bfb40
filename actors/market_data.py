"""Market-data: hands each price to the strategies of its symbol, and distinguishes a quiet feed from a dead one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing

import trio
import trio_util
from trio import TaskStatus

from actors.mailbox import Mailbox
from actors.metrics.status_page import post_report
from messages.mailboxes import MetricsMail, StrategyMail, SupervisorMail
from messages.market import Tick
from messages.status import PriceBack, PriceReport, PriceSilent
from trading.ports import Exchange, ExchangeUnavailable

WATCH_SECONDS = 5
"""How often the age of prices is looked at; small against the ten minutes of the policy."""


async def run_market_data(
    exchange: Exchange,
    subscribers: Mapping[str, Sequence[Mailbox[StrategyMail]]],
    watch: Mailbox[Tick],
    metrics: Mailbox[MetricsMail],
    *,
    lock_step: bool,
    task_status: TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Subscribe to all symbols over one connection and pass prices on until cancelled.

    Ticks are conflated, so that a slow strategy sees the newest one and never a backlog; in lock-step no
    tick comes before the one before it was taken. Raises what the exchange's feed raises.
    """
    async with exchange.prices(tuple(subscribers)) as ticks:
        task_status.started()
        async for tick in ticks:
            for mailbox in subscribers[tick.symbol]:
                # In lock-step the end of the row wakes the strategy, which takes both at once.
                mailbox.post_newest(tick.symbol, tick, wake=not lock_step)
            watch.post_newest(tick.symbol, tick)
            post_report(metrics, PriceReport(tick.symbol, tick.price, tick.time))
    raise ExchangeUnavailable("the price feed ended")


async def run_price_watch(
    mailbox: Mailbox[Tick],
    timeouts: Mapping[str, int],
    market_open: Callable[[str], bool],
    supervisor: Mailbox[SupervisorMail],
) -> None:
    """Tell the supervisor of symbols without a price for `timeouts[symbol]` seconds of an open market.

    Receipt counts, not the exchange's stamp. A closed market may be silent for ever. A watch that restarts does not
    know what the one before it has told, so that the first price of each symbol ends a silence in any case.
    """
    unsure = set(timeouts)
    seen = dict.fromkeys(timeouts, trio.current_time())
    silent: set[str] = set()
    async with aclosing(trio_util.periodic(WATCH_SECONDS)) as looks:
        async for _ in looks:
            now = trio.current_time()
            for tick in mailbox.receive_nowait():
                seen[tick.symbol] = now
                if tick.symbol in silent | unsure:
                    silent.discard(tick.symbol)
                    unsure.discard(tick.symbol)
                    supervisor.post(PriceBack(tick.symbol))
            for symbol, timeout in timeouts.items():
                if not market_open(symbol):
                    seen[symbol] = now
                elif symbol not in silent and now - seen[symbol] >= timeout:
                    silent.add(symbol)
                    supervisor.post(PriceSilent(symbol, int(now - seen[symbol])))
