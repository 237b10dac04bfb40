"""Figures as a person reads them."""

from decimal import Decimal

from backtesting.report import wording as say

D = Decimal
HOUR = 3600 * 10**9


def test_money_volumes_and_prices() -> None:
    assert say.money(D("1234567.125")) == "1,234,567.12"
    assert say.signed(D("0.004")) == "+0.00"
    assert say.signed(D("-0.004")) == "+0.00"
    assert say.signed(D("-12.5")) == "-12.50"
    assert say.base(D("1.50000000")) == "1.5"
    assert say.base(D("1200")) == "1,200"
    assert say.price(D("2278.1500")) == "2,278.15"
    assert say.price(D("3")) == "3.00"
    assert say.price(D("0.00001234")) == "0.00001234"


def test_rates() -> None:
    assert say.percent(D("0.1234567")) == "+12.35 %"
    assert say.percent(None) == say.share(None) == "–"
    assert say.share(D("0.0375")) == "3.8 %"
    assert say.exact_percent(D("0.0026")) == "0.26 %"
    assert say.exact_percent(D("0.1")) == "10 %"


def test_times() -> None:
    assert say.moment(1_700_000_000 * 10**9) == "2023-11-14 22:13"
    assert say.duration(30 * HOUR) == "30.0 h"
    assert say.duration(60 * HOUR) == "2.5 days"
