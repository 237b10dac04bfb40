"""The tree as a whole, embedded: what starts, what survives which failure, and how it ends."""

import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

import supervisor
from adapters.journal.journal import Journal
from assembly import registry
from assembly.world import World
from config import Config, ConfigError, parse
from messages.market import Tick
from messages.status import Status
from simulators.paper.exchange import PaperExchange, open_paper
from supervision.stop_request import ProgramFailed
from tests.embedded import PATIENCE, until
from tests.process import running
from trading.ports import BotStateError, DatabaseUnusable, ExchangeUnavailable


def configured(folder: Path, *, metrics: bool = False) -> Config:
    path = running.configuration(folder, speed="100", metrics=metrics)
    text = path.read_text().replace('"trial.duckdb"', f'"{folder / "trial.duckdb"}"')
    return parse(text, "trial.toml", {}, registry.known())


def all_trading(status: Status) -> bool:
    return status.state == "RUNNING" and all(s.phase == "trading" and s.orders for s in status.strategies)


def sound(database: Path, *, connected: bool = True) -> None:
    """What must hold after any history: no cause led to two orders, journal and exchange agree.

    They need not in two things, which are the next start's business, and in nothing else. The market goes on while the
    program stops, so that fills of its last moments are at the exchange alone; `connected`: those are newer than all
    that the journal knows. An order whose answer was not written any more is `requested`.
    """
    assert running.placed_twice(database) == []
    orders = {str(order["order_id"]): order for order in running.paper_orders(database)}
    assert len(orders) == len(running.paper_orders(database))
    journal = running.statuses(database)
    at_exchange = {order_id: order["status"] for order_id, order in orders.items()}
    rests = {order_id for order_id, status in at_exchange.items() if status == "open"}
    assert {journal.get(order_id) for order_id in rests} <= {"open", "requested"}
    counted_on = {order_id for order_id, status in journal.items() if status == "open"}
    gone = {order_id: at_exchange.get(order_id) for order_id in counted_on - rests}
    assert set(gone.values()) <= {"filled"}, gone
    newest = max((int(str(fill[6])) for fill in running.fills(database)), default=0)
    assert not connected or all(int(str(orders[order_id]["time"])) >= newest for order_id in gone)


async def test_an_embedded_program_tells_its_state_and_leaves_nothing_global(tmp_path: Path) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    root = (logging.getLogger().level, list(logging.getLogger().handlers))
    async with trio.open_nursery() as nursery:
        handle = await nursery.start(supervisor.run, configured(tmp_path, metrics=True))
        assert handle.port
        await until(handle, all_trading)
        nursery.cancel_scope.cancel()
    assert handle.status().state == "SHUTDOWN_REQUESTED"
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert (logging.getLogger().level, list(logging.getLogger().handlers)) == root
    sound(tmp_path / "trial.duckdb")


async def test_a_configuration_built_by_hand_is_checked_as_well(tmp_path: Path) -> None:
    config = configured(tmp_path)
    strategies = (config.strategy[0], config.strategy[0])
    wrong = Config(exchange=config.exchange, strategy=strategies, persistence=config.persistence)
    with pytest.raises(ConfigError, match="userref"):
        await supervisor.run(wrong)


async def test_an_unusable_database_is_told_to_the_caller_of_the_start(tmp_path: Path) -> None:
    (tmp_path / "trial.duckdb").mkdir()
    with pytest.raises(DatabaseUnusable):
        await supervisor.run(configured(tmp_path))


async def test_two_programs_run_side_by_side_in_one_process(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    async with trio.open_nursery() as nursery:
        handles = []
        for folder in folders:
            folder.mkdir()
            handles.append(await nursery.start(supervisor.run, configured(folder)))
        for handle in handles:
            await until(handle, all_trading)
        nursery.cancel_scope.cancel()


async def test_a_journal_that_fails_for_a_while_stops_commands_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = Journal.write, iter([False] * 12 + [True] * 2)

    def sometimes(journal: Journal, messages: object) -> None:
        if next(failures, False):
            raise DatabaseUnusable("the disk is full")
        write(journal, messages)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "write", sometimes)
    async with trio.open_nursery() as nursery:
        handle = await nursery.start(supervisor.run, configured(tmp_path))
        await until(handle, lambda status: any(a.actor == "persistence" and a.restarts == 2 for a in status.actors))
        await until(handle, all_trading)
        await until(handle, lambda status: sum(s.buys_filled for s in status.strategies) >= 3)
        nursery.cancel_scope.cancel()
    sound(tmp_path / "trial.duckdb")


