"""What changes around the program while it lives: rules, fees, listings, other programs, and the owner's hand."""

import random
from collections.abc import Callable, Sequence
from decimal import Decimal

from messages.ids import MARK
from simulators.kraken.faults import RequestFault
from simulators.kraken.model.errors import Refused
from simulators.kraken.model.orders import Order, Side
from tests.simulation.network import Network
from tests.simulation.prices import Walk

After = Callable[[float, Callable[[], None]], None]
LOOKS = (
    MARK + "{:017}",  # our mark and length, a userref that nobody has
    MARK + "0000rt-{:010}",  # begins like ours, with a sign that we never use
    MARK + "{:08}",  # our mark, too short
    "x{:017}",
)
ONCE = ("EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied", "EGeneral:Temporary lockout")
ODD: dict[str, dict[str, object]] = {
    "null": {"cl_ord_id": None},
    "odd": {"new_field": {"a": [1]}, "cost": None},
}
"""Rows of orders of others that differ from the documentation."""
MARGIN = Decimal("0.02")
FAR, NEAR = "0.97", "0.999"
STAYS = 0.2
"""Share of the changed steps that are never taken back; a raised minimum may be above an amount for ever."""


class Around:
    """Each method changes something, sees to it that it comes back, and tells what it was."""

    def __init__(self, network: Network, walks: Sequence[Walk], chance: random.Random, after: After) -> None:
        self.foreign: set[str] = set()
        """Client ids of others."""
        self.amended: set[str] = set()
        """Exchange ids of orders of the program that its owner amended."""
        self.withdrawn: set[str] = set()
        """Exchange ids of orders of others that they canceled themselves."""
        self.misprinted: set[tuple[str, int]] = set()
        """Symbol and time of each print where nobody traded."""
        self.own: Callable[[], list[Order]] = list
        """The open orders of the program."""
        self._control = network.control
        self._venue = network.venue
        self._walks = walks
        self._chance = chance
        self._after = after
        self._others: list[str] = []
        self._number = 0
        self._changed: set[str] = set()

    def mishaps(self) -> dict[Callable[[], str], int]:
        """All of them with their weights."""
        return {
            self.rules_change: 4,
            self.fee_tier: 3,
            self.delisted: 2,
            self.restricted: 2,
            self.misprint: 4,
            self.other_program: 5,
            self.trade_by_hand: 2,
            self.margin_order: 2,
            self.staking: 2,
            self.conversion: 2,
            self.amend: 3,
            self.refused_once: 3,
        }

    def end(self) -> None:
        """Others leave; what was amended by hand is canceled by hand."""
        for name in self._others:
            if (order := self._venue.orders.get(name)) is not None and order.is_open:
                self.withdrawn.add(name)
                self._control.cancel(name)
        self._others.clear()

    def _walk(self) -> Walk:
        return self._chance.choice(self._walks)

    def _listed(self, symbol: str) -> bool:
        return self._venue.catalogue.by_symbol(symbol) is not None

    def rules_change(self) -> str:
        """A coarser tick, fewer decimals of a volume, or a higher minimum, for a while or, now and then, for good."""
        symbol = self._walk().symbol
        pair = self._venue.catalogue.by_symbol(symbol)
        if pair is None:
            return "none"
        what = self._chance.choice(("tick", "lot", "minimum", "cost"))
        changes: dict[str, dict[str, Decimal | int]] = {
            "tick": {"tick_size": pair.tick_size * 5},
            "lot": {"lot_decimals": 6},
            "minimum": {"ordermin": pair.ordermin * 4},
            "cost": {"costmin": Decimal(30)},
        }
        before: dict[str, Decimal | int] = {
            "tick_size": pair.tick_size,
            "pair_decimals": pair.pair_decimals,
            "lot_decimals": pair.lot_decimals,
            "ordermin": pair.ordermin,
            "costmin": pair.costmin,
        }
        if symbol in self._changed:
            return "changed already"
        self._changed.add(symbol)
        self._control.rules(symbol, **changes[what])  # type: ignore[arg-type]
        if self._chance.random() < STAYS:
            return f"{symbol} {what} for good"
        self._after(self._chance.uniform(60, 7_200), lambda: self._back(symbol, before))
        return f"{symbol} {what}"

    def _back(self, symbol: str, rules: dict[str, Decimal | int]) -> None:
        self._changed.discard(symbol)
        if not self._listed(symbol):
            self._control.relist(symbol)
        self._control.rules(symbol, **rules)  # type: ignore[arg-type]

    def fee_tier(self) -> str:
        """The account pays less for a while, which is below what every strategy reckons with."""
        maker, taker = self._chance.choice((("0.22", "0.38"), ("0.10", "0.20"), ("0.00", "0.10")))
        self._control.fees(Decimal(maker), Decimal(taker))
        self._after(self._chance.uniform(60, 7_200), lambda: self._control.fees(Decimal("0.25"), Decimal("0.40")))
        return maker

    def delisted(self) -> str:
        """A pair ends, and is listed again."""
        symbol = self._walk().symbol
        if not self._listed(symbol):
            return "none"
        self._control.delist(symbol)
        self._after(self._chance.uniform(30, 1_800), lambda: self._list_again(symbol))
        return symbol

    def _list_again(self, symbol: str) -> None:
        if not self._listed(symbol):
            self._control.relist(symbol)

    def restricted(self) -> str:
        """The account may not trade a pair for a while."""
        symbol = self._walk().symbol
        if not self._listed(symbol):
            return "none"
        self._control.restrict(symbol)

        def over() -> None:
            self._list_again(symbol)
            self._control.unrestrict(symbol)

        self._after(self._chance.uniform(30, 1_800), over)
        return symbol

    def misprint(self) -> str:
        """One print at ten times the price, or at a tenth, with no trade behind it."""
        walk = self._walk()
        if not self._listed(walk.symbol):
            return "none"
        factor = self._chance.choice((Decimal(10), Decimal("0.1")))
        self.misprinted.add((walk.symbol, self._venue.clock.now()))
        self._control.misprint(walk.symbol, (walk.price * factor).quantize(walk.tick))
        return f"{walk.symbol} {factor}"

    def other_program(self) -> str:
        """Orders of another program on the same pair: ids like ours, integer references like ours, null ids."""
        walk, pick = self._walk(), self._chance.choice
        self._number += 1
        side: Side = pick(("buy", "sell"))
        price = (walk.price * (Decimal(FAR) if side == "buy" else 2 - Decimal(FAR))).quantize(walk.tick)
        how = pick(("id", "id", "userref", "null", "odd", "market"))
        if how == "userref" and not self.own():
            how = "null"  # before anything was placed it stops the start, as it should
        cl_ord_id = pick(LOOKS).format(self._number) if how == "id" else None
        if cl_ord_id is not None:
            self.foreign.add(cl_ord_id)
        changes = ODD.get(how)
        return self._placed(
            walk.symbol,
            side,
            None if how == "market" else price,
            Decimal("0.003"),
            cl_ord_id=cl_ord_id,
            userref=pick((1001, 7)) if how == "userref" else None,
            changes=changes,
        )

    def trade_by_hand(self) -> str:
        """The owner trades at the market, by a limit order that crosses."""
        walk = self._walk()
        side: Side = self._chance.choice(("buy", "sell"))
        share = Decimal("1.002") if side == "buy" else Decimal("0.998")
        return self._placed(walk.symbol, side, (walk.price * share).quantize(walk.tick), Decimal("0.004"))

    def margin_order(self) -> str:
        """The owner's margin order holds and moves no coin."""
        walk = self._walk()
        side: Side = self._chance.choice(("buy", "sell"))
        share = Decimal(self._chance.choice((FAR, NEAR)))
        price = (walk.price * (share if side == "buy" else 2 - share)).quantize(walk.tick)
        return self._placed(walk.symbol, side, price, MARGIN, leverage=2)

    def _placed(
        self,
        symbol: str,
        side: Side,
        price: Decimal | None,
        volume: Decimal,
        *,
        cl_ord_id: str | None = None,
        userref: int | None = None,
        leverage: int = 0,
        changes: dict[str, object] | None = None,
    ) -> str:
        try:
            name = self._control.place(
                symbol,
                side,
                price,
                volume,
                cl_ord_id=cl_ord_id,
                userref=userref,
                leverage=leverage,
                changes=changes,
            )
        except (Refused, LookupError) as refused:
            return str(refused)
        self._others.append(name)
        return f"{name} {side} {price} {cl_ord_id} {userref} {leverage} {changes}"

    def staking(self) -> str:
        """Some free coins are staked, and come back; a reward stays."""
        symbol = self._chance.choice(("BTC", "ETH"))
        asset = self._venue.catalogue.asset(symbol)
        account = next(iter(self._venue.accounts.values()))
        suffix = self._chance.choice((".B", ".S", ".M", ".P"))
        amount = (account.free(asset) / 2).quantize(Decimal("0.0001"))
        if amount <= 0:
            return "none"
        self._control.stake(symbol, amount, suffix)
        self._control.move(symbol, Decimal("0.00001"), "staking", suffix=suffix)
        self._after(self._chance.uniform(20, 900), lambda: self._control.stake(symbol, -amount, suffix))
        return f"{symbol} {amount} {suffix}"

    def conversion(self) -> str:
        """The owner converts a little, or gets fee credits."""
        if self._chance.random() < 0.5:
            self._control.move("FEE", Decimal(100), "credit")
            return "fee credits"
        account = next(iter(self._venue.accounts.values()))
        if account.free(self._venue.catalogue.asset("USD")) < 1:
            return "none"
        self._control.convert("USD", Decimal(1), "DOGE", Decimal(5))
        return "USD to DOGE"

    def amend(self) -> str:
        """The owner amends an order of the program: more, less, or another price."""
        orders = [order for order in self.own() if order.txid not in self.amended]
        if not orders:
            return "none"
        order = self._chance.choice(orders)
        pair = self._venue.pair_of(order)
        lot = Decimal(1).scaleb(-pair.lot_decimals)
        volume, price = order.volume, order.price
        match self._chance.choice(("more", "less", "price")):
            case "more":
                volume = order.volume * self._chance.choice((2, 25))
            case "less":
                volume = max((order.filled + order.remaining / 2).quantize(lot), order.filled + lot)
            case _:
                share = Decimal("0.99") if order.side == "buy" else Decimal("1.01")
                price = order.price * share
                price -= price % pair.tick_size
        self.amended.add(order.txid)
        self._control.amend(order.txid, price=price, volume=volume)
        return f"{order.txid} {order.side} {order.price} {order.volume} to {price} {volume}"

    def refused_once(self) -> str:
        """A key that works is refused, once or for a while."""
        text = self._chance.choice(ONCE)
        target = self._chance.choice(("rest:*", "rest:Balance*", "ws:*", "rest:GetWebSocketsToken"))
        times = self._chance.choice((1, 1, 3, 10))
        self._control.fault(RequestFault("error", target, text=text, times=times))
        return f"{text} {target} {times}"
