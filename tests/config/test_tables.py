import pytest

from tests.config.texts import VALID, changed, lines, read, refusal


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "interval = 0.02",
            "interval = nan",
            '[[strategy]] 1 "btc-hodl", interval: found NaN; allowed: 0 < interval < 1 (0.02 is 2 %)',
        ),
        (
            "amount_per_grid = 100",
            "amount_per_grid = inf",
            '[[strategy]] 1 "btc-hodl", amount_per_grid: found Infinity; allowed: a number above 0',
        ),
        (
            "amount_per_grid = 100",
            "amount_per_grid = true",
            '[[strategy]] 1 "btc-hodl", amount_per_grid: found true; allowed: a number above 0',
        ),
        (
            "amount_per_grid = 100",
            'amount_per_grid = "100"',
            (
                '[[strategy]] 1 "btc-hodl", amount_per_grid: found "100"; '
                "allowed: a number above 0. A number has no quotes"
            ),
        ),
        (
            "max_investment = 1000",
            "max_investment = 1e400",
            (
                '[[strategy]] 1 "btc-hodl", max_investment: found 1E+400; allowed: '
                "a number below 1e15 with at most 18 decimals"
            ),
        ),
        (
            "max_investment = 1000",
            "max_investment = 0x" + "F" * 6000,
            (
                '[[strategy]] 1 "btc-hodl", max_investment: found an integer of 24000 bits; allowed: '
                "a number below 1e15 with at most 18 decimals"
            ),
        ),
        (
            "userref = 1001",
            "userref = 2147483648",
            '[[strategy]] 1 "btc-hodl", userref: found 2147483648; allowed: a whole number from 1 to 2147483647',
        ),
        (
            "userref = 1001",
            "userref = 0x" + "F" * 6000,
            (
                '[[strategy]] 1 "btc-hodl", userref: found an integer of 24000 bits; allowed: '
                "a whole number from 1 to 2147483647"
            ),
        ),
        (
            "userref = 1001",
            "userref = 1001.0",
            '[[strategy]] 1 "btc-hodl", userref: found 1001.0; allowed: a whole number from 1 to 2147483647',
        ),
        (
            "fee = 0.0026",
            "fee = 0.26",
            (
                '[[strategy]] 1 "btc-hodl", fee: found 0.26; allowed: 0 <= fee <= 0.05, '
                "as a fraction (0.0026 is 0.26 %). "
                "0.26 means 26 %; for 0.26 % write 0.0026"
            ),
        ),
        (
            'base_currency = "BTC"',
            'base_currency = "BTC/USD"',
            (
                '[[strategy]] 1 "btc-hodl", base_currency: found "BTC/USD"; allowed: 1 to 16 letters, digits or dots. '
                'A pair is written as base_currency = "BTC" and quote_currency = "USD"'
            ),
        ),
        (
            'name = "btc-hodl"',
            "name = 5",
            "[[strategy]] 1, name: found 5; allowed: a text of 1 to 64 printable characters",
        ),
        ("dry_run = true", 'dry_run = "yes"', 'bot.dry_run: found "yes"; allowed: true or false'),
        ("dry_run = true", "dry_run = 2026-01-01", "bot.dry_run: found a date or time; allowed: true or false"),
        (
            "dry_run = true",
            'dry_run = true\non_stop = "cancel-buy"',
            (
                'bot.on_stop: found "cancel-buy"; allowed: "keep", "cancel-buys" or "cancel-all". '
                'Did you mean "cancel-buys"?'
            ),
        ),
        (
            "BTC = 0.5",
            "BTC = -0.5",
            "exchange.paper.balances.BTC: found -0.5; allowed: a number, 0 or more",
        ),
        (
            "BTC = 0.5",
            '"B T" = 0.5',
            'exchange.paper.balances."B T": found "B T"; allowed: 1 to 16 letters, digits or dots',
        ),
        (
            "[exchange.paper]",
            "[exchange.paper]\nspeed = -1",
            "exchange.paper.speed: found -1; allowed: a number, 0 or more",
        ),
        (
            "[exchange.paper]",
            '[exchange.paper]\npairs = { "BTC/USD" = { lot_decimal = 8 } }',
            (
                'exchange.paper.pairs."BTC/USD".lot_decimal: found an unknown key; allowed: tick_size, lot_decimals, '
                'cost_decimals, min_volume, min_cost. Did you mean "lot_decimals"?'
            ),
        ),
        (
            'adapter = "kraken"',
            'adapter = "kraken"\nrest_url = "https://me:hush@kraken.test"',
            "exchange.rest_url: found a text; allowed: a URL without credentials: https://host/path",
        ),
        (
            'adapter = "kraken"',
            'adapter = "kraken"\nws_url = "http://kraken.test"',
            'exchange.ws_url: found "http://kraken.test"; allowed: a URL without credentials: wss://host/path',
        ),
    ],
)
def test_a_wrong_value_is_told_exactly(old: str, new: str, line: str) -> None:
    assert lines(changed(old, new)) == [line]


