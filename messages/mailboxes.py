"""The closed union of each mailbox: the whole vocabulary that an actor understands."""

from messages.account import (
    AbsentAnswered,
    AccountBalances,
    Attach,
    AttachAnswered,
    AttachRefused,
    AttachWaits,
    ForeignOrder,
    HistoryProgress,
    KeyShared,
    OrderFacts,
    OrderOfAnother,
    OrdersFound,
    StopTrading,
)
from messages.conditions import ConditionChanged, Conditions
from messages.journal import (
    AccountLoaded,
    AccountSaved,
    Close,
    Commit,
    Committed,
    CoreLoaded,
    LoadAccount,
    LoadCore,
    Owner,
    Record,
    SaveAccount,
)
from messages.market import FactsChanged, Quote, RowDone, RowEnd, RulesChanged, Tick
from messages.notices import Notice
from messages.orders import (
    Accepted,
    Amended,
    Balances,
    Canceled,
    Deferred,
    Filled,
    PartiallyFilled,
    Reckoned,
    Rejected,
    Resynced,
    Resyncing,
    Submit,
)
from messages.status import (
    ActorReport,
    LookAgain,
    Pause,
    PhaseChanged,
    PriceBack,
    PriceReport,
    PriceSilent,
    ProgramReport,
    Resume,
    Stop,
    StrangeOrder,
    StrategyReport,
    UncoveredOrders,
)

CoreEvent = Tick | Accepted | PartiallyFilled | Filled | Canceled | Amended | Rejected | Balances | Resynced | Stop
"""What a pure decision core handles."""

StrategyMail = (
    CoreEvent
    | Deferred
    | RulesChanged
    | Quote
    | AttachWaits
    | AttachRefused
    | OrdersFound
    | Resyncing
    | RowEnd
    | Committed
    | CoreLoaded
    | Pause
    | Resume
)

ExchangeEvent = (
    Accepted
    | PartiallyFilled
    | Filled
    | Canceled
    | Amended
    | Rejected
    | Deferred
    | AccountBalances
    | ForeignOrder
    | HistoryProgress
    | KeyShared
    | OrderOfAnother
)
"""What an exchange's private session says."""

OrderManagerMail = (
    Submit
    | Attach
    | Reckoned
    | AttachAnswered
    | AbsentAnswered
    | FactsChanged
    | RowEnd
    | RowDone
    | StopTrading
    | ExchangeEvent
)

PersistenceMail = Commit | Record | ConditionChanged | Owner | LoadCore | SaveAccount | LoadAccount | Close

PaperMail = AccountLoaded | AccountSaved
"""What persistence answers to the paper exchange."""

NotifierMail = Notice

MetricsMail = ProgramReport | StrategyReport | ActorReport | PriceReport | Conditions

VenueMail = LookAgain
"""What the watch over the venue's facts is asked."""

SupervisorMail = PhaseChanged | PriceSilent | PriceBack | UncoveredOrders | StrangeOrder | KeyShared

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
    "VenueMail",
]
