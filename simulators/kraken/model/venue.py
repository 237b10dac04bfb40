"""The state of the whole venue, and the few moves that everything else is made of."""

import time
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

from msgspec.structs import replace

from simulators.kraken.model.accounts import Account, ApiKey, rounded
from simulators.kraken.model.catalogue import Asset, Catalogue, Pair
from simulators.kraken.model.clock import Clock
from simulators.kraken.model.defaults import FEE_CREDITS
from simulators.kraken.model.events import BalanceEvent, Event, ExecType, OrderEvent, SystemStatus
from simulators.kraken.model.ids import Mint
from simulators.kraken.model.market import Market, PublicTrade
from simulators.kraken.model.orders import LedgerEntry, Order, OrderStore, Side, Status, Trade, ended
from simulators.kraken.model.tokens import Tokens
from simulators.kraken.settings import AccountSettings, Behaviour, Settings

PERCENT = Decimal("0.01")


class Venue:
    """Accounts, markets, orders. Every method takes effect at `clock.now()` and notifies the listeners."""

    def __init__(self, settings: Settings, machine: Callable[[], int] = time.time_ns) -> None:
        """`machine` is the clock that the venue follows unless the settings let it stand still."""
        self.behaviour: Behaviour = settings.behaviour
        self.clock = Clock(settings.start, machine)
        self.mint = Mint(settings.seed)
        self.catalogue = Catalogue(settings.pairs, (FEE_CREDITS,))
        self.markets = {pair.id: Market(pair) for pair in settings.pairs}
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.orders = OrderStore()
        self.tokens = Tokens()
        self.system: SystemStatus = "online"
        self.post_only_refusals = 0
        """Number of crossing post-only orders so far; decides what `alternate` does next."""
        self._listeners: list[Callable[[Event], None]] = []
        for account in settings.accounts:
            self.add_account(account)

    def add_account(self, settings: AccountSettings) -> Account:
        """Raises `ValueError` for a name or key that exists."""
        if settings.name in self.accounts or any(key.public in self.keys for key in settings.keys):
            raise ValueError(f"account {settings.name} or one of its keys exists already")
        account = self.accounts[settings.name] = Account(settings)
        now = self.clock.now()
        for key in settings.keys:
            self.keys[key.public] = ApiKey(key, account, now, self.behaviour.lockout_after)
        return account

    def listen(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Event], None]) -> None:
        self._listeners.remove(listener)

    def emit(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    def pair_of(self, order: Order) -> Pair:
        return self.catalogue.known(order.pair)

    def keep(self, order: Order, kind: ExecType, trade: Trade | None = None) -> Order:
        """Store this version of an order, adjust the hold, notify the listeners."""
        self._store(order)
        self.emit(OrderEvent(kind, order, order.changed, trade))
        return order

    def end(self, order: Order, status: Status, reason: str = "") -> Order:
        """Close the order as `canceled` or `expired`; its hold is released."""
        kind: ExecType = "expired" if status == "expired" else "canceled"
        return self.keep(ended(order, status, reason, self.clock.now()), kind)

    def hold_for(self, order: Order) -> Decimal:
        """What the order's rest must keep: quote for a buy, with its fee if so configured, base for a sell."""
        if order.request.leverage:
            return Decimal(0)
        if order.side == "sell":
            return order.remaining
        pair, account = self.pair_of(order), self.accounts[order.account]
        price = order.price or self.markets[order.pair].ask or Decimal(0)
        need = price * order.remaining
        if self.behaviour.hold_fee:
            rate = account.rates.maker if order.request.post_only else account.rates.taker
            need += need * rate * PERCENT
        return need.quantize(Decimal(1).scaleb(-pair.quote.decimals), ROUND_CEILING)

    def paid_in(self, order: Order) -> Asset:
        pair = self.pair_of(order)
        return pair.quote if order.side == "buy" else pair.base

    def fill(self, order: Order, volume: Decimal, price: Decimal, trade_id: int, *, maker: bool) -> Order:
        """Execute some of an order: ledger, `trade`, and `filled` when that completes it."""
        pair, account, now = self.pair_of(order), self.accounts[order.account], self.clock.now()
        rate = account.rates.maker if maker else account.rates.taker
        cost = price * volume
        fee, paid_in_credits = rounded(cost * rate * PERCENT, pair.quote.decimals), Decimal(0)
        if account.fee_credits:
            fee, paid_in_credits = Decimal(0), rounded(fee * 100, FEE_CREDITS.decimals)
        trade = Trade(
            txid=self.mint.trade(),
            number=self.mint.number(),
            trade_id=trade_id,
            order=order.txid,
            account=order.account,
            pair=order.pair,
            side=order.side,
            ordertype=order.request.ordertype,
            price=price,
            volume=volume,
            cost=cost,
            fee=fee,
            maker=maker,
            time=now,
            ledgers=(self.mint.ledger(), self.mint.ledger()),
            leverage=order.request.leverage,
            credits=paid_in_credits,
        )
        account.trades.append(trade)
        account.volume += cost
        order = self._after(order, trade)
        self.keep(order, "trade", trade)
        self._settle(account, pair, trade)
        if not order.remaining:
            order = ended(order, "closed", "", now)
            self.keep(order, "filled")
        return order

    def tape(self, market: Market, price: Decimal, volume: Decimal, side: Side, order: Order | None) -> PublicTrade:
        """Write a public trade; `order` is the taker if it is one of ours."""
        kind = order.request.ordertype if order else "market"
        trade = PublicTrade(self.clock.now(), price, volume, side, kind, self.mint.trade_number())
        market.record(trade)
        return trade

    def move(self, account: Account, asset: Asset, kind: str, amount: Decimal) -> None:
        """Deposit or withdraw."""
        refid, now = self.mint.ledger(), self.clock.now()
        entry = account.post(asset, self.mint.ledger(), refid, kind, amount, Decimal(0), now)
        self.emit(BalanceEvent(account.name, entry))

    def enter(self, account: Account, asset: Asset, entry: LedgerEntry) -> None:
        """Write a ledger entry of any kind, on the row that it names; its id and time are set here."""
        entry = replace(entry, id=self.mint.ledger(), refid=entry.refid or self.mint.ledger(), time=self.clock.now())
        self.emit(BalanceEvent(account.name, account.post_on(asset, entry.row, entry)))

    def _after(self, order: Order, trade: Trade) -> Order:
        filled = order.filled + trade.volume
        order = replace(
            order,
            filled=filled,
            cost=order.cost + trade.cost,
            fee=order.fee + trade.fee,
            trades=(*order.trades, trade.txid),
            changed=trade.time,
        )
        return replace(order, held=self.hold_for(order) if order.remaining else Decimal(0))

    def _settle(self, account: Account, pair: Pair, trade: Trade) -> None:
        if trade.credits:
            row = FEE_CREDITS.row
            self.enter(account, FEE_CREDITS, _entry(trade, FEE_CREDITS, row, -trade.credits, Decimal(0)))
        if trade.leverage:
            paid = _entry(trade, pair.quote, pair.quote.row, Decimal(0), trade.fee, kind="margin")
            self.enter(account, pair.quote, paid)
            return
        sign = 1 if trade.side == "buy" else -1
        base_id, quote_id = trade.ledgers
        base = account.post(pair.base, base_id, trade.txid, "trade", sign * trade.volume, Decimal(0), trade.time)
        quote = account.post(pair.quote, quote_id, trade.txid, "trade", -sign * trade.cost, trade.fee, trade.time)
        self.emit(BalanceEvent(account.name, base))
        self.emit(BalanceEvent(account.name, quote))

    def _store(self, order: Order) -> None:
        grown = self.orders.put(order)
        if grown:
            self.accounts[order.account].hold(self.paid_in(order), grown)


def _entry(trade: Trade, asset: Asset, row: str, amount: Decimal, fee: Decimal, *, kind: str = "trade") -> LedgerEntry:
    return LedgerEntry("", trade.txid, trade.time, kind, asset.id, row, amount, fee, Decimal(0), Decimal(0))
