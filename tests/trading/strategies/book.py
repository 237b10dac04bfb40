"""What the core has been told and has asked for, kept independently of it, with the promises it must keep."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from messages.ids import NO_VENUE_ID, VenueOrderId
from messages.mailboxes import CoreEvent
from messages.money import ZERO
from messages.notices import FundsMissing, OrderDelayed, OrderReleased
from messages.orders import Accepted, Cancel, Canceled, Deferred, Filled, PartiallyFilled, Place, Rejected
from trading.strategies.core import Output
from trading.strategies.grid_base import GridCore


class Known(Struct):
    place: Place
    exchange_id: VenueOrderId = NO_VENUE_ID
    canceling: bool = False
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO


class Book:
    """Follows every event and every answer of one strategy over all its restarts."""

    def __init__(self, *, sells: bool) -> None:
        self.sells = sells
        self.live: dict[str, Known] = {}
        self.owned = ZERO
        self.cash_flow = ZERO
        self.fees = ZERO
        self.surplus = ZERO
        self.due: set[str] = set()
        """Exchange ids of filled buys whose sell is neither filled nor released by name."""
        self.told: set[str] = set()

    def follow(self, event: CoreEvent | Deferred | None, outputs: Sequence[Output], core: GridCore) -> None:
        """Take in an event and what the core answered."""
        self._take_event(event, outputs)
        for output in outputs:
            if isinstance(output, Place):
                assert output.order_id not in self.live, "asked for twice"
                self.live[output.order_id] = Known(output)
            elif isinstance(output, Cancel):
                known = self.live[output.order_id]
                assert not known.canceling, "cancelled twice"
                known.canceling = True
        self._keep_promises(core)
        self._respect_limits(outputs, core)

    def _take_event(self, event: CoreEvent | Deferred | None, outputs: Sequence[Output]) -> None:
        if not isinstance(event, Accepted | PartiallyFilled | Filled | Canceled | Rejected):
            return
        known = self.live.get(event.order_id)
        if known is None:
            assert not outputs, "an event of an order that is not known any more must change nothing"
            return
        if isinstance(event, Rejected):
            if not known.exchange_id:
                self._refused(known, outputs)
            return
        if event.exchange_id and not known.exchange_id:
            known.exchange_id = event.exchange_id
            self.told.discard(_fill_of(known.place))
            if known.place.kind == "surplus":
                self.surplus -= known.place.volume
        if not isinstance(event, Accepted):
            self._executed(known, event)
            self._closed(known, event, outputs)

    def _executed(self, known: Known, event: PartiallyFilled | Filled | Canceled) -> None:
        if event.filled <= known.filled:
            return
        sign = 1 if known.place.side == "buy" else -1
        owned = self.owned + sign * (event.filled - known.filled)
        others = [k for k in self.live.values() if k.place.side == "sell" and k is not known]
        promised = sum((k.place.volume - k.filled for k in others if k.place.kind != "extra"), ZERO)
        self.owned = max(owned, min(self.owned, promised)) if sign < 0 else owned
        self.cash_flow -= sign * (event.cost - known.cost) + event.fee - known.fee
        self.fees += event.fee - known.fee
        known.filled, known.cost, known.fee = event.filled, event.cost, event.fee

    def _closed(self, known: Known, event: PartiallyFilled | Filled | Canceled, outputs: Sequence[Output]) -> None:
        place = known.place
        if known.filled == place.volume:
            del self.live[place.order_id]
            if place.side == "sell":
                self.due.discard(_fill_of(place))
            elif self.sells:
                self.due.add(known.exchange_id)
                self._answered_at_once(known.exchange_id, outputs)
        elif isinstance(event, Canceled):
            del self.live[place.order_id]
            self._withdrawn(known, event, outputs)

    def _answered_at_once(self, exchange_id: str, outputs: Sequence[Output]) -> None:
        asked = [o for o in outputs if isinstance(o, Place)]
        if any(isinstance(o, OrderDelayed) for o in outputs):
            assert not asked, "too small for the exchange: it is remembered"
        else:
            assert [(o.side, o.cause) for o in asked] == [("sell", exchange_id)], "a fill places only its counter-order"

    def _withdrawn(self, known: Known, event: Canceled, outputs: Sequence[Output]) -> None:
        place = known.place
        rest = place.volume - known.filled
        ours = known.canceling or event.reason not in ("by hand", "unknown to the exchange")
        if place.side == "buy" and self.sells:
            self.surplus += known.filled
        elif place.kind == "surplus" and ours and known.exchange_id:
            self.surplus += rest
        elif place.kind == "counter" and place.side == "sell" and not ours:
            assert _released(outputs), "a sell is gone without a word"
            self.due.discard(_fill_of(place))

    def _refused(self, known: Known, outputs: Sequence[Output]) -> None:
        del self.live[known.place.order_id]
        missing = [o for o in outputs if isinstance(o, FundsMissing)]
        if _released(outputs) and known.place.side == "sell":
            self.due.discard(_fill_of(known.place))
        if missing and known.place.side == "sell":
            assert _fill_of(known.place) not in self.told, "told twice of one lacking sell"
            self.told.add(_fill_of(known.place))

    def _keep_promises(self, core: GridCore) -> None:
        state = core.state
        assert set(self.live) == set(state.orders)
        assert {i for i, k in self.live.items() if k.canceling} == {
            i for i, o in state.orders.items() if o.phase == "canceling"
        }
        assert (state.owned, state.cash_flow, state.fees) == (self.owned, self.cash_flow, self.fees)
        assert state.surplus == self.surplus >= 0
        sold = {_fill_of(known.place) for known in self.live.values() if known.place.side == "sell"}
        assert not self.due - sold - set(state.remembered), "a filled buy is not answered"

    def _respect_limits(self, outputs: Sequence[Output], core: GridCore) -> None:
        if not any(isinstance(o, Place) and o.side == "buy" for o in outputs):
            return
        ladder = [known.place for known in self.live.values() if not known.canceling]
        settings = core._ladder.settings
        assert sum(order.side == "buy" for order in ladder) <= settings.max_open_buys
        assert sum(order.price * order.volume for order in ladder) <= settings.max_investment


def _fill_of(place: Place) -> str:
    """The exchange id of the fill that a counter-order answers."""
    return place.cause.split("#")[0] if place.kind == "counter" else ""


def _released(outputs: Sequence[Output]) -> bool:
    return any(isinstance(o, OrderReleased) and o.side == "sell" for o in outputs)
