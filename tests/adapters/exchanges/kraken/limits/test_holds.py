"""What is put off, for how long, and who asks again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchanges.kraken.limits.holds import ALL, LOCKOUT_SECONDS, PROBE_SECONDS, Holds, scope_of, scopes_of
from adapters.exchanges.kraken.limits.request_queue import Batch
from messages.orders import DeferReason
from tests.adapters.exchanges.kraken.support import order_id, place

UNIX = 1_790_000_000.0
PUT_OFF: list[tuple[str, DeferReason, list[float]]] = [
    ("EGeneral:Temporary lockout", "locked out", [900, 900, 900]),
    ("EAPI:Invalid key", "credentials", [10, 20, 40, 80, 160, 300, 300]),
    ("EAPI:Invalid signature", "credentials", [10, 20]),
    ("EGeneral:Permission denied", "credentials", [10, 20]),
    ("EAPI:Invalid nonce", "credentials", [2, 4, 8, 16, 32, 64, 128, 256, 300]),
    ("ESession:Invalid session", "credentials", [2, 4]),
    ("ETrade:User Locked", "user locked", [5, 10, 20, 40, 60, 60]),
    ("EService:Market in cancel_only mode", "market mode", [5, 10, 20, 40, 60, 60]),
    ("EOrder:Rate limit exceeded", "rate limit", [1, 2, 4, 8, 16, 32, 60, 60]),
    (f"EService:Throttled:{UNIX + 42:.0f}", "rate limit", [42, 42]),
    (f"EService: Throttled: {UNIX - 5:.0f}", "rate limit", [1, 2, 4, 8, 16, 32, 60, 60]),
]


@pytest.mark.parametrize(("text", "reason", "pauses"), PUT_OFF)
def test_pauses_grow_while_nothing_is_taken(text: str, reason: DeferReason, pauses: list[float]) -> None:
    holds, now = Holds(), 100.0
    for expected in pauses:
        hold = holds.refused("x", text, now, UNIX)
        assert (hold.reason, hold.text, hold.until - now) == (reason, text, expected)
        assert hold.since == 100
        assert holds.find(["x"], hold.until - 0.1) == hold
        assert holds.find(["x"], hold.until) is None
        now = hold.until
        holds.asks(["x"], now)


def test_one_request_asks_and_the_others_wait_for_its_answer() -> None:
    holds = Holds()
    holds.refused("x", "ETrade:User Locked", 0, UNIX)
    assert holds.asks(["x"], 5)
    assert (waiting := holds.find(["x"], 6))
    assert waiting.until == 5 + PROBE_SECONDS
    assert holds.taken(["x"]) == [waiting]
    assert holds.find(["x"], 6) is None
    assert not holds.asks(["x"], 7)


def test_a_pair_that_is_heard_to_trade_again_is_not_waited_for() -> None:
    holds = Holds()
    holds.refused("BTC/USD orders", "EService:Market in cancel_only mode", 0, UNIX)
    holds.refused("BTC/USD maker orders", "EOrder:Rate limit exceeded", 0, UNIX)
    holds.refused("SOL/USD orders", "EService:Market in cancel_only mode", 0, UNIX)
    assert holds.opened("BTC/USD")
    assert not holds.opened("BTC/USD")
    assert holds.find(["BTC/USD orders"], 1) is None
    assert holds.find(["BTC/USD maker orders"], 0.5)
    assert holds.find(["SOL/USD orders"], 1)
    assert holds.opened()
    assert holds.find(["SOL/USD orders"], 1) is None


def test_refusals_of_requests_that_were_under_way_count_once() -> None:
    holds = Holds()
    first = holds.refused("x", "ETrade:User Locked", 0, UNIX)
    assert [holds.refused("x", "ETrade:User Locked", 0.1 * n, UNIX) for n in range(5)] == [first] * 5


def test_another_reason_begins_anew() -> None:
    holds = Holds()
    holds.refused("x", "ETrade:User Locked", 0, UNIX)
    holds.asks(["x"], 5)
    hold = holds.refused("x", "EAPI:Invalid key", 6, UNIX)
    assert (hold.since, hold.times, hold.until) == (6, 1, 16)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("EGeneral:Temporary lockout", ALL),
        ("EAPI:Invalid key", ALL),
        ("EService:Throttled:1790000060", ALL),
        ("EGeneral:Permission denied", "orders"),
        ("ETrade:User Locked", "orders"),
        ("EService:Market in post_only mode", "BTC/USD maker orders"),
        ("EOrder:Rate limit exceeded", "BTC/USD maker orders"),
    ],
)
def test_what_a_refusal_is_about(text: str, scope: str) -> None:
    batch = Batch("grid", "BTC/USD", orders=(place(1),))
    assert scope_of(batch, text) == scope
    assert scope in scopes_of(batch)
    assert (scope in scopes_of(Batch("cancel", "BTC/USD", cancels=(order_id(1),)))) == (scope == ALL)


@given(st.lists(st.sampled_from([text for text, *_ in PUT_OFF]), min_size=1, max_size=60))
def test_a_lockout_is_never_asked_before_it_is_over_and_the_rest_at_most_every_minute(texts: list[str]) -> None:
    holds, now = Holds(), 0.0
    for text in texts:
        hold = holds.refused("x", text, now, UNIX)
        assert hold.until > now
        if hold.reason == "locked out":
            assert hold.until - now >= LOCKOUT_SECONDS
        now = hold.until
        holds.asks(["x"], now)
