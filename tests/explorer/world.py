"""One moment of everything: the venue, what is on its way both ways, what is durable, and the program, if it runs."""

from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from messages.account import OrderFacts
from messages.ids import ClientOrderId
from tests.explorer.frozen import Kept
from tests.explorer.program import Program, Request
from tests.explorer.venue import Venue
from trading.strategies.settings import GridSettings, Variant

PRICES = (Decimal(50_000), Decimal(51_000))
"""Of the market, before and after it rises."""


class Report(Struct, frozen=True):
    """The stream tells of an order as it was at one moment, and of the account's totals when a fill moved them."""

    facts: Kept[OrderFacts]
    venue: Kept[Venue] | None = None
    """Whose totals are told."""


class Answer(Struct, frozen=True):
    """The venue answers a request; it comes behind all that the stream has told before."""

    kind: str
    """`refused`, `no funds`, or to a question `unknown` or `canceled`."""
    order_id: ClientOrderId


Mail = Report | Answer


class Left(NamedTuple):
    """How often each thing may still happen on a path: the bounds of the search."""

    misfortunes: int = 2
    """Crashes; losses of a request, of an answer or of the connection; doubled reports; refusals: all together."""
    cancels: int = 1
    """By the account's owner."""
    rises: int = 1
    """Of the price, upon which the program cancels its buy."""
    partials: int = 1
    buys: int = 1
    """Buys that are executed completely."""
    sells: int = 1
    waits: int = 3
    """Pauses of the program that pass."""
    losses: int = 0
    """Of the journal's last commit, with a machine that is off for longer than any deadline."""


class World(NamedTuple):
    """Hashable; equal worlds are one state."""

    venue: Kept[Venue]
    wire: frozenset[Request]
    stream: tuple[Mail, ...]
    journal: tuple[str, ...]
    program: Kept[Program] | None
    left: Left
    price: int = 0
    """Index of the market's price."""
    former: tuple[str, ...] = ()
    """The journal before its last commit, where that may be lost."""
    ran: bool = False
    """Whether the program was ever started."""

    def cut(self) -> "World":
        """The connection is gone: what was on it is lost, what the venue was sent may still arrive."""
        wire = frozenset(replace(request, heard=False) for request in self.wire)
        return self._replace(stream=(), wire=wire)

    def put(self, requests: tuple[Request, ...]) -> "World":
        """These are on their way."""
        wire = set(self.wire)
        for request in requests:
            one = request
            while one in wire:
                one = replace(one, number=one.number + 1)
            wire.add(one)
        return self._replace(wire=frozenset(wire))


class Scene(Struct, frozen=True):
    """What is explored: whose orders, what the account has, and the bounds."""

    name: str
    variant: Variant
    settings: tuple[GridSettings, ...]
    quote: Decimal
    left: Left


class Step(NamedTuple):
    """One step: what happens, and the world after it."""

    what: tuple[str, ...]
    """A verb and what it is about; `story` puts it into words."""
    after: World
    is_ours: bool = True
    """Whether program, network and venue do this by themselves. Else it is misfortune, market or owner."""
