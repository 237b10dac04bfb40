"""The words are compared literally: users compare them by eye with what they know."""

from decimal import Decimal

import msgspec
import pytest

from actors.notifier.notice_texts import headline, words, write_letter
from messages.notices import (
    ExtraSell,
    FundsMissing,
    LadderStatus,
    Notice,
    OrderAmended,
    OrderDelayed,
    OrderFilled,
    OrderReleased,
    ProgramEnded,
    ProgramStarted,
)
from tests.actors.notifier.test_ownership_texts import CASES as OWNERSHIP
from tests.actors.notifier.test_trouble_texts import TROUBLE

PRICE = Decimal("159.89")
VOLUME = Decimal("0.31")


def render(notice: Notice) -> str:
    text, drawing = words(notice)
    return f"{text}\n{drawing}" if drawing else text


STATUS = LadderStatus(
    strategy="sol-swing",
    symbol="SOL/EUR",
    price=PRICE,
    price_decimals=2,
    base_total=Decimal("5.0940741903"),
    quote_total=Decimal("150.007"),
    base_free=Decimal("0.7949"),
    quote_free=Decimal("40.00"),
    surplus=Decimal("0.22"),
    investment=Decimal("803.76987654321"),
    max_investment=Decimal("850.0"),
    amount_per_grid=Decimal("50.0"),
    open_orders=16,
    sells=(Decimal("166.0"), Decimal("169.32"), Decimal("175.36")),
    buys=(Decimal("156.42"), Decimal("153.35")),
)

STATUS_TEXT = """\
👑 sol-swing
└ Price » 159.89 EUR

⚜️ Account
├ Total SOL » 5.0940741903
├ Total EUR » 150.007
├ Available EUR » 40.00
├ Available SOL » 0.7949
├ Unfilled surplus of SOL » 0.22
├ Wealth » 964.49 EUR
└ Investment » 803.76 / 850.0 EUR

💠 Orders
├ Amount per Grid » 50.0 EUR
└ Open orders » 16

🏷️ Price in EUR
│  ┌[ 175.36 (+9.68%)
│  ├[ 169.32 (+5.90%)
│  ├[ 166.00 (+3.82%)
└──┼> 159.89
   ├[ 156.42 (-2.17%)
   └[ 153.35 (-4.09%)"""

CASES: list[tuple[Notice, str, str]] = [
    (
        ProgramStarted("my grids", False, "kraken", "AA11 BB22", "grid.duckdb", 2),
        (
            "✅ my grids is starting!\n├ REAL money » on kraken\n"
            "└ Where » account AA11 BB22, database grid.duckdb, 2 strategies"
        ),
        "my grids is running: trades with REAL money on kraken: account AA11 BB22, database grid.duckdb, 2 strategies",
    ),
    (
        ProgramStarted("my grids", False, "kraken", "", "grid.duckdb", 1),
        "✅ my grids is starting!\n├ REAL money » on kraken\n└ Where » database grid.duckdb, 1 strategy",
        "my grids is running: trades with REAL money on kraken: database grid.duckdb, 1 strategy",
    ),
    (
        ProgramStarted("my grids", False, "kraken", "", "grid.duckdb", 1, "127.0.0.1:8100"),
        (
            "✅ my grids is starting!\n├ Real orders » to whatever answers at 127.0.0.1:8100 as kraken\n"
            "└ Where » database grid.duckdb, 1 strategy"
        ),
        (
            "my grids is running: real orders to whatever answers at 127.0.0.1:8100 as kraken: "
            "database grid.duckdb, 1 strategy"
        ),
    ),
    (ProgramStarted("my grids", simulated=False), "✅ my grids is starting!", "my grids is running"),
    (
        ProgramStarted("my grids", simulated=True),
        "✅ my grids is starting!\n└ Simulated » no real order is placed",
        "my grids is running, simulated: no real order is placed",
    ),
    (
        OrderFilled("sol-swing", "SOL/EUR", "buy", PRICE, VOLUME, Decimal("49.5659"), Decimal("0.1289")),
        (
            "✅ SOL/EUR: Buy order executed\n├ Price » 159.89 EUR\n├ Size » 0.31 SOL\n├ Size in EUR » 49.56\n"
            "├ Fee » 0.1289 EUR\n└ Strategy » sol-swing"
        ),
        "sol-swing: buy executed, 0.31 SOL at 159.89 EUR",
    ),
    (
        FundsMissing("sol-swing", "SOL/EUR", "buy", "EUR", PRICE, VOLUME),
        "⚠️ sol-swing (SOL/EUR)\n├ Not enough EUR\n├ to buy 0.31 SOL\n└ for 159.89 EUR",
        "sol-swing: not enough EUR to buy 0.31 SOL at 159.89 EUR",
    ),
    (
        ExtraSell("sol-swing", "SOL/EUR", PRICE, VOLUME),
        "ℹ️ sol-swing: Placing extra sell order\n├ Price » 159.89 EUR\n└ Size » 0.31 SOL",
        "sol-swing: placing extra sell, 0.31 SOL at 159.89 EUR",
    ),
    (
        OrderReleased("sol-swing", "SOL/EUR", "sell", PRICE, VOLUME, "by hand"),
        "ℹ️ sol-swing (SOL/EUR): Sell order released\n├ Price » 159.89 EUR\n├ Size » 0.31 SOL\n└ Reason » by hand",
        "sol-swing: sell released, 0.31 SOL at 159.89 EUR: by hand",
    ),
    (
        OrderAmended("sol-swing", "SOL/EUR", "sell", PRICE, VOLUME, Decimal("160.01"), Decimal("0.30")),
        (
            "ℹ️ sol-swing (SOL/EUR): Sell order amended by hand\n├ Price » 159.89 EUR\n├ Size » 0.31 SOL\n"
            "└ Before » 0.30 SOL at 160.01 EUR"
        ),
        "sol-swing: sell amended by hand to 0.31 SOL at 159.89 EUR, before: 0.30 SOL at 160.01 EUR",
    ),
    (
        OrderDelayed("sol-swing", "SOL/EUR", "sell", PRICE, VOLUME, "EOrder:Orders limit exceeded"),
        (
            "⚠️ sol-swing (SOL/EUR): Sell order waits\n├ Price » 159.89 EUR\n├ Size » 0.31 SOL\n"
            "└ Reason » EOrder:Orders limit exceeded"
        ),
        "sol-swing: sell waits, 0.31 SOL at 159.89 EUR: EOrder:Orders limit exceeded",
    ),
    (
        STATUS,
        STATUS_TEXT,
        "sol-swing (SOL/EUR): price 159.89 EUR, 16 open orders, investment 803.76 / 850.0 EUR",
    ),
]


