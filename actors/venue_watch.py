"""The watch over the venue's facts: rules, states and fees of the configured pairs, read again and again.

One pair in trouble halts its own strategies; they resume when it is well again. Changes are reported to the
strategies, the order-manager and the user. Nothing here is queried more often than `Pace` says.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

import trio
from msgspec import Struct

from actors.condition_book import ConditionBook
from actors.mailbox import Mailbox
from actors.price_doubts import DoubtDesk
from actors.venue_facts import Objection, PairFacts, changes, fee_change, too_low
from messages.about import about
from messages.conditions import ConditionCode
from messages.mailboxes import NotifierMail, OrderManagerMail, StrategyMail, VenueMail
from messages.market import FactsChanged, Quote, RulesChanged
from messages.money import Pair
from messages.notices import PairChanged, StrategyHalted, StrategyResumed
from messages.status import LookAgain, Pause, PauseCause, Resume
from trading.ports import ExchangeUnavailable, TellsPairNews, TellsQuotes

logger = logging.getLogger("infinity_grid.venue")

ROUND_SECONDS = 3600.0
"""Between two readings while all is well."""
FIRST_RETRY_SECONDS = 60.0
"""After a reading that failed or found trouble; doubled up to `LONGEST_RETRY_SECONDS`."""
LONGEST_RETRY_SECONDS = 600.0
SHORTEST_GAP_SECONDS = 5.0
"""Between two readings that something asked for; doubled up to the longest for each that found nothing new."""
LONGEST_GAP_SECONDS = 600.0
REFUSAL_SECONDS = 600.0
"""Seconds that a pair rests whose orders are refused although it is listed as traded; doubled each time in vain."""
LONGEST_REFUSAL_SECONDS = 6 * 3600.0
TRIAL_SECONDS = 60.0
"""Seconds without a refusal after such a rest, until the pair counts as well again."""

_ORDERS = "none is cancelled by this program, the exchange may end them (delisting); fills are answered when it resumes"
_WAIT = "nothing, it resumes by itself; if it lasts, look at the exchange's page about this pair"


class Watched(Struct, frozen=True):
    """A strategy as the watch sees it."""

    userref: int
    name: str
    symbol: str
    fee: Decimal | None
    """As configured; None: the account's own."""
    follows: bool
    """Whether its core goes on by changed rules and holds back what they forbid; else an objection halts it."""
    simulated: bool = False
    """Whether its account is simulated: then a stated fee counts as it is."""

    @property
    def asks_fee(self) -> bool:
        """Whether the account's own fee matters to it. With real money always: a stated one may be too low."""
        return self.fee is None or not self.simulated

    def counting_fee(self, account: Decimal | None) -> Decimal | None:
        """The maker fee rate of every rule: the higher of the stated and the `account`'s own, each None if unknown."""
        if self.fee is None or account is None or not self.asks_fee:
            return account if self.fee is None else self.fee
        return max(self.fee, account)


class VenueOutlets(Struct, frozen=True):
    """Where the watch's messages go."""

    strategies: Mapping[int, Mailbox[StrategyMail]]
    orders: Mailbox[OrderManagerMail]
    notifier: Mailbox[NotifierMail]


class Refusal(Struct):
    """Orders of a pair are refused although the venue lists it as traded."""

    text: str
    until: float
    """When orders are tried again, in seconds of trio's clock."""
    wait: float


Read = Callable[[], Awaitable[Mapping[str, PairFacts]]]
"""Reads all configured pairs again. Raises `ExchangeUnavailable`."""
Judge = Callable[[int, Pair, Decimal, Decimal | None], Sequence[Objection]]
"""What speaks against a strategy (by userref) under these rules, this fee and this price."""


