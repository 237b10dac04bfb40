"""A dry run: Kraken's prices, the paper exchange's orders, and nothing that could sign one."""

from decimal import Decimal
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from adapters.exchanges.kraken import exchange as real
from adapters.exchanges.kraken import live_prices, session
from adapters.exchanges.kraken.exchange import Surroundings
from adapters.exchanges.kraken.transport import request_signing as signing
from adapters.exchanges.kraken.transport import rest_client as rest
from assembly import registry
from config import PairOverride, PaperConfig
from messages.orders import Accepted, Filled
from tests.adapters.exchanges.kraken.kraken_config import configured
from tests.adapters.exchanges.kraken.market_data.test_last_prices import confirm, say, trade
from tests.adapters.exchanges.kraken.support import START, Far, Peer, place, wall
from tests.adapters.exchanges.kraken.test_exchange import table


class Store:
    """A paper account that is not kept."""

    async def load(self) -> tuple[str | None, dict[str, str]]:
        """New."""
        return None, {}

    async def save(self, account: str, orders: dict[str, str]) -> None:
        """Forgotten."""


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries to make something that signs, fails."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a dry run made something that could place a real order")

    for kind in (signing.Signer, rest.PrivateRest, session.KrakenSession, session.LiveAccount, real.KrakenExchange):
        monkeypatch.setattr(kind, "__init__", refuse)


@pytest.mark.usefixtures("no_keys")
async def test_a_dry_run_trades_on_paper_with_live_prices_and_rules(tmp_path: Path, autojump_clock: MockClock) -> None:
    peer, answers = Peer(), table()
    surroundings = Surroundings(wall, peer.dial, answers.transport)
    config = configured(tmp_path, dry_run=True)
    far: list[Far] = []

    async def answer() -> None:
        far.append(await peer.accepted())
        await confirm(far[0], ("BTC/USD",))

    async with (
        live_prices.connect_dry_run(config, Store(), now=START, source="c.toml", world=surroundings) as exchange,
        trio.open_nursery() as nursery,
    ):
        assert exchange.simulated
        assert not exchange.lock_step
        assert (await exchange.pair("BTC/USD")).min_volume == Decimal("0.00005")
        assert await exchange.last_price("BTC/USD") == Decimal("61250.00000")
        nursery.start_soon(answer)
        async with exchange.trading() as account, exchange.prices(["BTC/USD"]) as ticks:
            await say(far[0], trade(1, "61250.0"), kind="snapshot")
            assert (await anext(ticks)).price == Decimal("61250.0")
            await account.place([place(1)])
            await say(far[0], trade(2, "59999.0"))
            await anext(ticks)
            with trio.move_on_after(1):
                await anext(ticks)
            events = account.events()
            kinds = [type(await anext(events)) for _ in range(3)]
    assert kinds[0] is Accepted
    assert Filled in kinds
    assert [name for name, _ in answers.calls if name not in ("Time", "AssetPairs", "Ticker")] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_keys")
async def test_configured_rules_win_over_listed_ones(tmp_path: Path, autojump_clock: MockClock) -> None:
    paper = PaperConfig(
        balances={"USD": Decimal(1)}, prices="kraken", pairs={"BTC/USD": PairOverride(min_volume=Decimal(7))}
    )
    config = configured(tmp_path, adapter="paper", keys=False, paper=paper)
    surroundings = Surroundings(wall, Peer().dial, table().transport)
    async with live_prices.connect_dry_run(config, Store(), now=START, source="c.toml", world=surroundings) as exchange:
        pair = await exchange.pair("BTC/USD")
    assert (pair.min_volume, pair.tick_size) == (Decimal(7), Decimal("0.1"))


@pytest.mark.parametrize(
    ("adapter", "dry_run", "prices", "opened"),
    [
        ("kraken", True, "synthetic", "open_dry_run"),
        ("paper", False, "kraken", "open_dry_run"),
        ("kraken", False, "synthetic", "open_kraken"),
    ],
)
def test_the_registry_opens_the_real_account_only_when_it_is_asked_for_in_so_many_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    adapter: str,
    dry_run: bool,
    prices: str,
    opened: str,
) -> None:
    called: list[str] = []
    monkeypatch.setattr(live_prices, "open_dry_run", lambda *_, **__: called.append("open_dry_run"))
    monkeypatch.setattr(real, "open_kraken", lambda *_, **__: called.append("open_kraken"))
    paper = PaperConfig(balances={"USD": Decimal(1)}, prices=prices)
    config = configured(tmp_path, adapter=adapter, dry_run=dry_run, paper=paper)
    registry.exchange(adapter)(config, Store(), now=START, source="c.toml")
    assert called == [opened]
