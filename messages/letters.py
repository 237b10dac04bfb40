"""Rendered notices on their way to a channel: kind, notification level, words."""

from typing import Literal, assert_never

from msgspec import Struct

from messages.notices import (
    ActorFailed,
    ActorRecovered,
    ChannelFailed,
    ChannelRecovered,
    ExtraSell,
    FundsMissing,
    JournalNoted,
    JournalRepaired,
    LadderStatus,
    NotCovered,
    Notice,
    NoticeKind,
    NoticesMissed,
    OrderAmended,
    OrderDelayed,
    OrderFilled,
    OrderReleased,
    OrdersPutOff,
    OrdersRecovered,
    OrdersTaken,
    PairChanged,
    ProgramEnded,
    ProgramStarted,
    SecondInstance,
    StrategyHalted,
    StrategyResumed,
)

NotificationLevel = Literal["on", "silent", "off"]
"""Notification level of a kind of notice; `silent` arrives without a sound."""


class NotificationLevels(Struct, frozen=True, forbid_unknown_fields=True):
    """Notification level of each kind of notice on one channel: "on", "silent" (without a sound) or "off"."""

    start: NotificationLevel = "on"
    """All strategies trade."""
    end: NotificationLevel = "on"
    """The program ends: why, and what becomes of the orders."""
    fill: NotificationLevel = "on"
    """An order was executed completely."""
    funds: NotificationLevel = "on"
    """An order is due but cannot be paid or placed now; once per cause."""
    extra_sell: NotificationLevel = "on"
    """SWING sells what has gathered."""
    released: NotificationLevel = "on"
    """An order is gone for a named reason and is not placed again, or was amended by hand."""
    halt: NotificationLevel = "on"
    """A strategy halted or resumed."""
    trouble: NotificationLevel = "on"
    """An actor fails and works again, a connection lost for over a minute, a repaired journal, orders taken over."""
    channel: NotificationLevel = "on"
    """Another channel fails, or works again."""
    status: NotificationLevel = "silent"
    """The hourly ladder."""

    def of(self, kind: NoticeKind) -> NotificationLevel:
        """The notification level of this kind; a digest is always delivered."""
        level: NotificationLevel = "on" if kind == "summary" else getattr(self, kind)
        return level


class Letter(Struct, frozen=True, tag=True):
    """A notice on its way to a channel, with its words."""

    notice: Notice
    kind: NoticeKind
    bot: str
    time: int
    """When the notice was raised, in nanoseconds UTC."""
    headline: str
    """One line."""
    text: str
    """Several lines without markup."""
    drawing: str = ""
    """Lines that belong below the text and need letters of one width."""
    silent: bool = False

    @property
    def plain(self) -> str:
        """Text and drawing."""
        return f"{self.text}\n{self.drawing}" if self.drawing else self.text


def kind_of(notice: Notice) -> NoticeKind:
    """The kind that loudness is configured by."""
    kind: NoticeKind
    match notice:
        case ProgramStarted() | JournalNoted():
            kind = "start"
        case ProgramEnded():
            kind = "end"
        case OrderFilled():
            kind = "fill"
        case FundsMissing() | OrderDelayed():
            kind = "funds"
        case ExtraSell():
            kind = "extra_sell"
        case OrderReleased() | OrderAmended():
            kind = "released"
        case StrategyHalted() | StrategyResumed():
            kind = "halt"
        case (
            PairChanged()
            | ActorFailed()
            | ActorRecovered()
            | JournalRepaired()
            | OrdersRecovered()
            | OrdersPutOff()
            | OrdersTaken()
            | NotCovered()
            | SecondInstance()
        ):
            kind = "trouble"
        case ChannelFailed() | ChannelRecovered():
            kind = "channel"
        case LadderStatus():
            kind = "status"
        case NoticesMissed():
            kind = "summary"
        case _:
            assert_never(notice)
    return kind


def needs_somebody(notice: Notice) -> bool:
    """Whether it is worth a warning: something does not work as it should."""
    urgent = (
        OrdersPutOff
        | StrategyHalted
        | ActorFailed
        | FundsMissing
        | OrderDelayed
        | ChannelFailed
        | JournalRepaired
        | OrdersRecovered
        | NotCovered
        | SecondInstance
    )
    if isinstance(notice, PairChanged):
        return bool(notice.consequence)
    if isinstance(notice, OrderReleased):
        return notice.is_unsure
    return isinstance(notice, urgent) or (isinstance(notice, ProgramEnded) and bool(notice.advice))


def subject_of(notice: Notice) -> str:
    """What it is about: of two notices of one kind and subject the newer one replaces the older."""
    if isinstance(notice, OrderFilled):
        return f"{notice.strategy} {notice.side}"
    subjects = (getattr(notice, name) for name in ("strategy", "actor", "channel") if name in notice.__struct_fields__)
    return next(subjects, "")
