"""Orders in doubt keep the strategies concerned from starting, and end a start only where nobody else could trade."""

from collections.abc import Callable, Mapping

import pytest

from assembly.wiring import Mailboxes
from messages.account import KeyShared, OrderFacts, OrderInDoubt
from messages.ids import Nanos, VenueOrderId, client_order_id
from messages.money import ZERO
from messages.notices import StrategyHalted
from messages.status import PhaseChanged
from supervision.newcomers import prove_alone
from supervision.state_keeper import StateKeeper
from tests.config.texts import VALID, read
from trading.ports import UnknownOrderError

NEWCOMERS = {1001: "BTC/USD", 1002: "ETH/USD"}


def facts(userref: int, exchange_id: str) -> OrderFacts:
    name = client_order_id(userref, exchange_id)
    return OrderFacts(
        order_id=name,
        exchange_id=VenueOrderId(exchange_id),
        symbol="X/Y",
        side="buy",
        price=ZERO,
        volume=ZERO,
        status="open",
        filled=ZERO,
        cost=ZERO,
        fee=ZERO,
        reason="requested",
        time=Nanos(5),
    )


class Account:
    """An exchange that doubts these orders."""

    def __init__(self, *found: OrderInDoubt) -> None:
        self.found = found
        self.asked: list[tuple[Mapping[int, str], bool]] = []

    async def orders_in_doubt(
        self, symbols: Mapping[int, str], waits: Callable[[int, int], None], *, adopt: bool
    ) -> tuple[OrderInDoubt, ...]:
        self.asked.append((symbols, adopt))
        return self.found

    async def watch_company(self, tell: Callable[[KeyShared], None]) -> None:
        raise NotImplementedError


class Start:
    def __init__(self, *, has_traded_before: bool) -> None:
        config = read(VALID)
        self.mail = Mailboxes(config)
        self.states = StateKeeper(config, self.mail, lambda: 5)
        self.states.has_traded_before = has_traded_before
        self.mail.notifier.receive_nowait()

    async def proves(self, account: Account, *, adopt: bool = False) -> None:
        await prove_alone(account, NEWCOMERS, self.states, lambda: 5, adopt=adopt)


@pytest.mark.parametrize("adopt", [True, False])
async def test_without_doubt_everybody_starts(*, adopt: bool) -> None:
    account, start = Account(), Start(has_traded_before=False)
    await start.proves(account, adopt=adopt)
    assert account.asked == [(NEWCOMERS, adopt)]
    assert start.states.strangers.halted == set()


async def test_a_first_start_ends_with_the_order_and_what_to_do() -> None:
    start = Start(has_traded_before=False)
    with pytest.raises(UnknownOrderError, match=r"OX.*second instance running.*--adopt"):
        await start.proves(Account(OrderInDoubt(facts(1001, "OX"))))


async def test_beside_strategies_that_have_traded_only_the_newcomer_rests() -> None:
    start = Start(has_traded_before=True)
    orders = (OrderInDoubt(facts(1002, "OX"), "somebody moves them"), OrderInDoubt(facts(1002, "OY")))
    await start.proves(Account(*orders))
    assert start.states.strangers.halted == {1002}
    (halted,) = start.mail.notifier.receive_nowait()
    assert isinstance(halted, StrategyHalted)
    assert "somebody moves them: is a second instance running? Stop it first" in halted.reason
    phases = [said for said in start.mail.supervisor.receive_nowait() if isinstance(said, PhaseChanged)]
    assert [(said.strategy, said.phase) for said in phases] == [(1002, "halted")]


async def test_where_all_of_them_are_in_doubt_the_start_ends() -> None:
    start = Start(has_traded_before=True)
    with pytest.raises(UnknownOrderError):
        await start.proves(Account(OrderInDoubt(facts(1002, "OX")), OrderInDoubt(facts(1001, "OY"))))
