from decimal import Decimal

import pytest

from config.problems import ConfigError
from config.schema import PairOverride
from messages.money import Pair
from simulators.paper.pairs import KNOWN_PAIRS, pair_rules, reference_price

D = Decimal


def test_btc_usd_has_the_rules_that_kraken_states() -> None:
    assert pair_rules("BTC/USD", {}, "c.toml") == Pair("BTC/USD", D("0.1"), 8, 5, D("0.00005"), D("0.5"))


@pytest.mark.parametrize("symbol", ["ETH/USD", "SOL/EUR", "DOGE/USDT", "LINK/USD", "AAPLx/USD"])
def test_common_pairs_are_built_in(symbol: str) -> None:
    assert pair_rules(symbol, {}, "c.toml").symbol == symbol


@pytest.mark.parametrize("symbol", KNOWN_PAIRS)
def test_synthetic_prices_of_a_built_in_pair_have_enough_ticks_to_move(symbol: str) -> None:
    pair = pair_rules(symbol, {}, "c.toml")
    assert reference_price(pair) / pair.tick_size >= 1_000


def test_the_configuration_replaces_only_what_it_states() -> None:
    pair = pair_rules("BTC/USD", {"BTC/USD": PairOverride(tick_size=D("0.5"))}, "c.toml")
    assert pair == Pair("BTC/USD", D("0.5"), 8, 5, D("0.00005"), D("0.5"))


def test_a_fully_stated_pair_needs_no_built_in_rules() -> None:
    stated = PairOverride(D("0.01"), 4, 2, D("0.1"), D(1))
    pair = pair_rules("ACME/CHF", {"ACME/CHF": stated}, "c.toml")
    assert pair == Pair("ACME/CHF", D("0.01"), 4, 2, D("0.1"), D(1))
    assert reference_price(pair) == 100


def test_an_unknown_pair_names_the_key_what_to_state_and_the_closest_name() -> None:
    with pytest.raises(ConfigError) as caught:
        pair_rules("XBT/USD", {}, "c.toml")
    text = str(caught.value)
    assert text.startswith("c.toml, ")
    assert 'exchange.paper.pairs."XBT/USD"' in text
    assert "tick_size, lot_decimals, cost_decimals, min_volume, min_cost" in text
    assert 'Did you mean "BTC/USD"?' in text


def test_a_half_stated_pair_names_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="rules without lot_decimals, cost_decimals, min_volume, min_cost"):
        pair_rules("ACME/CHF", {"ACME/CHF": PairOverride(tick_size=D("0.01"))}, "c.toml")
