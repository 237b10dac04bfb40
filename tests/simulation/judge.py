"""What must be true after every event of the exchange; `at_rest` says what must be once all is quiet."""

from decimal import Decimal

from config import Config
from messages.status import Status
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.events import BalanceEvent, Event, OrderEvent, PairEvent
from simulators.kraken.model.matching import POST_ONLY
from simulators.kraken.model.orders import Order
from simulators.kraken.model.trading import USER_REQUESTED
from tests.oracle import ids
from tests.oracle.surroundings import Wrong
from tests.simulation.around import Around
from tests.simulation.asked import Asked
from tests.simulation.at_rest import AtRest
from tests.simulation.books import Books, Ledger, Violation
from tests.simulation.by_hand import Owner
from tests.simulation.disk import Disk
from tests.simulation.grids import Grids
from tests.simulation.lives import USERREFS
from tests.simulation.network import Network
from tests.simulation.oracles import Oracles
from tests.simulation.trace import Trace

LATE = 30 * SECOND
"""So long after a death its last requests may still arrive."""
FAR_ABOVE = Decimal("1.5")
"""No buy is ever so far above the market: its price came from a print that nobody traded at."""


class Judge:
    """Listens to the exchange, and looks at the program from outside."""

    def __init__(
        self,
        network: Network,
        config: Config,
        disk: Disk,
        owner: Owner,
        around: Around,
        trace: Trace,
        *,
        clear: bool = False,
    ) -> None:
        """`owner` and `around` tell what was done by others; `clear`: nothing fails."""
        self.fills = 0
        self.orders = 0
        self._venue = network.venue
        self._control = network.control
        self._disk = disk
        self._by_hand = owner.canceled
        self._unseen = owner.unseen
        self._owner = owner
        self._around = around
        self._trace = trace
        self._account = next(iter(self._venue.accounts))
        self._idle = ""
        """What lives now and must not touch an order; empty when the program trades."""
        self._idle_since = 0
        self._grids = Grids(self._venue)
        self.oracles = Oracles(self._venue, self._grids, disk.lineage, owner, around, clear=clear)
        disk.wrote = self.oracles.wrote
        self._ledger = Ledger(network, disk, self._grids, around)
        self._ledger.is_extra = self.oracles.is_extra
        self._asked = Asked(network.log, self._venue, around)
        self._at_rest = AtRest(self._ledger, disk, owner, self.oracles)
        self.configure(config)
        self._due: dict[str, str] = {}
        """Client id of a counter-order to the exchange id of the filled order that asks for it."""
        self._venue.listen(self.hear)

    def configure(self, config: Config) -> None:
        """The program begins a life with this configuration."""
        self._idle = ""
        self.oracles.begin([strategy.userref for strategy in config.strategy])
        self._grids.configure(config)
        for strategy in config.strategy:
            self._ledger.of.setdefault(strategy.userref, Books())

    def expect_idle(self, what: str) -> None:
        """What lives from now on must not place or cancel anything."""
        self._idle, self._idle_since = what, self._venue.clock.now()

    def hear(self, event: Event) -> None:
        """After every event of the exchange."""
        match event:
            case PairEvent():
                self._grids.follow_rules(event.pair)
            case OrderEvent():
                self._hear_order(event)
            case BalanceEvent():
                self._ledger.moved(event)
                self._trace.note(f"balance {event.entry.row} {event.entry.balance}")

    def _hear_order(self, event: OrderEvent) -> None:
        order = event.order
        self._trace.note(
            f"{event.kind} {order.txid} {order.request.cl_ord_id} {order.pair} {order.side} {order.price} "
            f"{order.volume} {order.filled} {order.reason}"
        )
        client_id = order.request.cl_ord_id or ""
        userref = ids.userref_of(client_id)
        self._check_touch(event, userref)
        if userref is None or client_id in self._around.foreign:
            return
        if userref not in self._ledger.of:
            raise Violation(f"an order of nobody: {client_id}")
        if order.account != self._account:
            raise Violation(f"an order of the program on the account {order.account}: {client_id}")
        if event.kind == "pending_new":
            self._opened(order, client_id, userref)
        self._ask_oracle(event, userref)
        match event.kind:
            case "trade" if event.trade is not None:
                self.fills += 1
                self._ledger.traded(order, userref, event.trade.volume, event.trade.fee)
            case "amended":
                self._ledger.of[userref].amended = True
            case "filled":
                books = self._ledger.of[userref]
                (books.bought if order.side == "buy" else books.sold).add(client_id)
                self._due |= dict.fromkeys(ids.answers_to(userref, order.txid), order.txid)

    def _ask_oracle(self, event: OrderEvent, userref: int) -> None:
        try:
            self.oracles.hear(event, userref)
        except Wrong as wrong:
            raise Violation(f"{userref}: {wrong}") from None

    def _opened(self, order: Order, client_id: str, userref: int) -> None:
        self.orders += 1
        former = self._ledger.accepted.get(client_id)
        if former is not None and not self._came_to_nothing(former):
            raise Violation(f"the client id {client_id} is accepted twice: {former}, {order.txid}")
        self._ledger.accepted[client_id] = order.txid
        self._check_order(order, userref)
        parent = self._due.get(client_id)
        if parent is None:
            return
        siblings = self._ledger.children.setdefault(parent, [])
        for sibling in siblings:
            other = self._ledger.order(sibling)
            if other.is_open or other.status == "closed":
                raise Violation(f"{parent} is answered twice: by {sibling} and {order.txid}")
            if sibling in self._by_hand:
                raise Violation(f"{sibling}, the answer to {parent}, was cancelled by hand, and is placed again")
        siblings.append(order.txid)
        if order.side == self._ledger.order(parent).side or order.pair != self._ledger.order(parent).pair:
            raise Violation(f"{order.txid} is no answer to {parent}")

    def _check_touch(self, event: OrderEvent, userref: int | None) -> None:
        """Nobody's order is touched but the program's own, and none at all by what must stay idle."""
        order = event.order
        own = userref in USERREFS and order.account == self._account
        late = self._venue.clock.now() - self._idle_since > LATE
        asked = event.kind == "canceled" and order.reason == USER_REQUESTED
        by_others = self._owner.withdrawn | self._around.withdrawn | self._by_hand | self._unseen
        if not own and asked and order.txid not in by_others:
            raise Violation(f"the order {order.txid} of somebody else was canceled")
        if own and self._idle and late and (event.kind == "pending_new" or (asked and order.txid not in by_others)):
            raise Violation(f"{self._idle}: {event.kind} {order.txid}")

    def _check_order(self, order: Order, userref: int) -> None:
        """What every order of a strategy must be when it arrives."""
        pair, grids = self._venue.pair_of(order), self._grids.ever(userref)
        if pair.symbol != self._grids.symbol(userref):
            raise Violation(f"{order.txid} of {userref} is on {pair.symbol}")
        if order.request.cl_ord_id not in self._disk.orders:
            raise Violation(f"{order.txid} left before the journal knew it, or another instance placed it")
        market = self._venue.markets[order.pair]
        if order.side == "buy":
            if order.price * order.volume > max(grid.amount for grid in grids):
                raise Violation(f"buy {order.txid} of {order.volume} at {order.price} is more than an amount")
            if market.ask is not None and order.price > market.ask * FAR_ABOVE:
                raise Violation(f"buy {order.txid} at {order.price} where the market asks {market.ask}")
            return
        self._ledger.check_offer(userref)

    def _came_to_nothing(self, txid: str) -> bool:
        """Nothing of it was filled, and the program could not know it: then it may be sent anew under its id.

        The user was quick to cancel it, or the exchange took it, never let it rest, and the program was not told.
        """
        order = self._ledger.order(txid)
        return not order.filled and (
            txid in self._unseen or (order.reason == POST_ONLY and not self._ledger.is_known(order))
        )

    def check_overdue(self) -> None:
        """What should have been answered by now, and what the program has asked for. Raises `Violation`."""
        self._asked.check()
        try:
            self.oracles.overdue()
        except Wrong as wrong:
            raise Violation(str(wrong)) from None

    def unsettled(self, status: Status) -> str:
        """Why the program is not at rest yet; empty when it is."""
        return self._at_rest.unsettled(status)
