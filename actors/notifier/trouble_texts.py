"""The words for what does not go as it should: what happened, what it means for the orders, what to do.

The end of the program is here as well, since it leaves orders behind, and the summary of what was missed.
"""

from datetime import UTC, datetime
from typing import assert_never

from actors.notifier.wait_texts import duration, tree, wait_sentence, wait_text
from messages.counted import counted
from messages.notices import (
    ActorFailed,
    ActorRecovered,
    ChannelFailed,
    ChannelRecovered,
    JournalRepaired,
    MissedNotices,
    NoticesMissed,
    OrdersPutOff,
    OrdersRecovered,
    OrdersTaken,
    PairChanged,
    ProgramEnded,
    StrategyHalted,
    StrategyResumed,
)

TroubleNotice = (
    ProgramEnded
    | StrategyHalted
    | StrategyResumed
    | PairChanged
    | ActorFailed
    | ActorRecovered
    | JournalRepaired
    | OrdersRecovered
    | OrdersPutOff
    | OrdersTaken
    | ChannelFailed
    | ChannelRecovered
    | NoticesMissed
)

_NS = 1_000_000_000
_NOTHING = "nothing"
_RECOVERED_ORDERS = "what was filled meanwhile is answered, each fill once"


def trouble_text(notice: TroubleNotice) -> str:
    """Several lines, without markup."""
    match notice:
        case ProgramEnded(bot, reason, orders, advice):
            more = (("Orders", orders), ("To do", advice))
            text = "\n".join([f"{bot} terminated.", f"Reason: {reason}", *(f"{key}: {it}" for key, it in more if it)])
        case StrategyHalted(strategy, symbol, reason, orders, advice):
            todo = [f"To do » {advice}"] if advice else []
            title = f"⚠️ {strategy} ({symbol}): trading halted"
            text = tree(title, f"Reason » {reason}", f"Orders » {orders}", *todo)
        case StrategyResumed(strategy, symbol):
            title = f"✅ {strategy} ({symbol}): trading resumed"
            text = tree(title, f"Orders » {_RECOVERED_ORDERS}", f"To do » {_NOTHING}")
        case PairChanged():
            text = _pair_changed(notice)
        case ActorFailed():
            text = _failed(notice)
        case ActorRecovered(actor, seconds, disconnected):
            title = f"✅ {_name(actor, disconnected=disconnected)} again after {duration(seconds)}"
            orders = _RECOVERED_ORDERS if disconnected or actor == "order-manager" else "nothing changes for them"
            text = tree(title, f"Orders » {orders}", f"To do » {_NOTHING}")
        case JournalRepaired(detail):
            text = tree(
                "⚠️ The journal was damaged and is repaired",
                f"What » {detail}",
                "Orders » compared with the exchange at this start; fills that the journal had lost are answered",
                "To do » keep the damaged copy until you have seen that the orders are right; look at disk and power",
            )
        case OrdersRecovered(strategy, symbol):
            known = f"to be found since {moment(notice.since)}; each fill is answered if it was not"
            text = tree(f"⚠️ {strategy} ({symbol}): orders taken over", *_recovered(notice), f"Orders » {known}")
        case OrdersPutOff() | OrdersTaken():
            text = wait_text(notice)
        case ChannelFailed() | ChannelRecovered():
            text = _channel_text(notice)
        case NoticesMissed():
            text = _missed(notice)
        case _:
            assert_never(notice)
    return text


def trouble_sentence(notice: TroubleNotice) -> str:
    """One sentence, perhaps with the line breaks of a reason."""
    match notice:
        case ProgramEnded(bot, reason, orders):
            text = f"{bot} terminated: {reason}" + (f"; orders: {orders}" if orders else "")
        case StrategyHalted(strategy, symbol, reason, orders):
            text = f"{strategy} ({symbol}): trading halted: {reason}; orders: {orders}"
        case StrategyResumed(strategy, symbol):
            text = f"{strategy} ({symbol}): trading resumed"
        case PairChanged(strategy, symbol, changes, consequence):
            told = "; ".join(part for part in (changes, consequence) if part)
            text = f"{strategy} ({symbol}): {told}"
        case ActorFailed(actor, reason, action, disconnected):
            what = "no connection" if disconnected else "keeps failing"
            text = f"{actor} {what}: {reason}; {action}"
        case ActorRecovered(actor, seconds):
            text = f"{actor} works again after {duration(seconds)}"
        case JournalRepaired(detail):
            text = f"the journal was damaged and is repaired: {detail}"
        case OrdersRecovered(strategy, symbol):
            text = f"{strategy} ({symbol}): {_recovered_sentence(notice)}"
        case OrdersPutOff() | OrdersTaken():
            text = wait_sentence(notice)
        case ChannelFailed() | ChannelRecovered():
            text = _channel_sentence(notice)
        case NoticesMissed(channel, reason, count):
            text = f"{counted(count, 'notice')} not delivered one by one by {channel}: {reason}"
        case _:
            assert_never(notice)
    return text