class VenueBook:
    """What is known of the venue, and which strategies rest because of it. It outlives connections.

    `pairs` and `prices` by symbol and `fees` by userref are what strategies and the order-manager are made with.
    """

    def __init__(
        self,
        strategies: Sequence[Watched],
        outlets: VenueOutlets,
        conditions: ConditionBook,
        judge: Judge,
        now: Callable[[], int],
    ) -> None:
        """`now`: the wall clock in nanoseconds UTC."""
        self._strategies = tuple(strategies)
        self._outlets = outlets
        self._conditions = conditions
        self._judge = judge
        self._now = now
        self._halted: dict[int, str] = {}
        self._objections: dict[int, dict[ConditionCode, str]] = {strategy.userref: {} for strategy in strategies}
        self._troubles: dict[str, str] = {}
        self._refusals: dict[str, Refusal] = {}
        self._account_fees: dict[str, Decimal] = {}
        """The account's own by symbol, as they were told last."""
        self.pairs: dict[str, Pair] = {}
        self.fees: dict[int, Decimal] = {}
        self.prices: dict[str, Decimal] = {}

    def paused(self, userref: int) -> dict[PauseCause, str]:
        """Why a strategy that starts now decides nothing."""
        reason = self._halted.get(userref)
        return {} if reason is None else {"pair": reason}

    @property
    def in_trouble(self) -> bool:
        """Whether the facts themselves say that a pair cannot be traded."""
        return bool(self._troubles)

    def learns_from(self, message: VenueMail) -> bool:
        """Whether this is a reason to read again: not for what is known, nor a fee that matters to nobody."""
        if message.reason == "fee":
            return any(strategy.symbol == message.symbol and strategy.asks_fee for strategy in self._strategies)
        return message.reason == "news" or message.symbol not in self._troubles

    def take(self, facts: Mapping[str, PairFacts], now: float) -> bool:
        """Compare with what is known and notify whom it concerns; returns whether anything was new."""
        news = False
        for symbol, told in facts.items():
            news |= self._troubles.get(symbol, "") != told.trouble
            if told.trouble:
                self._troubles[symbol] = told.trouble
                self._refusals.pop(symbol, None)
            else:
                self._troubles.pop(symbol, None)
        self._account_fees |= {symbol: told.fee for symbol, told in facts.items() if told.fee is not None}
        for strategy in self._strategies:
            if fact := facts.get(strategy.symbol):
                news |= self._follow(strategy, fact)
        self.pairs |= {symbol: told.pair for symbol, told in facts.items() if told.pair is not None}
        self.prices |= {symbol: told.price for symbol, told in facts.items() if told.price is not None}
        self.update(now)
        return news

    def refused(self, symbol: str, text: str, now: float) -> None:
        """The venue refuses orders of a pair that it lists as traded."""
        before = self._refusals.get(symbol)
        if symbol in self._troubles or (before and now < before.until):
            return
        wait = min(2 * before.wait, LONGEST_REFUSAL_SECONDS) if before else REFUSAL_SECONDS
        self._refusals[symbol] = Refusal(text, now + wait, wait)
        logger.warning(
            "%s: orders are refused (%s); tried again in %g s", symbol, text, wait, extra=about(pair=symbol, cause=text)
        )
        self.update(now)

    def tell_quote(self, quote: Quote) -> None:
        """Bid and ask for all strategies of the pair."""
        for strategy in self._strategies:
            if strategy.symbol == quote.symbol:
                self._outlets.strategies[strategy.userref].post(quote)

    def update(self, now: float) -> None:
        """Pause and resume whom the present state concerns."""
        for symbol, refusal in list(self._refusals.items()):
            if now >= refusal.until + TRIAL_SECONDS:
                del self._refusals[symbol]
        for strategy in self._strategies:
            self._halt_or_resume(strategy, now)

    def next_after(self, now: float) -> float:
        """When `update` is due without news after `now`, in seconds of trio's clock."""
        moments = (moment for refusal in self._refusals.values() for moment in _moments(refusal))
        return min((moment for moment in moments if moment > now), default=math.inf)

    def _follow(self, strategy: Watched, fact: PairFacts) -> bool:
        """Rules and fee of one strategy; returns whether they are others than before."""
        userref, pair = strategy.userref, fact.pair
        fee = strategy.counting_fee(self._account_fees.get(strategy.symbol))
        if pair is None or fee is None:
            return False
        old_pair, old_fee = self.pairs.get(strategy.symbol), self.fees.get(userref)
        self.fees[userref] = fee
        different = [
            *(changes(old_pair, pair) if old_pair is not None else ()),
            *(fee_change(old_fee, fee) if old_fee is not None else ()),
        ]
        if different:
            self._outlets.orders.post(FactsChanged(userref, pair, fee))
            self._outlets.strategies[userref].post(RulesChanged(pair, fee))
        self._correct(strategy, fee)
        self._object(strategy, self._judge(userref, pair, fee, fact.price), "; ".join(different))
        return bool(different)

    def _correct(self, strategy: Watched, fee: Decimal) -> None:
        """Tell the user that the stated fee is too low, once, and as long as it is so."""
        if strategy.fee is None or fee <= strategy.fee:
            self._conditions.close(strategy.userref, "stated fee", self._now())
            return
        words = too_low(strategy.fee, fee)
        detail = f"{strategy.name}: {words}"
        if self._conditions.open(strategy.userref, "stated fee", detail, self._now()):
            self._outlets.notifier.post(PairChanged(strategy.name, strategy.symbol, "", words))

    def _object(self, strategy: Watched, objections: Sequence[Objection], different: str) -> None:
        """Open and close conditions for what its present rules forbid the strategy, and notify the user."""
        userref, name, symbol = strategy.userref, strategy.name, strategy.symbol
        before = self._objections[userref]
        found = {objection.code: objection.words for objection in objections}
        fresh = [words for code, words in found.items() if code not in before]
        for objection in objections:
            self._conditions.open(userref, objection.code, objection.words, self._now(), blocks=not strategy.follows)
        for code in before.keys() - found.keys():
            self._conditions.close(userref, code, self._now())
        self._objections[userref] = dict(found)
        if different:
            logger.info("%s (%s): %s", name, symbol, different, extra=about(strategy=name, pair=symbol))
        if different or (fresh and strategy.follows):
            effect = "" if not fresh else f"{'; '.join(fresh)}: no new orders that it forbids; open ones stay"
            self._outlets.notifier.post(PairChanged(name, symbol, different, effect))

    def _reason(self, strategy: Watched, now: float) -> str:
        """Why the strategy must rest; empty when it need not."""
        if trouble := self._troubles.get(strategy.symbol):
            return trouble
        refusal = self._refusals.get(strategy.symbol)
        if refusal is not None and now < refusal.until:
            return f"the exchange refuses orders of {strategy.symbol}: {refusal.text}"
        if not strategy.follows:
            return "; ".join(self._objections[strategy.userref].values())
        return ""

    def _halt_or_resume(self, strategy: Watched, now: float) -> None:
        userref, reason = strategy.userref, self._reason(strategy, now)
        mailbox = self._outlets.strategies[userref]
        if reason and reason != self._halted.get(userref):
            self._halted[userref] = reason
            mailbox.post(Pause(reason, "pair"))
            if self._conditions.open(userref, "pair", reason, self._now(), blocks=True, told=True):
                halted = StrategyHalted(strategy.name, strategy.symbol, reason, _ORDERS, _WAIT)
                self._outlets.notifier.post(halted)
        elif not reason and userref in self._halted:
            del self._halted[userref]
            mailbox.post(Resume("pair"))
        if (
            not reason
            and strategy.symbol not in self._refusals
            and self._conditions.close(userref, "pair", self._now())
        ):
            self._outlets.notifier.post(StrategyResumed(strategy.name, strategy.symbol))