async def test_a_journal_that_stays_broken_is_waited_for_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(journal: Journal, messages: object) -> None:
        raise DatabaseUnusable("the disk is full")

    monkeypatch.setattr(Journal, "write", never)
    config = parse(
        running.configuration(tmp_path, speed="100")
        .read_text()
        .replace('"trial.duckdb"', f'"{tmp_path / "trial.duckdb"}"')
        .replace("backoff_seconds = 0.1", "restart_limit = 2"),
        "trial.toml",
        {},
        registry.known(),
    )
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            handle = await nursery.start(supervisor.run, config)
            status = await until(handle, lambda status: restarts(status) > 3)
            assert [(row.code, row.blocks) for row in status.conditions] == [("database", True)]
            assert status.state != "ERROR"
            nursery.cancel_scope.cancel()


def restarts(status: Status) -> int:
    """How often persistence was started again."""
    return next((actor.restarts for actor in status.actors if actor.actor == "persistence"), 0)


OpenPaper = Callable[..., AbstractAsyncContextManager[PaperExchange]]


def faulty(fault: Callable[[PaperExchange], None]) -> World:
    """Surroundings in which every paper exchange is changed by `fault` before anybody uses it."""

    @asynccontextmanager
    async def opened(config: Config, store: object, *, now: int, source: str) -> AsyncIterator[PaperExchange]:
        async with open_paper(config.exchange.paper, store, start_time=now, origin=source) as exchange:  # type: ignore[arg-type]
            fault(exchange)
            yield exchange

    return World(exchange=lambda name: opened)


async def test_a_lost_private_connection_resyncs_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = iter([False] * 6 + [True] + [False] * 5 + [True])

    def fault(exchange: PaperExchange) -> None:
        place = exchange.place

        async def sometimes(orders: object) -> None:
            await place(orders)  # type: ignore[arg-type]
            if next(lost, False):
                raise ExchangeUnavailable("the reply was lost after the orders were placed")

        monkeypatch.setattr(exchange, "place", sometimes)

    run = partial(supervisor.run, world=faulty(fault))
    async with trio.open_nursery() as nursery:
        handle = await nursery.start(run, configured(tmp_path))
        await until(handle, lambda status: any(a.actor == "order-manager" and a.restarts == 2 for a in status.actors))
        await until(handle, all_trading)
        nursery.cancel_scope.cancel()
    sound(tmp_path / "trial.duckdb", connected=False)


async def test_a_refused_key_ends_the_program_with_exit_code_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(exchange: PaperExchange) -> None:
        async def refuse() -> None:
            raise BotStateError("the key may not place orders")

        monkeypatch.setattr(exchange, "snapshot", refuse)

    with trio.fail_after(PATIENCE), pytest.raises(ProgramFailed) as failed:
        await supervisor.run(configured(tmp_path), world=faulty(fault))
    assert (failed.value.exit_code, failed.value.reason) == (3, "the key may not place orders")


async def test_a_lost_price_feed_is_reopened_while_orders_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = iter([True, True])

    def fault(exchange: PaperExchange) -> None:
        prices = exchange.prices

        @asynccontextmanager
        async def sometimes(symbols: list[str]) -> AsyncIterator[AsyncIterator[Tick]]:
            if next(lost, False):
                raise ExchangeUnavailable("nobody answers")
            async with prices(symbols) as ticks:
                yield ticks

        monkeypatch.setattr(exchange, "prices", sometimes)

    run = partial(supervisor.run, source="trial.toml", world=faulty(fault))
    async with trio.open_nursery() as nursery:
        handle = await nursery.start(run, configured(tmp_path))
        status = await until(handle, all_trading)
        assert {a.actor: a.restarts for a in status.actors}.get("market-data") == 2
        assert not any(a.restarts for a in status.actors if a.actor.startswith("strategy"))
        nursery.cancel_scope.cancel()
