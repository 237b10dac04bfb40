"""The outside world as the actors see it. Each Protocol is an extension point; adapters inherit nothing.

An exchange speaks the order events of `messages.orders`. Its own spellings of
assets, pairs and states never leave its package. Its errors are translated at the edge into the three
below; no library's exception passes through.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Protocol, Self, TypeGuard, runtime_checkable

from messages.account import AccountSnapshot, History, KeyShared, OrderFacts, OrderInDoubt
from messages.conditions import ConditionCode
from messages.counted import counted
from messages.ids import ClientOrderId
from messages.letters import Letter
from messages.mailboxes import ExchangeEvent
from messages.market import Quote, RowEnd, Tick
from messages.money import Pair
from messages.orders import Place


class ExchangeUnavailable(Exception):
    """Connection lost, server error, rate limit, maintenance: waited for, with backoff, for ever."""

    def __init__(
        self, reason: str = "", *, retry_after: float = 0.0, code: ConditionCode = "connection", advice: str = ""
    ) -> None:
        """`retry_after`: seconds for which asking again would make it worse.

        `code` is what the condition is called meanwhile. `advice`: what only the owner can do about it; waiting alone
        does not help then.
        """
        super().__init__(reason)
        self.retry_after = retry_after
        self.code = code
        self.advice = advice


class PairUnavailable(Exception):
    """The exchange does not let this pair be traded (delisted, suspended, restricted), or its rules make no sense.

    Its strategies are halted with `words`, the others trade on, and the pair is asked about again from time to time.
    """

    def __init__(self, symbol: str, words: str, *, pair: Pair | None = None) -> None:
        """`words`: a sentence with the exchange's own text; `pair`: the rules where they are known all the same."""
        super().__init__(words)
        self.symbol = symbol
        self.words = words
        self.pair = pair


class BotStateError(Exception):
    """The account refuses to work with this program (bad key, missing permission).

    A key that has never worked ends the program. One that has is waited for: exchanges refuse good keys for minutes.
    """

    def __init__(self, reason: str = "", *, has_worked: bool = False, refused_for: float = 0.0) -> None:
        """`has_worked`: the exchange has taken this key before; `refused_for`: seconds for which it refuses it now."""
        super().__init__(reason)
        self.has_worked = has_worked
        self.refused_for = refused_for


class UnknownOrderError(Exception):
    """The exchange holds an order of ours that the journal cannot explain: probably a second instance."""

    @classmethod
    def of(cls, facts: OrderFacts, userref: int, why: str = "") -> Self:
        """The error for this order, with what to do about it. `why`: how another process shows, if it does."""
        found = (
            f"the exchange holds {facts.side} order {facts.exchange_id} ({facts.order_id}) with userref {userref}, "
            "which the journal does not know"
        )
        if why:
            return cls(f"{found}, and {why}: is a second instance running? Stop it first, then start with --adopt")
        return cls(
            f"{found}: is a second instance running? If not, start once with --adopt: it "
            "takes it over as this strategy's; if it is your own order, cancel it or use another userref"
        )


class OtherProgramError(UnknownOrderError):
    """Another program trades this pair under the strategy's userref."""

    @classmethod
    def of_orders(cls, orders: Sequence[OrderFacts], userref: int) -> Self:
        """The error for these open orders, with what to do about them."""
        named = ", ".join(f"{o.side} {o.volume:f} at {o.price:f} ({o.exchange_id})" for o in orders[:5])
        more = f" and {len(orders) - 5} more" if len(orders) > 5 else ""  # noqa: PLR2004
        return cls(
            f"another program has {counted(len(orders), 'open order')} of {orders[0].symbol} with userref {userref}: "
            f"{named}{more}. A second grid over the same pair would trade against it: stop that program and cancel "
            "its orders, or give this strategy another userref. --adopt does not take them over"
        )


