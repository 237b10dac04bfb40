"""What channels cost the trading: `python -m tests.benchmarks.bench_notifier`.

An hour of virtual time in which every second fills orders, with the real strategy, notifier and outboxes: first
without a notifier, then with channels that hang, that fail at once, that take everything at once, and with real
ones whose service hangs or answers on loopback. Prints the time from a cause in the strategy's mailbox to its
commit at persistence, as processor time of the thread (notifier and channels share it) and by the wall (on a busy
machine mostly other processes); late is what waited for a timer, by the virtual clock. Then what hanging leaves
in memory.
"""

import gc
import logging
import statistics
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import trio
from trio.testing import MockClock

from actors.notifier.outbox import Outbox
from adapters.channels.telegram import open_telegram
from adapters.channels.webhook import open_webhook
from config import ChannelConfig, Secret
from tests.actors.channels import FakeChannel
from tests.actors.trading_hour import HOUR, Hour, Trader
from tests.adapters.channels.stand_in import HANGS, OK, Reply, service
from trading.ports import Channel, ChannelError

Make = Callable[[], list[Channel]]
SOCKET_SECONDS = 600
"""Trading seconds of the runs over sockets, which take real time: the clock goes 60 times as fast."""
RATE = 60.0


def hanging() -> list[Channel]:
    return [FakeChannel(name, seconds=1e9) for name in ("one", "two", "three")]


def failing() -> list[Channel]:
    channels = [FakeChannel(name) for name in ("one", "two", "three")]
    for channel in channels:
        channel.error = ChannelError("no connection")
    return list(channels)


def working() -> list[Channel]:
    return [FakeChannel(name) for name in ("one", "two", "three")]


async def virtual_hour(channels: list[Channel], *, with_notifier: bool) -> Hour:
    trader = Trader([Outbox(channel) for channel in channels])
    async with trader.running(with_notifier=with_notifier):
        await trader.trade(HOUR, with_notifier=with_notifier)
    return trader.hour


@asynccontextmanager
async def real_channels(reply: Reply) -> AsyncIterator[list[Channel]]:
    """Telegram and a web-hook whose service is on loopback."""
    async with service(reply) as found:
        telegram = {"token": Secret("1:a"), "chat_id": Secret("5"), "base_url": Secret(found.url)}
        yield [
            open_telegram(ChannelConfig("telegram", "telegram", options=dict(telegram))),
            open_webhook(ChannelConfig("webhook", "webhook", options={"url": Secret(found.url)})),
        ]


async def over_sockets(reply: Reply) -> Hour:
    async with real_channels(reply) as channels:
        trader = Trader([Outbox(channel) for channel in channels])
        async with trader.running():
            await trader.trade(SOCKET_SECONDS)
        return trader.hour


async def without_over_sockets() -> Hour:
    trader = Trader([])
    async with trader.running(with_notifier=False):
        await trader.trade(SOCKET_SECONDS, with_notifier=False)
    return trader.hour


async def memory() -> tuple[int, int, int]:
    """Bytes that the outboxes hold after a quarter of an hour and after a whole one; fills of the second."""
    trader = Trader([Outbox(channel) for channel in hanging()])
    async with trader.running():
        await trader.trade(HOUR // 4)
        gc.collect()
        early = tracemalloc.take_snapshot()
        await trader.trade(HOUR)
        gc.collect()
        late = tracemalloc.take_snapshot()
    return _held(early), _held(late), trader.hour.fills


def _held(snapshot: tracemalloc.Snapshot) -> int:
    names = (
        "*/actors/notifier/outbox.py",
        "*/actors/notifier/digest.py",
        "*/actors/notifier/notice_texts.py",
        "*/actors/notifier/actor.py",
    )
    kept = snapshot.filter_traces([tracemalloc.Filter(True, name) for name in names])
    return sum(trace.size for trace in kept.statistics("filename"))


def show(name: str, hour: Hour, *, virtual: bool = True) -> None:
    """One line a kind of cause."""
    for cause in ("tick", "fill"):
        taken = [decision for decision in hour.decisions if decision.cause == cause]
        cpu = sorted(decision.cpu * 1e6 for decision in taken)
        wall = sorted(decision.wall * 1e6 for decision in taken)
        waited = sum(decision.virtual > 0 for decision in taken)
        counted = f"{waited} of {len(taken)} late" if virtual else f"{len(taken)} decisions"
        print(
            f"{name:32} {cause} to decision: median {statistics.median(cpu):4.0f} us, p99 {_p99(cpu):4.0f} us; "
            f"by the wall {statistics.median(wall):4.0f} and {_p99(wall):5.0f} us; {counted}"
        )


def _p99(ordered: Sequence[float]) -> float:
    return ordered[int(len(ordered) * 0.99)]


def main() -> None:
    """Print all figures."""
    logging.disable()
    rounds: Sequence[tuple[str, Make, bool]] = [
        ("without a notifier", list, False),
        ("three channels that hang", hanging, True),
        ("three channels that fail", failing, True),
        ("three channels that work", working, True),
    ]
    for name, make, with_notifier in rounds:
        clock = MockClock(autojump_threshold=0)
        channels = make()

        async def hour(channels: list[Channel] = channels, with_notifier: bool = with_notifier) -> Hour:
            return await virtual_hour(channels, with_notifier=with_notifier)

        show(name, trio.run(hour, clock=clock))
    show("the same without sockets", trio.run(without_over_sockets, clock=MockClock(rate=RATE)), virtual=False)
    for name, reply in (("Telegram and web-hook that hang", HANGS), ("Telegram and web-hook that work", OK)):
        show(name, trio.run(over_sockets, reply, clock=MockClock(rate=RATE)), virtual=False)
    tracemalloc.start()
    early, late, fills = trio.run(memory, clock=MockClock(autojump_threshold=0))
    print(
        f"three outboxes hold {early / 1024:.0f} KiB after 15 min, {late / 1024:.0f} KiB after 75 min ({fills} fills)"
    )


if __name__ == "__main__":
    main()