def moment(time: int) -> str:
    """Nanoseconds UTC as `2025-10-27 12:21:07 UTC`."""
    return f"{datetime.fromtimestamp(time // _NS, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _failed(notice: ActorFailed) -> str:
    title = f"⚠️ {_name(notice.actor, disconnected=True)} lost" if notice.disconnected else f"⚠️ {notice.actor} failed"
    return tree(
        title,
        f"Reason » {notice.reason}",
        f"Action » {notice.action}",
        f"Orders » {_meaning(notice)}",
        f"To do » {_todo(notice)}",
    )


def _pair_changed(notice: PairChanged) -> str:
    todo = "look at the strategy's settings: they do not fit any more" if notice.consequence else _NOTHING
    parts = (("What", notice.changes), ("Effect", notice.consequence), ("To do", todo))
    mark = "⚠️" if notice.consequence else "ℹ️"
    what = "the exchange's rules or fees have changed" if notice.changes else "its settings do not fit the exchange"
    title = f"{mark} {notice.strategy} ({notice.symbol}): {what}"
    return tree(title, *(f"{key} » {it}" for key, it in parts if it))


def _recovered(notice: OrdersRecovered) -> list[str]:
    lines = [f"Open » {counted(notice.open_orders, 'order')}, which it goes on with"] if notice.open_orders else []
    if notice.closed_orders:
        lines.append(f"Executed » {counted(notice.closed_orders, 'order')}")
    return [*lines, f"Not known » {notice.unknown}"] if notice.unknown else lines


def _recovered_sentence(notice: OrdersRecovered) -> str:
    parts = [f"{counted(notice.open_orders, 'open order')}"] if notice.open_orders else []
    if notice.closed_orders:
        parts.append(f"{counted(notice.closed_orders, 'executed order')} since {moment(notice.since)}")
    unknown = f"; not known: {notice.unknown}" if notice.unknown else ""
    found = " and ".join(parts) or "no order"
    return f"{found} with its mark found at the exchange that the database did not know: taken over{unknown}"


def _name(actor: str, *, disconnected: bool) -> str:
    if not disconnected:
        return f"{actor} works"
    return {"market-data": "Connection for prices", "order-manager": "Connection for orders"}.get(
        actor, "Connection to the exchange"
    )


def _meaning(notice: ActorFailed) -> str:
    """What a failure means for the open orders; who fails decides it (the failure policy's table)."""
    match notice.actor.partition("/")[0]:
        case "notifier" | "metrics":
            return "not touched, trading goes on"
        case "price-watch":
            return "not touched, trading goes on; a silent market would not be noticed"
        case "market-data":
            return "stay open, fills are answered; nothing else is decided without prices"
        case "persistence":
            return "stay open; none is placed or cancelled while the journal cannot be written"
        case "strategy":
            return "stay open; fills are answered after its restart, other strategies trade on"
        case _:
            return "stay open; none is placed or cancelled now, fills are answered when it is back"


def _todo(notice: ActorFailed) -> str:
    if notice.advice:
        return notice.advice
    if notice.disconnected:
        return "nothing, unless it lasts: then look at your network and at the exchange's status page"
    if notice.actor == "persistence":
        return "look at the disk: is it full, is the database writable?"
    return "look at the log; report it if it comes again"


def _channel_text(notice: ChannelFailed | ChannelRecovered) -> str:
    if isinstance(notice, ChannelFailed):
        return _channel_failed(notice)
    return tree(
        f"✅ Notifications by {notice.channel} work again",
        f"Silent for » {duration(notice.seconds)}",
        "What was missed » follows on that channel, in one summary if it is much",
    )


def _channel_sentence(notice: ChannelFailed | ChannelRecovered) -> str:
    if isinstance(notice, ChannelFailed):
        return f"notifications by {notice.channel} fail: {notice.reason}; {notice.waiting:,} waiting"
    return f"notifications by {notice.channel} work again after {duration(notice.seconds)}"


def _channel_failed(notice: ChannelFailed) -> str:
    wrong = notice.misconfigured
    todo = "correct the configuration and restart" if wrong else "nothing, unless it lasts: look at that service"
    return tree(
        f"⚠️ Notifications by {notice.channel} fail",
        f"Reason » {notice.reason}",
        f"Waiting » {notice.waiting}",
        "Orders » not touched, trading goes on",
        f"To do » {todo}",
    )


def _missed(notice: NoticesMissed) -> str:
    head = tree(
        f"📬 {counted(notice.count, 'notice')} not delivered one by one",
        f"From » {moment(notice.since)}",
        f"Until » {moment(notice.until)}",
        f"Reason » {notice.reason}",
    )
    rows = [_row(row, notice.until) for row in notice.rows]
    more = [f"and {counted(notice.left_out, 'older subject')}"] if notice.left_out else []
    return f"{head}\n\n{tree('🆕 Newest first', *rows, *more)}"


def _row(row: MissedNotices, until: int) -> str:
    """The newest notice of a kind, and how many it stands for; the date only where it is another day."""
    date, clock, _ = moment(row.time).split()
    when = clock if moment(until).startswith(date) else f"{date} {clock}"
    many = f" (newest of {row.count:,})" if row.count > 1 else ""
    return f"{'⚠️ ' if row.urgent else ''}{when} » {row.newest}{many}"