@pytest.mark.parametrize(("notice", "text", "line"), CASES, ids=lambda value: type(value).__name__)
def test_a_notice_reads_as_users_know_it(notice: Notice, text: str, line: str) -> None:
    assert render(notice) == text
    assert headline(notice) == line


def test_every_kind_of_notice_has_an_example() -> None:
    assert {type(notice) for notice, _, _ in (*CASES, *OWNERSHIP, *TROUBLE)} == set(Notice.__args__)


def test_a_letter_holds_the_words_and_the_ladder_apart() -> None:
    letter = write_letter(STATUS, "my grids", 5)
    assert letter.plain == STATUS_TEXT
    assert letter.text.endswith("🏷️ Price in EUR")
    assert letter.drawing.startswith("│  ┌[ 175.36")
    assert (letter.kind, letter.bot, letter.time, letter.silent) == ("status", "my grids", 5, False)


def test_a_product_shows_the_decimals_of_the_pair_and_not_of_the_multiplication() -> None:
    cost = Decimal("0.0312") * Decimal("0.12345678")
    filled = OrderFilled("a", "ETH/BTC", "buy", Decimal("0.03120"), Decimal("0.12345678"), cost, Decimal("0.0000100"))
    assert "├ Size in BTC » 0.00385\n├ Fee » 0.0000100 BTC" in render(filled)


def test_a_balance_that_is_a_product_is_cut_where_exchanges_cut_theirs() -> None:
    status = msgspec.structs.replace(STATUS, quote_total=Decimal("9821.123456789012345"))
    assert "├ Total EUR » 9821.12345\n" in render(status)


def test_tiny_and_huge_numbers_are_written_out() -> None:
    notice = FundsMissing("pepe", "PEPE/BTC", "buy", "BTC", Decimal("1E-10"), Decimal("5E+9"))
    assert "to buy 5000000000 PEPE\n└ for 0.0000000001 BTC" in render(notice)


def test_trailing_zeros_stay() -> None:
    assert "0.3100 SOL" in render(ExtraSell("a", "SOL/EUR", PRICE, Decimal("0.3100")))


def test_a_ladder_without_orders_shows_the_price_alone() -> None:
    empty = msgspec.structs.replace(STATUS, sells=(), buys=())
    assert render(empty).endswith("🏷️ Price in EUR\n└──┼> 159.89")


def test_a_price_finer_than_the_tick_is_not_rounded() -> None:
    assert "└──┼> 159.8951" in render(msgspec.structs.replace(STATUS, price=Decimal("159.8951")))


def test_wealth_in_a_quote_of_many_decimals_keeps_them() -> None:
    notice = msgspec.structs.replace(
        STATUS,
        symbol="ETH/BTC",
        price=Decimal("0.03512"),
        price_decimals=5,
        base_total=Decimal("1.23456789"),
        quote_total=Decimal("0.1"),
    )
    assert "├ Wealth » 0.14335 BTC" in render(notice)


def test_an_investment_just_below_its_limit_is_not_rounded_up_to_it() -> None:
    assert "Investment » 849.99 / 850.0" in render(msgspec.structs.replace(STATUS, investment=Decimal("849.9999")))


def test_a_headline_is_one_line_whatever_the_reason_says() -> None:
    assert headline(ProgramEnded("bot", "first\nsecond\r\n\tthird")) == "bot terminated: first second third"


def test_a_sell_that_was_made_smaller_by_hand_says_where_the_rest_stays() -> None:
    less = OrderAmended("s", "SOL/EUR", "sell", PRICE, Decimal("0.2"), PRICE, Decimal("0.31"))
    assert headline(less).endswith("; 0.11 SOL are not offered any more and stay in your account")
    assert "Note » 0.11 SOL are not offered any more" in render(less)
    assert "offered" not in headline(msgspec.structs.replace(less, side="buy"))