@pytest.mark.parametrize("value", ["0", "1", "2", "-1", "-0.02"])
def test_an_interval_outside_of_0_and_1_is_refused(value: str) -> None:
    (line,) = lines(changed("interval = 0.02", f"interval = {value}"))
    hint = f". Did you mean 0.0{value} ({value} %)?" if value in ("1", "2") else ""
    assert line.endswith(f"found {value}; allowed: 0 < interval < 1 (0.02 is 2 %){hint}")


@pytest.mark.parametrize(
    "key",
    ["name", "kind", "base_currency", "quote_currency", "userref", "amount_per_grid", "interval", "max_investment"],
)
def test_each_required_key_of_a_strategy_is_missed(key: str) -> None:
    first = VALID.index("[[strategy]]")
    text = VALID[:first] + "\n".join(line for line in VALID[first:].splitlines() if not line.startswith(f"{key} "))
    problems = refusal(text).problems
    assert [problem.key for problem in problems] == [f"strategy[0].{key}", f"strategy[1].{key}"]
    assert {problem.found for problem in problems} == {"nothing"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("bot = {}", ["exchange", "strategy"]),
        ("exchange = 1\nstrategy = 2\nbot = 3\nnotifier = 4", ["exchange", "strategy", "bot", "notifier"]),
        ("strategy = [1, 2]\n[exchange]\nadapter = 5", ["exchange.adapter", "strategy[0]", "strategy[1]"]),
    ],
)
def test_sections_that_are_no_tables_are_told(text: str, keys: list[str]) -> None:
    assert [problem.key for problem in refusal(text).problems] == keys


def test_a_single_strategy_table_needs_double_brackets() -> None:
    text = VALID[: VALID.rindex("[[strategy]]")].replace("[[strategy]]", "[strategy]")
    (line,) = lines(text)
    assert line.startswith("strategy: found a table; allowed: one [[strategy]] table per strategy. ")
    assert line.endswith("Write [[strategy]], with two brackets on each side")


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("dry_run", "dryrun", "dry_run"),
        ("dry_run", '"dry_run "', "dry_run"),
        ("[exchange.paper]", "[exchange.papr]", "paper"),
        ("max_investment", "max_invest", "max_investment"),
        ("[[strategy]]", "[[strategies]]", "strategy"),
    ],
)
def test_an_unknown_key_is_answered_with_the_one_that_was_meant(old: str, new: str, meant: str) -> None:
    assert any(
        "found an unknown key; allowed: " in line and f'Did you mean "{meant}"?' in line
        for line in lines(changed(old, new))
    )


def test_a_value_with_a_line_break_stays_on_one_line() -> None:
    (line,) = lines(changed('"my grids"', '"my\\ngrids"'))
    assert line == 'bot.name: found "my\\ngrids"; allowed: a text of 1 to 64 printable characters'


def test_a_long_value_is_cut() -> None:
    (line,) = lines(changed('"my grids"', f'"{"x" * 5000}"'))
    assert len(line) < 150


def test_an_override_of_one_pair_is_read() -> None:
    text = changed("[exchange.paper]", '[exchange.paper]\npairs = { "BTC/USD" = { lot_decimals = 6 } }')
    override = read(text).exchange.paper.pairs["BTC/USD"]
    assert (override.lot_decimals, override.tick_size) == (6, None)


@pytest.mark.parametrize("pair", ["BTC/USD", "BTC-USD", "BTC_USD", " BTC:USD"])
def test_a_pair_in_any_spelling_is_answered_with_its_two_keys(pair: str) -> None:
    (line,) = lines(changed('base_currency = "BTC"', f'base_currency = "{pair}"'))
    assert line.endswith('A pair is written as base_currency = "BTC" and quote_currency = "USD"')


@pytest.mark.parametrize("name", ["api_key", "api_secret", "secret", "key", "private_key", "API_KEY", "apikey"])
def test_a_key_by_another_name_is_told_of_both_keys(name: str) -> None:
    told = next(line for line in lines(VALID.replace("[exchange]\n", f'[exchange]\n{name} = "x"\n', 1)) if name in line)
    assert "api_public_key is what Kraken calls API key, api_secret_key its private key" in told
    assert "Did you mean" not in told
