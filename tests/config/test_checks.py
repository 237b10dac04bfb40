import pytest

from config import parse
from config.schema import Known
from tests.config.texts import VALID, changed, lines, read

PAPER = changed('adapter = "kraken"', 'adapter = "paper"').replace("dry_run = true\n", "")


def paper(*keys: str) -> str:
    return PAPER.replace("[exchange.paper]", "\n".join(["[exchange.paper]", *keys]))


def test_the_paper_exchange_needs_no_dry_run() -> None:
    assert read(PAPER).bot.dry_run is None
    assert read(PAPER).simulated


def test_every_real_exchange_needs_a_statement_about_dry_run() -> None:
    assert lines(changed("dry_run = true\n", "")) == [
        (
            "bot.dry_run: found nothing; allowed: true (simulated orders) or false (real money); "
            'it must be stated for "kraken"'
        )
    ]


def test_false_is_a_statement_about_dry_run() -> None:
    assert not read(changed("dry_run = true", "dry_run = false")).simulated


@pytest.mark.parametrize(("adapter", "meant"), [("krakn", "kraken"), ("Kraken", "kraken"), ("papr", "paper")])
def test_an_unknown_exchange_is_answered_with_the_one_that_was_meant(adapter: str, meant: str) -> None:
    (line,) = lines(changed('"kraken"', f'"{adapter}"'))
    assert line == f'exchange.adapter: found "{adapter}"; allowed: "kraken" or "paper". Did you mean "{meant}"?'


def test_a_misspelt_paper_exchange_is_not_asked_about_dry_run() -> None:
    (line,) = lines(PAPER.replace('"paper"', '"papr"', 1))
    assert line.startswith("exchange.adapter")


def test_a_public_key_without_its_secret_is_refused() -> None:
    assert lines(changed('adapter = "kraken"', 'adapter = "kraken"\napi_public_key = "abc"')) == [
        "exchange.api_secret_key: found nothing, although the other key is given; allowed: both keys or none"
    ]


def test_a_simulated_account_without_balances_is_refused() -> None:
    (line,) = lines(changed("balances = { USD = 10000, BTC = 0.5 }", ""))
    assert line.startswith("exchange.paper.balances: found nothing; allowed: ")


def test_an_unknown_kind_is_answered_with_the_one_that_was_meant() -> None:
    assert lines(changed('"GridHODL"', '"gridhodl"')) == [
        (
            '[[strategy]] 1 "btc-hodl", kind: found "gridhodl"; allowed: "GridHODL", "GridSell", "SWING" or "cDCA". '
            'Did you mean "GridHODL"?'
        )
    ]


@pytest.mark.parametrize("quote", ["BTC", "btc"])
def test_a_pair_of_one_currency_is_refused(quote: str) -> None:
    (line,) = lines(changed('quote_currency = "USD"', f'quote_currency = "{quote}"'))
    assert line.endswith(f'found "{quote}"; allowed: another currency than base_currency')


def test_no_strategy_at_all_is_refused() -> None:
    text = "strategy = []\n" + VALID[: VALID.index("[[strategy]]")]
    assert lines(text) == ["strategy: found no strategy; allowed: at least one [[strategy]] table"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "userref = 1002",
            "userref = 1001",
            (
                '[[strategy]] 2 "eth-sell", userref: found 1001, as in [[strategy]] 1; '
                "allowed: another userref for every strategy"
            ),
        ),
        (
            '"eth-sell"',
            '"btc-hodl"',
            (
                '[[strategy]] 2 "btc-hodl", name: found "btc-hodl", as in [[strategy]] 1; '
                "allowed: another name for every strategy"
            ),
        ),
    ],
)
def test_two_strategies_share_neither_name_nor_userref(old: str, new: str, line: str) -> None:
    assert lines(changed(old, new)) == [line]


@pytest.mark.parametrize("limit", ["50", "100", "100.26"])
def test_an_amount_that_the_investment_never_allows_is_refused(limit: str) -> None:
    assert lines(changed("max_investment = 1000", f"max_investment = {limit}")) == [
        (
            f'[[strategy]] 1 "btc-hodl", max_investment: found {limit}; allowed: more than amount_per_grid (100) '
            "with a fee of 0.0026, or nothing is ever bought"
        )
    ]


def test_an_amount_just_below_the_investment_is_allowed() -> None:
    read(changed("max_investment = 1000", "max_investment = 100.27"))


