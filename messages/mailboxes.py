"""The closed union of each mailbox: the whole vocabulary that an actor understands."""

from messages.account import AccountBalances, Attach, ForeignOrder, OrderFacts, OrdersFound, StopTrading
from messages.journal import (
    AccountLoaded,
    AccountSaved,
    Close,
    Commit,
    Committed,
    CoreLoaded,
    LoadAccount,
    LoadCore,
    Record,
    SaveAccount,
)
from messages.market import RowDone, RowEnd, Tick
from messages.notices import Notice
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Canceled,
    Filled,
    PartiallyFilled,
    Rejected,
    Resynced,
    Resyncing,
    Submit,
)
from messages.status import (
    ActorReport,
    Pause,
    PhaseChanged,
    PriceBack,
    PriceReport,
    PriceSilent,
    ProgramReport,
    Resume,
    Stop,
    StrategyReport,
)

CoreEvent = Tick | Accepted | PartiallyFilled | Filled | Canceled | Amended | Rejected | Balances | Resynced | Stop
"""What a pure decision core handles."""

StrategyMail = CoreEvent | OrdersFound | Resyncing | RowEnd | Committed | CoreLoaded | Pause | Resume

ExchangeEvent = (
    Accepted | PartiallyFilled | Filled | Canceled | Amended | Rejected | AccountBalances | ForeignOrder | RowEnd
)
"""What an exchange's private session says."""

OrderManagerMail = Submit | Attach | RowDone | StopTrading | ExchangeEvent

PersistenceMail = Commit | Record | LoadCore | SaveAccount | LoadAccount | Close

PaperMail = AccountLoaded | AccountSaved
"""What persistence answers to the paper exchange."""

NotifierMail = Notice

MetricsMail = ProgramReport | StrategyReport | ActorReport | PriceReport

SupervisorMail = PhaseChanged | PriceSilent | PriceBack

__all__ = [
    "CoreEvent",
    "ExchangeEvent",
    "MetricsMail",
    "NotifierMail",
    "OrderFacts",
    "OrderManagerMail",
    "OrdersFound",
    "PaperMail",
    "PersistenceMail",
    "StrategyMail",
    "SupervisorMail",
]
