"""A simple account for tests of the order desk: strategies that share it, and an exchange that checks every order."""

from decimal import Decimal

from msgspec import Struct, field

from messages.account import AccountBalances, AccountSnapshot, Attach, LiveOrder, OrderFacts
from messages.ids import ClientOrderId, Nanos, VenueOrderId, client_order_id, userref_of
from messages.money import ZERO, Pair, Side, hold_of, owned_after
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Cancel,
    Canceled,
    CloseReason,
    Command,
    Deferred,
    Filled,
    OrderEvent,
    OrderKind,
    PartiallyFilled,
    Place,
    Rejected,
    Resynced,
    Submit,
)
from tests.trading.at_exchange import AtExchange
from trading.order_desk import Effects, OrderDesk

D = Decimal
FEE = D("0.0025")
BTC_USD = Pair("BTC/USD", D("0.1"), 8, 5, D("0.00005"), D("0.5"))
ETH_BTC = Pair("ETH/BTC", D("0.00001"), 8, 8, D("0.001"), D("0.00001"))


class Strategy(Struct):
    """What a strategy knows from what it was told, durable at each moment."""

    userref: int
    pair: Pair
    sells_unowned: bool = False
    owned: Decimal = ZERO
    live: dict[str, LiveOrder] = field(default_factory=dict)
    told: list[OrderEvent | Balances | Resynced] = field(default_factory=list)
    numbers: int = 0
    asked: int = 0

    def order(self, side: Side, price: str, volume: str, kind: OrderKind = "ladder") -> Place:
        """A new order with an id of its own."""
        self.asked += 1
        cause = f"lineage/ladder/{self.asked}"
        return Place(
            strategy=self.userref,
            order_id=client_order_id(self.userref, cause),
            symbol=self.pair.symbol,
            side=side,
            price=D(price),
            volume=D(volume),
            post_only=side == "buy",
            kind=kind,
            cause=cause,
            time=Nanos(1),
        )

    def submit(self, *commands: Command) -> Submit:
        for command in commands:
            if isinstance(command, Place):
                self.live[command.order_id] = LiveOrder(command, canceling=False, accepted=False, filled=ZERO)
            elif known := self.live.get(command.order_id):
                self.live[command.order_id] = LiveOrder(known.place, True, known.accepted, known.filled)
        return Submit(self.userref, commands)

    def cancel(self, order_id: ClientOrderId) -> Submit:
        return self.submit(Cancel(self.userref, order_id))

    def attach(self) -> Attach:
        self.numbers += 1
        return Attach(
            self.userref, self.numbers, self.pair.symbol, FEE, self.owned, self.sells_unowned, tuple(self.live.values())
        )

    def _offered_besides(self, known: LiveOrder) -> Decimal:
        """What its other sells offer of what it bought: base that SWING sells beyond that is the owner's."""
        sells = (order for order in self.live.values() if order.place.side == "sell" and order is not known)
        return sum((order.place.volume - order.filled for order in sells if order.place.kind != "extra"), ZERO)

    def take(self, message: OrderEvent | Balances | Resynced) -> None:
        self.told.append(message)
        if isinstance(message, Balances | Resynced) or message.order_id not in self.live:
            return
        known = self.live[message.order_id]
        if isinstance(message, Rejected):
            if not known.accepted:
                del self.live[message.order_id]
            return
        filled = known.filled if isinstance(message, Accepted | Amended) else max(known.filled, message.filled)
        volume = filled - known.filled
        own = ZERO if self.sells_unowned else volume
        self.owned = owned_after(known.place.side, volume, self.owned, self._offered_besides(known), own)
        self.live[message.order_id] = LiveOrder(known.place, known.canceling, True, filled)
        if isinstance(message, Canceled) or filled == known.place.volume:
            del self.live[message.order_id]

    def events(self) -> list[OrderEvent]:
        return [m for m in self.told if not isinstance(m, Balances | Resynced)]