class DatabaseUnusable(Exception):
    """The journal cannot be opened or written; the message says why and what to do. Exit code 6 at a start."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        """`passing`: what is wrong is around the file (a full disk, a missing one), not in it: waiting may help."""
        super().__init__(message)
        self.passing = passing


class SourceEnded(Exception):
    """A finite source of prices (a replayed file) has no more rows."""


class ChannelError(Exception):
    """A channel did not take a notice; the message says why and holds no secret."""

    def __init__(self, reason: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        """`permanent`: the channel will never take this notice, so that repeating it cannot help.

        `retry_after`: seconds that the service asked to be left alone for.
        """
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


class ChannelMisconfigured(ChannelError):
    """The service refuses what the configuration says; the message names the key, never its value."""


class TradingSession(Protocol):
    """The private side of one account, connected and subscribed.

    In the terms of infinity-grid's documentation: the trading half of an `IExchangeWebSocketService`.
    """

    async def snapshot(self) -> AccountSnapshot:
        """Balances and all open orders, foreign ones included. Events since the subscription are kept."""

    async def lookup(self, order_ids: Sequence[ClientOrderId]) -> dict[ClientOrderId, OrderFacts]:
        """What became of these client order ids, closed orders included; unknown ids are left out.

        An omitted id is a guarantee: the order never arrived and never will, or it was closed unfilled before
        it rested (as a post-only order may be). Raises `ExchangeUnavailable` while that is not certain.
        """

    async def closed(self, since: int) -> History:
        """Orders with this program's mark (`messages.ids`) that were closed since `since`, in nanoseconds UTC.

        Asked at each start, because a journal that was damaged, restored or deleted does not know them; 0 means
        as far back as the adapter looks. What was closed while this program ran may be left out.
        """

    def events(self) -> AsyncIterator[ExchangeEvent]:
        """Everything that happens to the account, in order and without gaps.

        A gap, a lost connection or a silent one ends it with `ExchangeUnavailable`. New totals
        (`AccountBalances`) come right before the fill that caused them and say so (`with_next`).
        """

    async def place(self, orders: Sequence[Place]) -> None:
        """Send the orders as one batch. The outcome of each arrives as an event, never as a return value.

        An id that was accepted before is not sent again by the caller. Must not retry an order whose
        outcome is unknown.
        """

    async def cancel(self, order_ids: Sequence[ClientOrderId]) -> None:
        """Ask for cancellation as one batch. Repeating it is harmless; confirmation is an event."""


class Exchange(Protocol):
    """One exchange and one account of it: the extension point for a further exchange (docs/exchanges.md).

    In the terms of infinity-grid's documentation: an `IExchangeRESTService` (rules, fees, prices on request) and
    the public half of an `IExchangeWebSocketService` (`prices`). Its `ExchangeDomain`, the exchange's own names of
    things, stays inside the adapter.
    """

    simulated: bool
    """True when no real order can be placed through this object."""

    async def pair(self, symbol: str) -> Pair:
        """The trading rules of `BASE/QUOTE`; raises `config.ConfigError` for a pair it does not know.

        This and the next two are asked at each start, hourly, and after a refusal that names rules or pair; they may
        raise `PairUnavailable` for this pair alone and `ExchangeUnavailable` for all.
        """

    async def maker_fee(self, symbol: str) -> Decimal:
        """The account's own maker fee rate for this pair (0.0026 is 0.26 %)."""

    async def last_price(self, symbol: str) -> Decimal | None:
        """The price of the last trade, or None when there is none yet."""

    def prices(self, symbols: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Tick]]:
        """Last trade prices. Entering returns once the subscription is confirmed.

        Raises `ExchangeUnavailable` when the connection is lost, `SourceEnded` when a replay is over.
        """

    def trading(self) -> AbstractAsyncContextManager[TradingSession]:
        """The private session. Entering returns once executions and balances are subscribed."""

    def market_open(self, symbol: str) -> bool:
        """Whether silence of this pair would be strange (exchange online, pair tradable)."""

    def clock_offset(self) -> int | None:
        """This machine's clock minus the exchange's, in nanoseconds; None for an exchange without a clock."""


@runtime_checkable
class NamesAccount(Protocol):
    """Optional for an exchange: it says which account it speaks for."""

    @property
    def account_id(self) -> str:
        """Id of the account, equal for all of its API keys and different for every other account; empty when unknown.

        Known once the exchange is open. Without it an account counts as known by its API key.
        """


