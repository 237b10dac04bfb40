"""One userref, one pair, one kind: what is left of a past stands in the way of another one."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from assembly.pasts import carried_over, described, left_behind, left_over, refuse_changed_pasts, rest_of
from config import Config, ConfigError
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.journal import CoreLoaded, LeftBehind, Origin, Past, PastOrder
from messages.money import ZERO, Pair
from tests.config.texts import VALID, read
from trading.strategies import state as states
from trading.strategies.settings import GridSettings
from trading.strategies.state import GridState, OwnOrder, RememberedSell

ONE = Decimal(1)
BUY = OwnOrder(
    ClientOrderId("g1"),
    "buy",
    Decimal(100),
    Decimal(2),
    "ladder",
    "c",
    VenueOrderId(""),
    0,
    Nanos(5),
    filled=Decimal("0.5"),
)
SELL = RememberedSell(VenueOrderId("parent"), 0, Decimal(110), Decimal(3), "funds")
PAIR = Pair("BTC/USD", Decimal("0.1"), 8, 5, ZERO, ZERO)


def state(**changes: object) -> str:
    return states.save(replace(GridState(amount=ONE, interval=Decimal("0.01")), **changes))


def past(text: str, kind: str = "GridHODL", symbol: str = "BTC/USD") -> Past:
    return Past(1001, "hodl", kind, symbol, text)


@pytest.fixture
def config() -> Config:
    return read(VALID)


LEFT = [
    {"orders": {"g1": BUY}},
    {"remembered": {"parent": SELL}},
    {"owned": Decimal("0.01")},
    {"surplus": Decimal("0.01")},
]


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize(
    "other", [{"symbol": "ETH/USD"}, {"symbol": "BTC/EUR"}, {"kind": "GridSell"}, {"kind": "SWING"}]
)
def test_another_pair_or_kind_is_refused_while_anything_is_left(
    config: Config, left: dict[str, object], other: dict[str, str]
) -> None:
    before = replace(past(state(**left)), **other)
    with pytest.raises(ConfigError) as refused:
        refuse_changed_pasts([before], config, "c.toml")
    words = str(refused.value)
    for word in ("userref 1001", before.symbol, before.kind, "still has", "or another userref"):
        assert word in words


@pytest.mark.parametrize("other", [{"symbol": "ETH/USD"}, {"kind": "SWING"}])
def test_once_nothing_is_left_it_is_taken_and_told(config: Config, other: dict[str, str]) -> None:
    (told,) = refuse_changed_pasts([replace(past(state()), **other)], config, "c.toml")
    assert "nothing was left of the past" in told


@pytest.mark.parametrize("left", LEFT)
def test_the_same_pair_and_kind_go_on(config: Config, left: dict[str, object]) -> None:
    assert refuse_changed_pasts([past(state(**left))], config, "c.toml") == ()


def test_a_past_that_never_had_an_order_has_no_pair_to_change(config: Config) -> None:
    assert refuse_changed_pasts([past(state(), symbol="")], config, "c.toml") == ()


def test_a_plugins_past_is_known_by_its_orders(config: Config) -> None:
    orders = (PastOrder("buy", Decimal(100), ONE),)
    plugin = replace(past("whatever it saves", kind="Patient"), orders=orders, bought=Decimal(3))
    rest = rest_of(plugin)
    assert (rest.orders, rest.base) == (orders, Decimal(3))
    with pytest.raises(ConfigError, match="Patient on BTC/USD"):
        refuse_changed_pasts([plugin], config, "c.toml")


def test_a_userref_that_is_not_configured_any_more_is_left_over(config: Config) -> None:
    gone, done = replace(past(state(owned=ONE)), userref=7), replace(past(state()), userref=8)
    assert list(left_over([past(state(owned=ONE)), gone, done], config)) == [7]


def test_what_is_left_is_named() -> None:
    rest = rest_of(past(state(orders={"g1": BUY}, remembered={"parent": SELL}, owned=Decimal("0.50"))))
    assert described(rest, "BTC/USD") == (
        "1 open order (buy 1.5 at 100 USD), 1 sell not placed yet (sell 3 at 110 USD), 0.5 BTC that it bought"
    )


def test_an_order_whose_end_the_journal_knows_is_not_open_whatever_the_state_says() -> None:
    held = replace(past(state(orders={"g1": replace(BUY, phase="canceling")})), ended=frozenset({"g1"}))
    assert not rest_of(held)
    assert rest_of(replace(held, ended=frozenset({"g2"}))).orders
    assert rest_of(replace(held, bought=Decimal("0.5"))).base == Decimal("0.5")  # its last fill is in no state


def settings() -> GridSettings:
    return GridSettings(1001, "hodl", PAIR, ONE, Decimal("0.01"), 3, Decimal(9), ZERO, "lineage")


def test_a_state_goes_on_where_nothing_has_changed() -> None:
    text = state(counter=5)
    loaded = CoreLoaded("lineage", text, origin=Origin("GridHODL", "BTC/USD"))
    assert carried_over(loaded, settings(), "GridHODL") == (text, "lineage")
    later = replace(loaded, origin=Origin("GridHODL", "BTC/USD", era=2))
    assert carried_over(later, settings(), "GridHODL") == (text, "lineage/2")


def test_with_another_pair_the_state_begins_anew_under_ids_that_never_were() -> None:
    loaded = CoreLoaded("lineage", state(counter=5, highest_buy=ONE), origin=Origin("GridHODL", "ETH/USD"))
    text, lineage = carried_over(loaded, settings(), "GridHODL")
    assert text is not None
    assert states.load(text) == GridState(amount=ONE, interval=Decimal("0.01"))
    assert lineage == "lineage/1"


def test_another_grid_on_the_same_pair_keeps_what_it_knows() -> None:
    text = state(counter=5, highest_buy=ONE)
    loaded = CoreLoaded("lineage", text, origin=Origin("GridHODL", "BTC/USD"))
    assert carried_over(loaded, settings(), "SWING") == (text, "lineage/1")


def test_a_plugin_is_not_given_the_state_of_a_grid() -> None:
    loaded = CoreLoaded("lineage", state(), origin=Origin("GridHODL", "BTC/USD"))
    assert carried_over(loaded, settings(), "Patient") == (None, "lineage/1")


def test_what_is_left_behind_names_each_order_and_what_of_it_is_reckoned_with(config: Config) -> None:
    gone = replace(past(state(orders={"g1": BUY}, owned=ONE)), userref=7)
    (left,) = left_behind(left_over([gone], config))
    half = Decimal("0.5")
    assert left == LeftBehind(
        7, "BTC/USD", ONE, (PastOrder("buy", Decimal(100), Decimal("1.5"), ClientOrderId("g1"), half),)
    )