class World:
    """Strategies, the desk under test and the exchange behind it."""

    def __init__(self, totals: dict[str, Decimal], *strategies: Strategy, foreign: tuple[OrderFacts, ...] = ()) -> None:
        self.totals = dict(totals)
        self.strategies = {strategy.userref: strategy for strategy in strategies}
        self.foreign = foreign
        self.orders: dict[str, AtExchange] = {}
        self.queue: list[OrderEvent | AccountBalances] = []
        self.now = Nanos(1)
        self.sent = 0
        self.connect()

    def connect(self) -> None:
        """A new private connection: what was on its way is lost or has arrived, strategies attach anew."""
        self.queue.clear()
        self.orders = {key: order for key, order in self.orders.items() if order.status != "sent"}
        open_orders = tuple(order.facts() for order in self.orders.values() if order.status == "open")
        snapshot = AccountSnapshot(dict(self.totals), open_orders + self.foreign)
        self.desk = OrderDesk(snapshot, frozenset(self.strategies))
        for strategy in self.strategies.values():
            self.attach(strategy)

    def attach(self, strategy: Strategy) -> Effects:
        attach = strategy.attach()
        wanted = self.desk.to_look_up(attach)
        looked_up = {key: self.orders[key].facts() for key in wanted if key in self.orders}
        return self.carry_out(self.desk.attach(attach, strategy.pair, looked_up))

    def submit(self, submit: Submit) -> Effects:
        return self.carry_out(self.desk.submit(submit))

    def carry_out(self, effects: Effects) -> Effects:
        for place in effects.place:
            assert place.order_id not in self.orders, "an id is sent twice"
            self.sent += 1
            self.orders[place.order_id] = AtExchange(place, VenueOrderId(f"O{self.sent:05}"))
            self._nobody_spends_another_s_money(place)
        for order_id in effects.cancel:
            if order_id in self.orders:  # else it was refused meanwhile
                self.orders[order_id].cancel_asked = True
        for userref, message in effects.deliver:
            assert not isinstance(message, Deferred)
            self.strategies[userref].take(message)
        for record in effects.record:
            assert record.strategy == userref_of(record.event.order_id)
        return effects

    def _nobody_spends_another_s_money(self, place: Place) -> None:
        mine = self.strategies[place.strategy]
        asset = mine.pair.quote if place.side == "buy" else mine.pair.base
        others = sum((self._share(other, asset) for other in self.strategies.values() if other is not mine), ZERO)
        held = self.held(asset, mine.userref)
        assert held + others + self.held_by_foreigners(asset) <= self.totals[asset]
        if place.side == "sell" and not mine.sells_unowned:
            assert held <= self.truly_owned(mine)

    def _share(self, strategy: Strategy, asset: str) -> Decimal:
        held = self.held(asset, strategy.userref)
        known = self.truly_owned(strategy) - self._nobodys_yet(strategy)
        return max(held, known) if strategy.pair.base == asset else held

    def _nobodys_yet(self, strategy: Strategy) -> Decimal:
        """What its buy brought and the account's balance shows, while the desk is told of the fill only next."""
        event = self.queue[0] if self.queue else None
        if not isinstance(event, Filled | PartiallyFilled):
            return ZERO
        known = strategy.live.get(event.order_id)
        if known is None or known.place.side == "sell":
            return ZERO
        return max(event.filled - known.filled, ZERO)

    def truly_owned(self, strategy: Strategy) -> Decimal:
        """Base bought minus sold at the exchange, whatever the strategy was told of it."""
        untold = ZERO
        for order in self.orders.values():
            if order.place.strategy == strategy.userref and order.place.order_id in strategy.live:
                more = order.filled - strategy.live[order.place.order_id].filled
                untold += more if order.place.side == "buy" else -more
        return strategy.owned + untold

    def held(self, asset: str, userref: int) -> Decimal:
        """What the live orders of one strategy hold of the asset."""
        held = ZERO
        for order in self.orders.values():
            place, pair = order.place, self.strategies[order.place.strategy].pair
            if order.status in ("filled", "canceled") or place.strategy != userref:
                continue
            if asset == (pair.quote if place.side == "buy" else pair.base):
                held += hold_of(pair, place.side, place.price, place.volume - order.filled, FEE)
        return held

    def held_by_foreigners(self, asset: str) -> Decimal:
        sells = sum(
            (o.volume - o.filled for o in self.foreign if o.side == "sell" and o.symbol.startswith(asset)), ZERO
        )
        buys = ((o.volume - o.filled) * o.price for o in self.foreign if o.side == "buy" and o.symbol.endswith(asset))
        return sum(buys, sells)

    def chosen(self, *status: str) -> list[AtExchange]:
        return [order for order in self.orders.values() if order.status in status]

    def accept(self, order: AtExchange) -> None:
        self.queue.append(order.accept(self.now))

    def refuse(self, order: AtExchange) -> None:
        del self.orders[order.place.order_id]
        self.queue.append(order.refuse(self.now, "refused"))

    def close(self, order: AtExchange, reason: CloseReason) -> None:
        self.now = Nanos(self.now + 1)
        self.queue.append(order.close(self.now, reason))

    def execute(self, order: AtExchange, volume: Decimal) -> None:
        self.now = Nanos(self.now + 1)
        pair = self.strategies[order.place.strategy].pair
        base, quote = order.execute(self.now, volume, volume * order.place.price * FEE)
        self.totals[pair.base] += base
        self.totals[pair.quote] += quote
        self.queue += [AccountBalances(dict(self.totals)), order.fill()]

    def tell(self, *, twice: bool = False) -> None:
        """Pass on the oldest event that the desk has not seen."""
        event = self.queue.pop(0)
        for _ in range(1 + twice):
            self.carry_out(self.desk.on_event(event))
        self.carry_out(self.desk.balances())

    def tell_all(self) -> None:
        while self.queue:
            self.tell()


def foreign_order(exchange_id: str, side: Side, price: str, volume: str, order_id: str = "") -> OrderFacts:
    """An open order of somebody else on BTC/USD."""
    return OrderFacts(
        order_id=ClientOrderId(order_id),
        exchange_id=VenueOrderId(exchange_id),
        symbol="BTC/USD",
        side=side,
        price=D(price),
        volume=D(volume),
        status="open",
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=Nanos(1),
    )


def world(usd: str = "1000", btc: str = "0", *strategies: Strategy) -> tuple[World, Strategy]:
    """One account with one or more strategies, attached."""
    everybody = strategies or (Strategy(1, BTC_USD),)
    return World({"USD": D(usd), "BTC": D(btc), "ETH": ZERO}, *everybody), everybody[0]


def sent_ids(effects: Effects) -> list[str]:
    """Client ids of what leaves, in its order."""
    return [place.order_id for place in effects.place]