@runtime_checkable
class TellsPairNews(Protocol):
    """Optional for an exchange: one that keeps answers about pairs for a while, or hears when something changes."""

    def forget_facts(self) -> None:
        """Drop cached facts: the next `pair`, `maker_fee` and `last_price` ask the exchange again."""

    async def pair_news(self) -> dict[str, str]:
        """Wait until something was heard of a pair's state; symbols and what was heard, for people.

        The facts themselves are asked for afterwards. An exchange that never hears anything never returns.
        """


@runtime_checkable
class TellsQuotes(Protocol):
    """Optional for an exchange: it says where the market is when a last trade is doubted."""

    async def quote(self, symbol: str) -> Quote | None:
        """Best bid and ask of this moment; None where one of them is missing or they make no sense.

        Raises `ExchangeUnavailable`.
        """


@runtime_checkable
class CountsRequests(Protocol):
    """Optional for an exchange: it counts what it asks for, for `/metrics`."""

    def requests(self) -> Mapping[tuple[str, str], int]:
        """How many requests ended so, by method and outcome."""


@runtime_checkable
class FeelsCompany(Protocol):
    """Optional for an exchange: it notices another process on the same account, even one that places no order."""

    async def orders_in_doubt(
        self, symbols: Mapping[int, str], waits: Callable[[int, int], None], *, adopt: bool
    ) -> tuple[OrderInDoubt, ...]:
        """Open orders of these userrefs (each with its pair) that another process may look after.

        Asked before strategies without a journal take orders over. With `adopt` their user says that they are his own;
        only a sign of another process that lives speaks against it then. May take half a minute, but only where there
        are such orders: `waits` is called with their number and the seconds. Raises `ExchangeUnavailable`.
        """

    async def watch_company(self, tell: Callable[[KeyShared], None]) -> None:
        """Until cancelled: report when another process shows, and when it has gone."""


class SessionInRounds(TradingSession, Protocol):
    """The session of an exchange that is `InRounds`. What a round is: `trading.rounds`."""

    def events_in_rounds(self) -> AsyncIterator[ExchangeEvent | RowEnd]:
        """`events`, and behind all that belongs to a row of prices its `RowEnd`; read instead of `events`.

        A session that is opened while a row waits is given that row's end at once.
        """

    async def settled(self, row: int, *, again: bool) -> None:
        """Answer to `RowEnd(row)`: every decision on that row has been applied; one on another row is ignored.

        With `again` commands were among them: say `RowEnd(row)` once more, behind the events that follow from
        them. Without, the next row may come.
        """


@runtime_checkable
class InRounds(Protocol):
    """Optional, for a simulated exchange that replays recorded rows of prices, each once all have decided on the last.

    A real exchange waits for no decision and implements nothing of this.
    """

    lock_step: bool
    """False while the rows come at a pace of their own; no `RowEnd` is said then."""

    def trading(self) -> AbstractAsyncContextManager[SessionInRounds]:
        """The private session, as `Exchange.trading`."""


def in_lock_step(exchange: object) -> TypeGuard[InRounds]:
    """Whether this exchange waits for every decision."""
    return isinstance(exchange, InRounds) and exchange.lock_step


class Channel(Protocol):
    """One way to reach the person behind the program.

    Queueing, order, retries, deadlines and summaries are the notifier's; a channel speaks to its service.
    """

    @property
    def name(self) -> str:
        """What logs, `/status` and `/metrics` call it: `<name>` of `[notifier.<name>]`."""

    async def check(self) -> None:
        """First contact, once at the start: would the service accept a notice? Sends none.

        Raises `ChannelMisconfigured` for what only a changed configuration mends. Any other `ChannelError`
        is ignored here: sending will meet it again. A channel that cannot know returns.
        """

    async def send(self, letter: Letter) -> None:
        """Deliver one notice; its words may be marked up or cut. `letter.silent` asks for no sound.

        Raises `ChannelError`. It is cancelled when it takes too long. A notice whose outcome is unknown
        is sent again: twice is better than never.
        """
