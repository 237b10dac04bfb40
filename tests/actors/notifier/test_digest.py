from actors.notifier.digest import MAX_SUBJECTS, SHOWN_ROWS, Missed
from messages.notices import FundsMissing, ProgramEnded, StrategyHalted, StrategyResumed
from tests.actors.channels import SECOND, START, ZERO, fill, letter


def at(seconds: int) -> int:
    return START + seconds * SECOND


def test_a_million_notices_take_the_room_of_their_kinds_and_subjects() -> None:
    missed = Missed()
    for number in range(3_600):
        missed.add(letter(fill("a", "buy" if number % 2 else "sell", str(number)), at(number)), dropped=number < 100)
    summary = missed.summary("telegram", "down")
    assert (len(missed), missed.folded, len(summary.rows)) == (3_600, 3_500, 2)
    assert (summary.count, summary.since, summary.until) == (3_600, at(0), at(3_599))
    assert [(row.kind, row.count, row.newest, row.time) for row in summary.rows] == [
        ("fill", 1_800, "a: buy executed, 0.31 SOL at 3599 EUR", at(3_599)),
        ("fill", 1_800, "a: sell executed, 0.31 SOL at 3598 EUR", at(3_598)),
    ]


def test_what_needs_somebody_comes_first_and_then_the_newest() -> None:
    missed = Missed()
    missed.add(letter(StrategyHalted("a", "SOL/EUR", "no price", "stay"), at(1)), dropped=False)
    missed.add(letter(FundsMissing("a", "SOL/EUR", "buy", "EUR", ZERO, ZERO), at(2)), dropped=False)
    missed.add(letter(fill("a"), at(3)), dropped=False)
    missed.add(letter(fill("b"), at(4)), dropped=False)
    assert [(row.kind, row.urgent, row.time) for row in missed.summary("x", "y").rows] == [
        ("funds", True, at(2)),
        ("halt", True, at(1)),
        ("fill", False, at(4)),
        ("fill", False, at(3)),
    ]


def test_a_halt_that_is_over_needs_nobody() -> None:
    missed = Missed()
    missed.add(letter(StrategyHalted("a", "SOL/EUR", "no price", "stay"), at(1)), dropped=False)
    missed.add(letter(StrategyResumed("a", "SOL/EUR"), at(2)), dropped=False)
    (row,) = missed.summary("x", "y").rows
    assert (row.count, row.urgent) == (2, False)
    assert "resumed" in row.newest


def test_two_memories_become_one() -> None:
    old, new = Missed(), Missed()
    old.add(letter(fill(price="1"), at(1)), dropped=True)
    new.add(letter(fill(price="2"), at(2)), dropped=False)
    new.absorb(old)
    summary = new.summary("x", "y")
    assert (summary.count, new.folded, summary.since, summary.until) == (2, 1, at(1), at(2))
    assert summary.rows[0].newest.endswith("at 2 EUR")
    empty = Missed()
    empty.absorb(new)
    assert empty.summary("x", "y") == summary


def test_more_subjects_than_anybody_has_are_forgotten_but_counted() -> None:
    missed = Missed()
    for number in range(MAX_SUBJECTS + 10):
        missed.add(letter(fill(f"s{number}"), at(number)), dropped=True)
    summary = missed.summary("x", "y")
    assert len(missed.rows) == MAX_SUBJECTS
    assert (summary.count, len(summary.rows)) == (MAX_SUBJECTS + 10, SHOWN_ROWS)
    assert summary.left_out == MAX_SUBJECTS + 10 - SHOWN_ROWS


def test_an_endless_reason_takes_little_room() -> None:
    missed = Missed()
    missed.add(letter(ProgramEnded("bot", "x" * 10_000)), dropped=True)
    assert len(missed.summary("x", "y").rows[0].newest) == 200


def test_it_is_silent_only_if_all_in_it_is() -> None:
    missed = Missed()
    assert not missed
    missed.add(letter(fill()), dropped=True)
    assert not missed.silent
