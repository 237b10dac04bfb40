"""The hand that moves the venue: prices, fills, money, status, time, faults. What a test or the control port calls."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import trio
from msgspec.structs import replace

from simulators.kraken.distortion import Direction
from simulators.kraken.faults import FaultPlan, FrameFault, Latency, RequestFault
from simulators.kraken.model import matching, trading
from simulators.kraken.model.accounts import Account
from simulators.kraken.model.catalogue import PairStatus
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.events import MarketEvent, PairEvent, SystemEvent, SystemStatus
from simulators.kraken.model.orders import Order, Side
from simulators.kraken.model.rates import TIERS, RestCounter, TierName
from simulators.kraken.model.venue import Venue
from simulators.kraken.request_log import Entry, RequestLog
from simulators.kraken.settings import AccountSettings, Behaviour
from simulators.kraken.sockets import Connection
from simulators.kraken.surroundings import Surroundings
from simulators.kraken.views import order_view
from simulators.kraken.wire import Json, plain_decimal


class Control(Surroundings):
    """Everything that a client of the real venue cannot do. Symbols are WebSocket names (`BTC/USD`)."""

    def __init__(self, venue: Venue, faults: FaultPlan, log: RequestLog) -> None:
        self.venue = venue
        self.faults = faults
        self.log = log
        self.connections: dict[int, Connection] = {}
        """Open WebSocket connections by id."""
        self.rest_streams: set[trio.abc.Stream] = set()
        """Open REST connections."""
        self.private: set[int] = set()
        """Ids of the private ones among `connections`."""
        self.refused: frozenset[str] = frozenset()
        """Kinds of connections that are not accepted at present: `rest`, `public`, `private`."""

    def price(
        self,
        symbol: str,
        price: Decimal,
        *,
        volume: Decimal | None = None,
        side: Side | None = None,
        bid: Decimal | None = None,
        ask: Decimal | None = None,
    ) -> None:
        """A trade happens at `price`; resting orders that it reaches fill, `volume` at most (None: all of them).

        The best bid is then the price and the best ask one tick above, unless given.
        """
        market = self._market(symbol)
        trading.pass_time(self.venue)
        market.quote(price, bid, ask)
        matching.trade_at(self.venue, market, price, volume, side)

    def path(self, symbol: str, prices: Sequence[Decimal], *, every: Decimal = Decimal(0)) -> None:
        """A price after the other, the clock jumping `every` seconds before each."""
        for price in prices:
            self.advance(every)
            self.price(symbol, price)

    def quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Move the best bid and ask without a trade: nothing fills."""
        market = self._market(symbol)
        market.bid, market.ask = bid, ask
        self.venue.emit(MarketEvent(market.pair.id))

    def depth(self, symbol: str, *, bid: Decimal | None = None, ask: Decimal | None = None) -> None:
        """How much takers find at the best bid and ask; None is endless."""
        self._market(symbol).depth(bid, ask)

    def replay(self, symbol: str, file: str, *, rows: int | None = None) -> int:
        """Trade what a file of the trade archive says (`unix_seconds,price,volume`); returns how many rows.

        The volumes are those of the file, so resting orders can fill partly. A clock that stands still is
        moved to each row's time when that lies ahead.
        """
        count = 0
        with Path(file).open(newline="") as lines:
            for stamp, price, volume in csv.reader(lines):
                if rows is not None and count >= rows:
                    break
                ahead = int(plain_decimal(stamp) * SECOND) - self.venue.clock.now()
                if self.venue.clock.is_virtual and ahead > 0:
                    self.venue.clock.advance(ahead)
                self.price(symbol, plain_decimal(price), volume=plain_decimal(volume))
                count += 1
        return count

    def fill(self, order: str, volume: Decimal | None = None) -> None:
        """Execute some of an open order at its limit, or all that is left. `order` is a txid or client id."""
        found = self.order(order)
        matching.fill_by_hand(self.venue, found, found.remaining if volume is None else volume)

    def cancel(self, order: str, reason: str = trading.USER_REQUESTED) -> None:
        """Cancel as its owner would on the web page; that charges no counter."""
        self.venue.end(self._open_order(order), "canceled", reason)

    def amend(self, order: str, *, price: Decimal | None = None, volume: Decimal | None = None) -> None:
        """Amend as its owner would on the web page: limit, or total quantity. Nothing is matched."""
        found = self._open_order(order)
        if volume is not None and volume <= found.filled:
            raise ValueError(f"order {order} has more than {volume} filled")
        changed = replace(
            found,
            price=found.price if price is None else price,
            volume=found.volume if volume is None else volume,
            amended=True,
            changed=self.venue.clock.now(),
        )
        self.venue.keep(replace(changed, held=self.venue.hold_for(changed)), "amended")

    def deposit(self, asset: str, amount: Decimal, account: str | None = None) -> None:
        """Money comes in. `asset` in any spelling."""
        self.venue.move(self._account(account), self._asset(asset), "deposit", amount)

    def withdraw(self, asset: str, amount: Decimal, account: str | None = None) -> None:
        """Money leaves, whether or not open orders hold it."""
        self.venue.move(self._account(account), self._asset(asset), "withdrawal", -amount)

    def use_nonce(self, nonce: int, account: str | None = None) -> None:
        """Another program uses the account's keys up to this nonce."""
        for key in self._keys(account):
            key.nonce = max(key.nonce, nonce)

    def lock_out(self, seconds: Decimal, account: str | None = None) -> None:
        """`EGeneral:Temporary lockout` for all keys of the account."""
        for key in self._keys(account):
            key.lock(self.venue.clock.now() + int(seconds * SECOND))

    def tier(self, name: TierName, account: str | None = None) -> None:
        """Another verification level: other rate limits, another limit of open orders. The stream reports it again."""
        self._account(account).take_tier(TIERS[name])
        for key in self._keys(account):
            key.counter = RestCounter(TIERS[name])

    def add_account(self, settings: AccountSettings) -> None:
        """One more client, with keys and balances."""
        self.venue.add_account(settings)

    def system_status(self, status: SystemStatus) -> None:
        """Back `online`, what the price has passed meanwhile fills."""
        self.venue.system = status
        self.venue.emit(SystemEvent(status))
        trading.pass_time(self.venue)
        for market in self.venue.markets.values():
            matching.rematch(self.venue, market)

    def pair_status(self, symbol: str, status: PairStatus) -> None:
        """Set the state of one pair, as clients see it."""
        market = self._market(symbol)
        market.status = status
        self.venue.emit(PairEvent(market.pair.id))
        matching.rematch(self.venue, market)

    def advance(self, seconds: Decimal) -> None:
        """The venue's clock jumps ahead: counters decay, orders expire, tokens run out."""
        self.venue.clock.advance(int(seconds * SECOND))
        trading.pass_time(self.venue)

    def revoke_tokens(self) -> None:
        """All WebSocket tokens become invalid for new requests."""
        self.venue.tokens.revoke_all()

    def behave(self, changes: Json) -> None:
        """Change switches of `settings.Behaviour` from now on. Raises `ValueError`."""
        current = msgspec.to_builtins(self.venue.behaviour)
        self.venue.behaviour = msgspec.convert(current | changes, Behaviour, strict=False)

    def latency(self, latency: Latency) -> None:
        """What every message takes from now on, per direction."""
        self.faults.latency = latency

    def fault(self, fault: RequestFault | FrameFault) -> None:
        """Something goes wrong with a request or its answer, or with a frame of a channel."""
        self.faults.add(fault)

    def clear_faults(self) -> None:
        """No faults, no latency."""
        self.faults.clear()

    async def drop(self, which: str = "all") -> int:
        """Cut connections without a goodbye: `all`, `ws`, `public`, `private`, `rest`; returns how many."""
        sockets = [connection.stream for connection in self._chosen(which)]
        streams = list(self.rest_streams) if which in ("all", "rest") else []
        for socket in sockets:
            await socket.cut()
        for stream in streams:
            await trio.aclose_forcefully(stream)
        return len(sockets) + len(streams)

    def refuse(self, which: str = "all") -> None:
        """New connections are closed before a word is said, until `admit`; those that are open stay."""
        self.refused |= self._kinds(which)

    def admit(self, which: str = "all") -> None:
        """New connections are accepted again."""
        self.refused -= self._kinds(which)

    def silence(self, which: str = "ws", direction: Direction = "both") -> int:
        """WebSocket connections fall silent but stay open; returns how many.

        Half-open: with `in` only what clients send is lost, with `out` only what the venue says.
        """
        for connection in (chosen := self._chosen(which)):
            connection.stream.silence(direction)
        return len(chosen)

    def restore(self, which: str = "ws") -> int:
        """Silent connections speak again; what was said meanwhile is lost."""
        for connection in (chosen := self._chosen(which)):
            connection.stream.restore()
        return len(chosen)

    def order(self, name: str) -> Order:
        """An open order by txid or client id, else any order by txid. Raises `LookupError`."""
        named = (order for order in self.venue.orders.open.values() if name in (order.txid, order.request.cl_ord_id))
        order = next(named, None) or self.venue.orders.get(name)
        if order is None:
            raise LookupError(f"there is no order {name}")
        return order

    def open_orders(self, account: str | None = None) -> list[Order]:
        """In order of arrival."""
        return self.venue.orders.open_of(self._account(account).name)

    def requests(self, name: str | None = None) -> list[Entry]:
        """The request log, oldest first."""
        return list(self.log.entries) if name is None else self.log.named(name)

    def state(self) -> Json:
        """Clock, markets, accounts with balances, holds, counters and open orders, connections, pending faults."""
        venue, now = self.venue, self.venue.clock.now()
        return {
            "time": now,
            "system": venue.system,
            "markets": {
                market.pair.symbol: {
                    "status": market.status,
                    "last": _text(market.last),
                    "bid": _text(market.bid),
                    "ask": _text(market.ask),
                }
                for market in venue.markets.values()
            },
            "accounts": {account.name: self._account_state(account, now) for account in venue.accounts.values()},
            "connections": [
                {"id": number, "kind": "private" if number in self.private else "public"} for number in self.connections
            ],
            "faults": self.faults.pending(),
        }

    def _account_state(self, account: Account, now: int) -> Json:
        venue = self.venue
        held = {asset.row: account.held(asset) for asset in venue.catalogue.assets.values() if account.held(asset)}
        return {
            "balances": {row: _text(amount) for row, amount in account.rows.items()},
            "held": {row: _text(amount) for row, amount in held.items()},
            "engine_counters": {pair: _text(value) for pair, value in account.counters(now).items()},
            "keys": {
                key.settings.public: {"nonce": str(key.nonce), "rest_counter": _text(key.counter.value(now))}
                for key in venue.keys.values()
                if key.account is account
            },
            "open_orders": {
                order.txid: order_view(venue, order, trades=True) for order in venue.orders.open_of(account.name)
            },
        }

    @staticmethod
    def _kinds(which: str) -> frozenset[str]:
        groups = {"all": ("public", "private", "rest"), "ws": ("public", "private")}
        kinds = frozenset(groups.get(which, (which,)))
        if not kinds <= set(groups["all"]):
            raise ValueError(f"no connections are called {which}; there are all, ws, public, private, rest")
        return kinds

    def _chosen(self, which: str) -> list[Connection]:
        kinds = self._kinds(which)
        return [
            connection
            for number, connection in self.connections.items()
            if ("private" if number in self.private else "public") in kinds
        ]

    def _open_order(self, name: str) -> Order:
        order = self.order(name)
        if not order.is_open:
            raise LookupError(f"order {name} is {order.status}")
        return order


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
