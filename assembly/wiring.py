"""The mailboxes of one configured program, and who writes to which."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from actors.mailbox import Mailbox
from actors.strategy import Outlets
from config import Config, StrategyConfig
from messages.journal import AccountLoaded, AccountSaved, Committed, CoreLoaded
from messages.mailboxes import (
    MetricsMail,
    NotifierMail,
    OrderManagerMail,
    PaperMail,
    PersistenceMail,
    StrategyMail,
    SupervisorMail,
    VenueMail,
)
from messages.market import Tick

NOTICE_LIMIT = 1_000


class Mailboxes:
    """All mailboxes of one program. They outlive the actors that read them."""

    def __init__(self, config: Config) -> None:
        self.supervisor: Mailbox[SupervisorMail] = Mailbox("supervisor")
        self.orders: Mailbox[OrderManagerMail] = Mailbox("order-manager")
        self.persistence: Mailbox[PersistenceMail] = Mailbox("persistence")
        self.paper: Mailbox[PaperMail] = Mailbox("paper")
        self.notifier: Mailbox[NotifierMail] = Mailbox("notifier", NOTICE_LIMIT, lossy=True)
        self.metrics: Mailbox[MetricsMail] = Mailbox("metrics")
        self.prices: Mailbox[Tick] = Mailbox("price-watch")
        self.venue: Mailbox[VenueMail] = Mailbox("venue-watch")
        self.strategies: dict[int, Mailbox[StrategyMail]] = {
            strategy.userref: Mailbox(f"strategy/{strategy.name}") for strategy in config.strategy
        }
        self.numbers: dict[int, Iterator[int]] = {strategy.userref: itertools.count(1) for strategy in config.strategy}

    def deliver(self, address: str, answer: Committed | CoreLoaded | AccountSaved | AccountLoaded) -> None:
        """Where persistence leaves its answers: `strategy/<userref>` or `paper`."""
        if isinstance(answer, AccountSaved | AccountLoaded):
            self.paper.post(answer)
        else:
            self.strategies[int(address.partition("/")[2])].post(answer)

    def lengths(self) -> dict[str, tuple[int, int]]:
        """By actor: number of waiting and of dropped messages."""
        boxes: list[Mailbox[Any]] = [
            self.supervisor,
            self.orders,
            self.persistence,
            self.notifier,
            self.prices,
            self.venue,
            *self.strategies.values(),
        ]
        return {mailbox.name: (len(mailbox), mailbox.dropped) for mailbox in boxes}

    def outlets(self) -> Outlets:
        """Where any strategy's messages go."""
        return Outlets(self.orders, self.persistence, self.notifier, self.metrics, self.supervisor, self.venue)

    def subscribers(self, config: Config) -> Mapping[str, list[Mailbox[StrategyMail]]]:
        """Mailboxes that receive the prices, by symbol."""
        found: dict[str, list[Mailbox[StrategyMail]]] = {}
        for strategy in config.strategy:
            found.setdefault(strategy.symbol, []).append(self.strategies[strategy.userref])
        return found


def actor_name(strategy: StrategyConfig) -> str:
    """What logs, metrics and the shutdown call the strategy's actor."""
    return f"strategy/{strategy.name}"
