"""What the account holds while the balances channel races the executions."""

from decimal import Decimal

from adapters.exchanges.kraken.account.totals import Fill, Totals
from adapters.exchanges.kraken.wire.private_socket import Holding, LedgerEntry

D = Decimal
BUY = Fill("T1", "BTC/USD", "buy", D("0.002"), D(100), ())


def totals() -> Totals:
    return Totals([Holding("BTC", D(1)), Holding("USD", D(1000))])


def bought(fill: str = "T1", balance: str = "1.002") -> LedgerEntry:
    return LedgerEntry("BTC", D(balance), fill, "trade", amount=D("0.002"))


def paid(fill: str = "T1") -> LedgerEntry:
    return LedgerEntry("USD", D(900), fill, "trade", amount=D(-100))


def test_what_a_fill_brings_counts_with_its_execution_and_not_before() -> None:
    held = totals()
    assert held.book([bought(), paid()], 0) == {"USD": D(900)}, "what is spent is gone at once"
    assert held.all() == {"BTC": D(1), "USD": D(900)}
    assert held.fill(BUY) == {"BTC": D("1.002")}
    assert held.all() == {"BTC": D("1.002"), "USD": D(900)}


def test_the_order_of_the_channels_makes_no_difference_in_the_end() -> None:
    held = totals()
    assert held.fill(BUY) == {"BTC": D("1.002"), "USD": D(900)}
    assert held.book([bought(), paid()], 0) == {}
    assert held.all() == {"BTC": D("1.002"), "USD": D(900)}


def test_of_several_fills_that_were_booked_first_each_counts_with_its_own_execution() -> None:
    held = totals()
    held.book([bought(), bought("T2", "1.004")], 0)
    assert held.fill(BUY)["BTC"] == D("1.002")
    assert held.fill(Fill("T2", "BTC/USD", "buy", D("0.002"), D(100), ()))["BTC"] == D("1.004")


def test_a_deposit_counts_at_once() -> None:
    assert totals().book([LedgerEntry("BTC", D(3), "L1", "deposit", amount=D(2))], 0) == {"BTC": D(3)}


def test_what_a_fill_of_somebody_else_brought_is_told_with_the_next_totals() -> None:
    held = totals()
    held.book([bought()], 0)
    held.excuse("T1")
    assert held.all()["BTC"] == D("1.002")
    assert held.book([LedgerEntry("USD", D(1100), "L1", "deposit", amount=D(100))], 0) == {
        "BTC": D("1.002"),
        "USD": D(1100),
    }
