"""What happened, what it means for the orders, what to do: compared literally."""

import pytest

from actors.notifier.notice_texts import headline, words
from actors.notifier.trouble_texts import moment
from actors.notifier.wait_texts import duration, tree
from messages.notices import (
    ActorFailed,
    ActorRecovered,
    ChannelFailed,
    ChannelRecovered,
    JournalRepaired,
    MissedNotices,
    Notice,
    NoticesMissed,
    OrdersPutOff,
    OrdersRecovered,
    OrdersTaken,
    PairChanged,
    ProgramEnded,
    StrategyHalted,
    StrategyResumed,
)
from tests.actors.channels import SECOND, START

TROUBLE: list[tuple[Notice, str, str]] = [
    (
        OrdersPutOff("grid", "BTC/USD", "locked out", "EGeneral:Temporary lockout", 3),
        tree(
            "⚠️ grid (BTC/USD): orders wait",
            "Reason » this API key is locked out: EGeneral:Temporary lockout",
            "Action » nothing at all is sent until that is over",
            "Orders » 3 waiting; what is open stays open, its fills are answered",
            "To do » see that no other program uses this key; trading resumes by itself",
        ),
        "grid (BTC/USD): 3 orders put off, this API key is locked out: EGeneral:Temporary lockout",
    ),
    (
        OrdersTaken("grid", "BTC/USD", 5),
        tree(
            "✅ grid (BTC/USD): orders are taken again after 5 s",
            "Orders » what waited is placed, or was withdrawn",
            "To do » nothing",
        ),
        "grid (BTC/USD): orders are taken again after 5 s",
    ),
    (ProgramEnded("my grids", "SIGTERM"), "my grids terminated.\nReason: SIGTERM", "my grids terminated: SIGTERM"),
    (
        ProgramEnded("my grids", "the key is unknown", "they stay open", "make a key"),
        "my grids terminated.\nReason: the key is unknown\nOrders: they stay open\nTo do: make a key",
        "my grids terminated: the key is unknown; orders: they stay open",
    ),
    (
        OrdersRecovered("sol-swing", "SOL/EUR", 0, 10, START, ""),
        (
            "⚠️ sol-swing (SOL/EUR): orders taken over\n├ Executed » 10 orders\n"
            f"└ Orders » to be found since {moment(START)}; each fill is answered if it was not"
        ),
        (
            f"sol-swing (SOL/EUR): 10 executed orders since {moment(START)} with its mark found at the exchange that "
            "the database did not know: taken over"
        ),
    ),
    (
        OrdersRecovered("sol-swing", "SOL/EUR", 5, 1, START, "surplus"),
        (
            "⚠️ sol-swing (SOL/EUR): orders taken over\n├ Open » 5 orders, which it goes on with\n├ Executed » 1 order\n"
            "├ Not known » surplus\n"
            f"└ Orders » to be found since {moment(START)}; each fill is answered if it was not"
        ),
        (
            f"sol-swing (SOL/EUR): 5 open orders and 1 executed order since {moment(START)} with its mark found at the "
            "exchange that the database did not know: taken over; not known: surplus"
        ),
    ),
    (
        StrategyHalted("sol-swing", "SOL/EUR", "no price for 600 s", "kept"),
        "⚠️ sol-swing (SOL/EUR): trading halted\n├ Reason » no price for 600 s\n└ Orders » kept",
        "sol-swing (SOL/EUR): trading halted: no price for 600 s; orders: kept",
    ),
    (
        StrategyHalted("sol-swing", "SOL/EUR", "a bug", "kept", "report it"),
        "⚠️ sol-swing (SOL/EUR): trading halted\n├ Reason » a bug\n├ Orders » kept\n└ To do » report it",
        "sol-swing (SOL/EUR): trading halted: a bug; orders: kept",
    ),
    (
        StrategyResumed("sol-swing", "SOL/EUR"),
        (
            "✅ sol-swing (SOL/EUR): trading resumed\n"
            "├ Orders » what was filled meanwhile is answered, each fill once\n└ To do » nothing"
        ),
        "sol-swing (SOL/EUR): trading resumed",
    ),
    (
        PairChanged("sol-swing", "SOL/EUR", "tick size 0.01 -> 0.1 EUR"),
        (
            "ℹ️ sol-swing (SOL/EUR): the exchange's rules or fees have changed\n"
            "├ What » tick size 0.01 -> 0.1 EUR\n└ To do » nothing"
        ),
        "sol-swing (SOL/EUR): tick size 0.01 -> 0.1 EUR",
    ),
    (
        PairChanged("sol-swing", "SOL/EUR", "", "the fee eats the interval"),
        (
            "⚠️ sol-swing (SOL/EUR): its settings do not fit the exchange\n"
            "├ Effect » the fee eats the interval\n"
            "└ To do » look at the strategy's settings: they do not fit any more"
        ),
        "sol-swing (SOL/EUR): the fee eats the interval",
    ),
    (
        ActorFailed("market-data", "no route", "it is connected again", disconnected=True),
        (
            "⚠️ Connection for prices lost\n├ Reason » no route\n├ Action » it is connected again\n"
            "├ Orders » stay open, fills are answered; nothing else is decided without prices\n"
            "└ To do » nothing, unless it lasts: then look at your network and at the exchange's status page"
        ),
        "market-data no connection: no route; it is connected again",
    ),
    (
        ActorFailed("order-manager", "no route", "it is connected again", disconnected=True),
        (
            "⚠️ Connection for orders lost\n├ Reason » no route\n├ Action » it is connected again\n"
            "├ Orders » stay open; none is placed or cancelled now, fills are answered when it is back\n"
            "└ To do » nothing, unless it lasts: then look at your network and at the exchange's status page"
        ),
        "order-manager no connection: no route; it is connected again",
    ),
    (
        ActorFailed("persistence", "disk full", "it is restarted"),
        (
            "⚠️ persistence failed\n├ Reason » disk full\n├ Action » it is restarted\n"
            "├ Orders » stay open; none is placed or cancelled while the journal cannot be written\n"
            "└ To do » look at the disk: is it full, is the database writable?"
        ),
        "persistence keeps failing: disk full; it is restarted",
    ),
    (
        ActorFailed("strategy/sol-swing", "a bug", "it is restarted"),
        (
            "⚠️ strategy/sol-swing failed\n├ Reason » a bug\n├ Action » it is restarted\n"
            "├ Orders » stay open; fills are answered after its restart, other strategies trade on\n"
            "└ To do » look at the log; report it if it comes again"
        ),
        "strategy/sol-swing keeps failing: a bug; it is restarted",
    ),
    (
        ActorFailed("metrics", "port gone", "it is restarted"),
        (
            "⚠️ metrics failed\n├ Reason » port gone\n├ Action » it is restarted\n"
            "├ Orders » not touched, trading goes on\n└ To do » look at the log; report it if it comes again"
        ),
        "metrics keeps failing: port gone; it is restarted",
    ),
    (
        ActorRecovered("order-manager", 185, disconnected=True),
        (
            "✅ Connection for orders again after 3 min\n"
            "├ Orders » what was filled meanwhile is answered, each fill once\n└ To do » nothing"
        ),
        "order-manager works again after 3 min",
    ),
    (
        ActorRecovered("metrics", 2),
        "✅ metrics works again after 2 s\n├ Orders » nothing changes for them\n└ To do » nothing",
        "metrics works again after 2 s",
    ),
    (
        JournalRepaired("a copy is in trial.damaged"),
        (
            "⚠️ The journal was damaged and is repaired\n├ What » a copy is in trial.damaged\n"
            "├ Orders » compared with the exchange at this start; fills that the journal had lost are answered\n"
            "└ To do » keep the damaged copy until you have seen that the orders are right; look at disk and power"
        ),
        "the journal was damaged and is repaired: a copy is in trial.damaged",
    ),
    (
        ChannelFailed("telegram", "notifier.telegram.token: Telegram says 401: Unauthorized", 3, misconfigured=True),
        (
            "⚠️ Notifications by telegram fail\n"
            "├ Reason » notifier.telegram.token: Telegram says 401: Unauthorized\n├ Waiting » 3\n"
            "├ Orders » not touched, trading goes on\n└ To do » correct the configuration and restart"
        ),
        "notifications by telegram fail: notifier.telegram.token: Telegram says 401: Unauthorized; 3 waiting",
    ),
    (
        ChannelFailed("telegram", "no answer within 15 s", 12, misconfigured=False),
        (
            "⚠️ Notifications by telegram fail\n├ Reason » no answer within 15 s\n├ Waiting » 12\n"
            "├ Orders » not touched, trading goes on\n└ To do » nothing, unless it lasts: look at that service"
        ),
        "notifications by telegram fail: no answer within 15 s; 12 waiting",
    ),
    (
        ChannelRecovered("telegram", 3_900),
        (
            "✅ Notifications by telegram work again\n├ Silent for » 1 h 5 min\n"
            "└ What was missed » follows on that channel, in one summary if it is much"
        ),
        "notifications by telegram work again after 1 h 5 min",
    ),
    (
        NoticesMissed(
            channel="telegram",
            reason="no answer within 15 s",
            count=3_601,
            since=START,
            until=START + 3_600 * SECOND,
            rows=(
                MissedNotices("halt", 1, "a (SOL/EUR): trading halted: a bug", START + SECOND, urgent=True),
                MissedNotices("fill", 1_800, "a: buy executed", START + 3_600 * SECOND, urgent=False),
                MissedNotices("fill", 1_800, "a: sell executed", START - 86_400 * SECOND, urgent=False),
            ),
            left_out=2,
        ),
        (
            "📬 3,601 notices not delivered one by one\n├ From » 2025-10-27 12:21:07 UTC\n"
            "├ Until » 2025-10-27 13:21:07 UTC\n└ Reason » no answer within 15 s\n\n🆕 Newest first\n"
            "├ ⚠️ 12:21:08 » a (SOL/EUR): trading halted: a bug\n"
            "├ 13:21:07 » a: buy executed (newest of 1,800)\n"
            "├ 2025-10-26 12:21:07 » a: sell executed (newest of 1,800)\n└ and 2 older subjects"
        ),
        "3,601 notices not delivered one by one by telegram: no answer within 15 s",
    ),
]


@pytest.mark.parametrize(("notice", "text", "line"), TROUBLE, ids=lambda value: type(value).__name__)
def test_trouble_is_told_with_its_meaning_and_what_to_do(notice: Notice, text: str, line: str) -> None:
    assert words(notice) == (text, "")
    assert headline(notice) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (90_000, "25 h"),
        (3_660, "1 h 1 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_a_moment_is_told_in_utc() -> None:
    assert moment(START + 999_999_999) == "2025-10-27 12:21:07 UTC"


def test_a_title_alone_is_a_tree() -> None:
    assert tree("title") == "title"
