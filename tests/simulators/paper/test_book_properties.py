"""Random histories of the book against a model that is as simple as it can be, in fractions."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from messages.account import AccountBalances
from messages.ids import ClientOrderId
from messages.mailboxes import ExchangeEvent
from messages.money import Side
from messages.orders import Accepted, Filled, PartiallyFilled, Rejected
from simulators.paper.book import PaperBook, Rules
from tests.simulators.paper.support import BTC_USD, START, new_book, order_id, place, tick

RULES = Rules(maker_fee=Decimal("0.00257"), taker_fee=Decimal("0.00431"))
HIGHEST_FEE = Fraction(RULES.taker_fee)
ROUNDING = Fraction(1, 10**5)
"""The cost decimals of BTC/USD: no fee may be off by more than one unit of them."""

prices = st.integers(950, 1050).map(lambda ticks: Decimal(ticks).scaleb(-1))
volumes = st.integers(500_000, 3_000_000_000).map(lambda lots: Decimal(lots).scaleb(-8))
sides: st.SearchStrategy[Side] = st.sampled_from(("buy", "sell"))


class BookAgreesWithTheModel(RuleBasedStateMachine):
    """The model keeps totals from the events alone, and open orders as a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.book = new_book({"USD": "5000", "BTC": "50"}, RULES)
        self.saved: dict[str, str] = {}
        self.usd, self.btc = Fraction(5000), Fraction(50)
        self.last: Decimal | None = None
        self.placed = 0
        self.open: dict[ClientOrderId, tuple[Side, Decimal, Decimal]] = {}
        self.traded: dict[str, tuple[Fraction, Fraction, Fraction]] = {}
        self.sides: dict[ClientOrderId, Side] = {}

    @rule(price=prices)
    def a_price_fills_exactly_the_orders_it_reaches(self, price: Decimal) -> None:
        quiet = self.book.quiet("BTC/USD")
        reached = {
            identity
            for identity, (side, limit, _) in self.open.items()
            if (price <= limit if side == "buy" else price >= limit)
        }
        events = self.book.price(tick(str(price), START))
        assert {event.order_id for event in events if isinstance(event, Filled)} == reached
        assert bool(reached) != (quiet.low < price < quiet.high)
        self.last = price
        self.take(events)

    @rule(side=sides, price=prices, volume=volumes, post_only=st.booleans())
    def an_order_is_accepted_refused_or_filled(
        self, side: Side, price: Decimal, volume: Decimal, post_only: bool
    ) -> None:
        self.placed += 1
        identity = order_id(self.placed)
        self.sides[identity] = side
        first, *rest = events = self.book.place(
            place(self.placed, side, str(price), f"{volume:f}", post_only=post_only, time=START)
        )
        crosses = self.last is not None and (price >= self.last if side == "buy" else price <= self.last)
        if isinstance(first, Rejected):
            assert rest == []
            assert first.reason in ("minimum", "funds", "post-only")
            return
        assert isinstance(first, Accepted)
        self.open[identity] = (side, price, volume)
        assert bool(rest) == crosses
        assert not (crosses and post_only)
        self.take(events)

    @rule(data=st.data(), percent=st.integers(1, 100))
    def some_of_an_order_fills(self, data: st.DataObject, percent: int) -> None:
        if self.open:
            identity = data.draw(st.sampled_from(sorted(self.open)))
            left = self.open[identity][2] - Decimal(self.traded_volume(identity))
            volume = max((left * percent / 100).quantize(BTC_USD.lot), BTC_USD.lot)
            self.take(self.book.fill_partially(identity, min(volume, left), START))

    @rule(data=st.data())
    def an_order_is_cancelled(self, data: st.DataObject) -> None:
        if self.open:
            identity = data.draw(st.sampled_from(sorted(self.open)))
            assert len(self.book.cancel(identity, START)) == 1
            del self.open[identity]

    @rule()
    def the_program_is_started_again(self) -> None:
        changes = self.book.take_changes()
        self.saved |= changes.orders
        again = PaperBook.load(RULES, changes.account, self.saved)
        again.add_pair(BTC_USD)
        assert again.snapshot() == self.book.snapshot()
        assert again.lookup(list(self.sides)) == self.book.lookup(list(self.sides))
        self.book = again

    @invariant()
    def totals_are_what_the_trades_made_of_them(self) -> None:
        balances = self.book.snapshot().balances
        assert (Fraction(balances["USD"]), Fraction(balances["BTC"])) == (self.usd, self.btc)

    @invariant()
    def nothing_is_negative_and_holds_cover_the_open_orders(self) -> None:
        assert self.book.free("USD") >= 0
        assert self.book.free("BTC") >= 0
        assert {facts.order_id for facts in self.book.facts()} == set(self.open)
        left = {identity: self.open[identity][2] - Decimal(self.traded_volume(identity)) for identity in self.open}
        btc = sum((left[identity] for identity in self.open if self.sides[identity] == "sell"), Decimal(0))
        assert self.btc - Fraction(btc) == Fraction(self.book.free("BTC"))

    def traded_volume(self, identity: str) -> Decimal:
        filled = self.traded.get(identity, (Fraction(), Fraction(), Fraction()))[0]
        return Decimal(filled.numerator) / Decimal(filled.denominator)

    def take(self, events: list[ExchangeEvent]) -> None:
        """Book the trades; each comes right after the totals it leads to."""
        totals: AccountBalances | None = None
        for event in events:
            if isinstance(event, AccountBalances):
                totals = event
            if isinstance(event, Filled | PartiallyFilled):
                assert totals is not None
                self.take_trade(event)
                assert (Fraction(totals.totals["USD"]), Fraction(totals.totals["BTC"])) == (self.usd, self.btc)
                totals = None
        assert totals is None

    def take_trade(self, event: Filled | PartiallyFilled) -> None:
        now = (Fraction(event.filled), Fraction(event.cost), Fraction(event.fee))
        before = self.traded.get(event.order_id, (Fraction(), Fraction(), Fraction()))
        volume, cost, fee = (new - old for new, old in zip(now, before, strict=True))
        self.traded[event.order_id] = now
        sign = 1 if self.sides[event.order_id] == "buy" else -1
        self.btc += sign * volume
        self.usd -= sign * cost + fee
        assert volume > 0
        # Cost and fee are rounded up together: a fill of one lot may take a part of that rounding back.
        assert fee > -ROUNDING
        assert now[2] >= 0
        assert now[2] <= now[1] * HIGHEST_FEE + ROUNDING
        if isinstance(event, Filled):
            assert event.filled == self.open.pop(event.order_id)[2]


TestBookAgreesWithTheModel = BookAgreesWithTheModel.TestCase
TestBookAgreesWithTheModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