def test_an_interval_that_the_configured_fee_eats_up_is_refused_with_both_numbers() -> None:
    assert lines(changed("interval = 0.02", "interval = 0.004")) == [
        (
            '[[strategy]] 1 "btc-hodl", interval: found 0.004 with a fee of 0.0026, a loss at each sell: '
            "(1 + 0.004) * (1 - 2 * 0.0026) = 0.9987792; allowed: an interval above 0.005228, "
            "so that this product is above 1"
        )
    ]


def test_the_simulated_accounts_fee_counts_when_none_is_configured() -> None:
    (line,) = lines(changed("interval = 0.03", "interval = 0.008"))
    assert line.startswith('[[strategy]] 2 "eth-sell", interval: found 0.008 with a fee of 0.0040')


def test_a_real_accounts_fee_is_not_known_yet() -> None:
    read(changed("interval = 0.03", "interval = 0.001").replace("dry_run = true", "dry_run = false"))


def test_no_fee_eats_the_interval_of_a_strategy_that_only_buys() -> None:
    read(changed("interval = 0.02", "interval = 0.004").replace('"GridHODL"', '"cDCA"'))


def test_an_unreadable_fee_is_not_replaced_by_the_accounts() -> None:
    (line,) = lines(changed("fee = 0.0026", "fee = false").replace("interval = 0.02", "interval = 0.001"))
    assert line.startswith('[[strategy]] 1 "btc-hodl", fee: ')


@pytest.mark.parametrize("prices", ["synthetic", "kraken", "a.csv", "a.csv.gz", "a.csv.zst", "A.PARQUET"])
def test_prices_come_from_a_generator_an_exchange_or_a_file(prices: str) -> None:
    assert read(paper(f'prices = "{prices}"')).exchange.paper.prices == prices


@pytest.mark.parametrize(("prices", "hint"), [("synthetc", 'Did you mean "synthetic"?'), ("paper", ""), ("a.txt", "")])
def test_other_prices_are_refused(prices: str, hint: str) -> None:
    (line,) = lines(paper(f'prices = "{prices}"'))
    assert line.startswith(
        f'exchange.paper.prices: found "{prices}"; allowed: "synthetic" or "kraken", or a file that ends in .csv,'
    )
    assert line.endswith(hint)


def test_options_of_price_files_are_refused_without_one() -> None:
    assert lines(paper('time_unit = "s"')) == [
        'exchange.paper.time_unit: found "s"; allowed: nothing, unless prices is a file'
    ]


def test_a_first_synthetic_price_is_refused_for_a_file() -> None:
    assert lines(paper('prices = "a.csv"', "start_price = 5")) == [
        'exchange.paper.start_price: found 5; allowed: nothing, unless prices is "synthetic"'
    ]


def test_a_backoff_that_starts_above_its_cap_is_refused() -> None:
    assert lines(VALID + "[supervisor]\nbackoff_seconds = 90") == [
        "supervisor.backoff_cap_seconds: found 60; allowed: backoff_seconds (90) or more"
    ]


def _live(text: str) -> str:
    return text.replace('kind = "GridHODL"', 'kind = "SWING"')


def test_what_a_swing_may_sell_of_the_accounts_own_base_has_to_be_stated_for_real_money() -> None:
    live = _live(changed("dry_run = true", "dry_run = false"))
    (line,) = lines(live)
    assert line.startswith('[[strategy]] 1 "btc-hodl", sell_existing_base: found nothing; allowed: true (')
    assert "BTC that the account holds already" in line
    for stated in ("true", "false"):
        read(live.replace("userref = 1001", f"userref = 1001\nsell_existing_base = {stated}"))


def test_a_simulated_swing_need_not_state_it() -> None:
    read(_live(changed("dry_run = true", "dry_run = true")))


def test_no_other_kind_sells_existing_base() -> None:
    (line,) = lines(changed("userref = 1001", "userref = 1001\nsell_existing_base = false"))
    assert line == (
        '[[strategy]] 1 "btc-hodl", sell_existing_base: found false for GridHODL; '
        "allowed: nothing: only SWING can sell base that it did not buy"
    )


@pytest.mark.parametrize("stated", [True, False])
def test_a_plug_in_kind_may_state_whether_it_sells_existing_base(stated: bool) -> None:
    known = Known(frozenset({"Own", "GridSell"}), frozenset({"kraken"}), frozenset())
    text = VALID.replace('kind = "GridHODL"', f'kind = "Own"\nsell_existing_base = {str(stated).lower()}')
    assert parse(text, "grid.toml", {}, known).strategy[0].sell_existing_base is stated