def _moments(refusal: Refusal) -> tuple[float, float]:
    return refusal.until, refusal.until + TRIAL_SECONDS


class WatchPace:
    """When the facts are read again, in seconds of trio's clock."""

    def __init__(self, now: float) -> None:
        self._regular = now + ROUND_SECONDS
        self._asked = math.inf
        self._last = -math.inf
        self._gap = SHORTEST_GAP_SECONDS
        self._retry = FIRST_RETRY_SECONDS

    @property
    def due(self) -> float:
        """The next reading."""
        return min(self._regular, self._asked)

    def ask(self, *, told: bool) -> None:
        """Something wants a reading now; it comes as soon as the gap to the last one allows.

        `told`: the exchange itself says that something has changed, so earlier readings in vain do not count.
        """
        self._asked = min(self._asked, self._last + (SHORTEST_GAP_SECONDS if told else self._gap))

    def done(self, now: float, *, news: bool, trouble: bool) -> None:
        """A reading is over; `trouble`: it failed, or a pair cannot be traded."""
        asked = self._asked <= now
        self._last, self._asked = now, math.inf
        if news:
            self._gap, self._retry = SHORTEST_GAP_SECONDS, FIRST_RETRY_SECONDS
        elif asked:
            self._gap = min(2 * self._gap, LONGEST_GAP_SECONDS)
        else:
            self._gap = max(self._gap / 2, SHORTEST_GAP_SECONDS)
        self._regular = now + (self._retry if trouble else ROUND_SECONDS)
        self._retry = min(2 * self._retry, LONGEST_RETRY_SECONDS) if trouble else FIRST_RETRY_SECONDS


async def run_venue_watch(book: VenueBook, exchange: object, read: Read, mailbox: Mailbox[VenueMail]) -> None:
    """Keep the book up to date until cancelled. The first reading was made by the start."""
    async with trio.open_nursery() as nursery:
        if isinstance(exchange, TellsPairNews):
            nursery.start_soon(_listen, exchange, mailbox)
        doubts = DoubtDesk(exchange, book.tell_quote) if isinstance(exchange, TellsQuotes) else None
        if doubts is not None:
            nursery.start_soon(doubts.run)
        pace = WatchPace(trio.current_time())
        if book.in_trouble:
            pace.done(trio.current_time(), news=True, trouble=True)
        while True:
            batch: list[VenueMail] = []
            with trio.move_on_at(min(pace.due, book.next_after(trio.current_time()))):
                batch = await mailbox.receive()
            for message in batch:
                if message.reason == "price jump":
                    if doubts is not None:
                        doubts.doubted(message.symbol)
                    continue
                fields = about(pair=message.symbol, cause=message.reason)
                logger.info("%s (%s): %s", message.symbol, message.reason, message.text, extra=fields)
                if book.learns_from(message):
                    pace.ask(told=message.reason == "news")
            if trio.current_time() >= pace.due:
                await _read(book, exchange, read, pace)
            for message in batch:
                if message.reason == "pair":
                    book.refused(message.symbol, message.text, trio.current_time())
            book.update(trio.current_time())


async def _listen(exchange: TellsPairNews, mailbox: Mailbox[VenueMail]) -> None:
    while True:
        for symbol, text in (await exchange.pair_news()).items():
            mailbox.post(LookAgain(symbol, "news", text))


async def _read(book: VenueBook, exchange: object, read: Read, pace: WatchPace) -> None:
    if isinstance(exchange, TellsPairNews):
        exchange.forget_facts()
    try:
        facts = await read()
    except ExchangeUnavailable as error:
        logger.warning("the exchange's facts about the pairs cannot be read: %s", error)
        pace.done(trio.current_time(), news=False, trouble=True)
        return
    news = book.take(facts, trio.current_time())
    pace.done(trio.current_time(), news=news, trouble=book.in_trouble)
