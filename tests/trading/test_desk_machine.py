"""Random histories of strategies that share one account: nobody ever spends another's money."""

from decimal import Decimal

from hypothesis import settings as run_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messages.money import ZERO, Side
from messages.orders import Balances, OrderKind, Rejected
from tests.depth import examples
from tests.trading.desk_model import BTC_USD, ETH_BTC, Strategy, World, foreign_order

D = Decimal

prices = {BTC_USD.symbol: ("40000", "50000", "60000"), ETH_BTC.symbol: ("0.04", "0.05", "0.06")}
volumes = {BTC_USD.symbol: ("0.002", "0.005", "0.01"), ETH_BTC.symbol: ("0.1", "0.2", "1")}
choices = st.integers(0, 30)


class DeskMachine(RuleBasedStateMachine):
    """Two grids and a SWING on BTC/USD and one grid on ETH/BTC share one account."""

    @initialize(usd=st.sampled_from(["300", "1500"]), btc=st.sampled_from(["0.02", "0.1"]), foreign=st.booleans())
    def begin(self, usd: str, btc: str, foreign: bool) -> None:
        somebody = (foreign_order("OF", "sell", "70000", "0.005"), foreign_order("OG", "buy", "100", "0.5"))
        self.world = World(
            {"USD": D(usd), "BTC": D(btc), "ETH": ZERO},
            Strategy(1, BTC_USD, owned=D("0.005")),
            Strategy(2, BTC_USD, sells_unowned=True),
            Strategy(3, BTC_USD),
            Strategy(4, ETH_BTC),
            foreign=somebody if foreign else (),
        )
        self.last: list[object] = []

    @rule(
        userref=st.integers(1, 4),
        side=st.sampled_from(["buy", "buy", "sell"]),
        number=st.integers(1, 3),
        choice=choices,
        twice=st.booleans(),
    )
    def strategy_asks(self, userref: int, side: Side, number: int, choice: int, twice: bool) -> None:
        strategy = self.world.strategies[userref]
        symbol = strategy.pair.symbol
        price, volume = prices[symbol][choice % 3], volumes[symbol][choice // 3 % 3]
        kind: OrderKind = "extra" if strategy.sells_unowned and side == "sell" and choice % 2 else "ladder"
        submit = strategy.submit(*(strategy.order(side, price, volume, kind) for _ in range(number)))
        self.world.submit(submit)
        if twice:
            assert not any(self.world.submit(s).place for s in [submit] if self._all_live(s.commands))

    def _all_live(self, commands: tuple[object, ...]) -> bool:
        known = {order_id for strategy in self.world.strategies.values() for order_id in strategy.live}
        return all(getattr(command, "order_id", "") in known for command in commands)

    @rule(userref=st.integers(1, 4), choice=choices, replace=st.booleans())
    def strategy_cancels(self, userref: int, choice: int, replace: bool) -> None:
        strategy = self.world.strategies[userref]
        live = [order for order in strategy.live.values() if not order.canceling]
        if not live:
            return
        place = live[choice % len(live)].place
        commands = strategy.cancel(place.order_id).commands
        if replace:
            again = strategy.order(place.side, f"{place.price}", f"{place.volume}", place.kind)
            commands += strategy.submit(again).commands
        self.world.submit(strategy.submit(*commands))

    @rule()
    def exchange_accepts_all(self) -> None:
        for order in self.world.chosen("sent"):
            self.world.accept(order)

    @precondition(lambda self: self.world.chosen("sent"))
    @rule(choice=choices, accepts=st.booleans())
    def exchange_answers(self, choice: int, accepts: bool) -> None:
        orders = self.world.chosen("sent")
        order = orders[choice % len(orders)]
        if accepts:
            self.world.accept(order)
        else:
            self.world.refuse(order)

    @precondition(lambda self: self.world.chosen("open"))
    @rule(choice=choices, part=st.sampled_from([D("0.25"), D("0.5"), D(1), D(1)]))
    def order_is_executed(self, choice: int, part: Decimal) -> None:
        orders = self.world.chosen("open")
        order = orders[choice % len(orders)]
        rest = order.place.volume - order.filled
        self.world.execute(order, max(rest * part // D("0.0001") * D("0.0001"), min(rest, D("0.0001"))))

    @precondition(lambda self: self.world.chosen("open"))
    @rule(choice=choices, by_hand=st.booleans())
    def order_is_closed(self, choice: int, by_hand: bool) -> None:
        orders = [order for order in self.world.chosen("open") if by_hand or order.cancel_asked]
        if orders:
            self.world.close(orders[choice % len(orders)], "by hand" if by_hand else "requested")

    @precondition(lambda self: self.world.queue)
    @rule(twice=st.booleans())
    def desk_is_told(self, twice: bool) -> None:
        self.world.tell(twice=twice and not isinstance(self.world.queue[0], Rejected))

    @rule()
    def desk_is_told_everything(self) -> None:
        self.world.tell_all()

    @rule(userref=st.integers(1, 4))
    def strategy_restarts(self, userref: int) -> None:
        self.world.tell_all()
        before = self._ledger()
        self.world.attach(self.world.strategies[userref])
        if not self.world.desk._waiting:
            assert self._ledger() == before

    @rule(arrives=st.booleans())
    def connection_breaks(self, arrives: bool) -> None:
        if arrives:
            self.exchange_accepts_all()
        self.world.connect()

    def _ledger(self) -> object:
        ledger = self.world.desk.ledger
        held = {key: (hold.purse.strategy, hold.purse.asset, hold.amount) for key, hold in ledger.holds.items()}
        totals = {asset: ledger.purse(None, asset).total.amount for asset in self.world.totals}
        owned = {userref: client.owned for userref, client in ledger.clients.items()}
        sent = {place.order_id for place in self.world.desk._waiting.values()}
        return totals, held, owned, sent

    @invariant()
    def orders_wait_only_while_a_cancel_of_their_strategy_runs(self) -> None:
        desk = self.world.desk
        leaving = {hold.purse.strategy for hold in desk.ledger.holds.values() if hold.leaving}
        assert {place.strategy for place in desk._waiting.values()} <= leaving

    @invariant()
    def every_live_order_is_waiting_sent_or_open(self) -> None:
        if not self.world.queue:
            for strategy in self.world.strategies.values():
                for order_id in strategy.live:
                    at_exchange = order_id in self.world.orders and self.world.orders[order_id].status in (
                        "sent",
                        "open",
                    )
                    assert at_exchange or order_id in self.world.desk._waiting

    @invariant()
    def desk_and_exchange_agree_once_all_is_told(self) -> None:
        account, ledger = self.world, self.world.desk.ledger
        if account.queue:
            return
        assert {asset: ledger.purse(None, asset).total.amount for asset in account.totals} == account.totals
        for userref, strategy in account.strategies.items():
            assert ledger.clients[userref].owned == strategy.owned
            for asset in (strategy.pair.base, strategy.pair.quote):
                purse = ledger.purse(userref, asset)
                held = sum((hold.amount for hold in ledger.holds.values() if hold.purse is purse), ZERO)
                assert held == account.held(asset, userref) == purse.held

    @invariant()
    def what_is_held_never_exceeds_what_is_there(self) -> None:
        for asset, total in self.world.totals.items():
            held = sum((self.world.held(asset, userref) for userref in self.world.strategies), ZERO)
            assert held + self.world.held_by_foreigners(asset) <= total

    @invariant()
    def everybody_was_told_the_funds_of_the_ledger(self) -> None:
        self.world.carry_out(self.world.desk.balances())
        for userref, strategy in self.world.strategies.items():
            funds = next(m for m in reversed(strategy.told) if isinstance(m, Balances))
            assert funds == self.world.desk.ledger.funds(self.world.desk.ledger.clients[userref])


def test_strategies_that_share_an_account_never_spend_each_other_s_money_over_any_history() -> None:
    run_state_machine_as_test(
        DeskMachine, settings=run_settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
    )
