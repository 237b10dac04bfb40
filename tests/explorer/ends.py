"""What must be true where nothing is on its way any more and nobody has news.

No rule of the grid is judged here (`tests.oracle` does), only that the protocol lost, doubled and invented nothing.
"""

from decimal import Decimal

from messages.ids import answered_by
from messages.money import ZERO
from tests.explorer.steps import Steps
from tests.explorer.world import World
from trading.strategies.grid_base import GridCore
from trading.strategies.why import Again, why


def is_quiet(world: World) -> bool:
    """The program trades, and nothing happens unless market, owner or misfortune make it."""
    if world.program is None or world.wire or world.stream:
        return False
    program = world.program.value
    if program.writes or program.sends or program.session.flight:
        return False
    if any(program.session.still_canceling()):
        return False
    return all(live.trades for live in program.strategies)


def is_told(rules: Steps, world: World) -> bool:
    """The counter-order is executed and the next buy leaves: from here on the story repeats itself."""
    left = world.left
    return not (left.buys or left.sells) and any(
        request.kind == "place" and rules.rig.asked[request.name].side == "buy" for request in world.wire
    )


def wrongs(rules: Steps, world: World) -> str:
    """What is wrong with this end; empty when it is a good one."""
    assert world.program is not None
    cores = [rules.rig.core(live) for live in world.program.value.strategies]
    if any(text != core.save() for text, core in zip(world.journal, cores, strict=True)):
        return "the strategy knows what its journal does not"
    return _books(rules, world, cores) or _answers(rules, world, cores) or _reasons(cores)


def _books(rules: Steps, world: World, cores: list[GridCore]) -> str:
    venue = world.venue.value
    open_ones = {facts.order_id for facts in venue.open()}
    counted = {order.order_id for core in cores for order in core.state.orders.values()}
    if counted - open_ones:
        return "a strategy counts on an order that the venue does not have"
    if open_ones - counted:
        return "an order is open that no strategy knows"
    if sum((core.state.owned for core in cores), ZERO) != venue.base:
        return "the strategies own another amount of base than the account has"
    if rules.scene.quote + sum((core.state.cash_flow for core in cores), ZERO) != venue.quote:
        return "the strategies' money does not add up to the account's"
    return ""


def _answers(rules: Steps, world: World, cores: list[GridCore]) -> str:
    """Each filled buy is sold, once: by an open or an executed order, or there is a named reason."""
    for facts in world.venue.value.orders:
        if facts.side != "buy" or facts.status != "filled":
            continue
        index = rules.rig.index[rules.rig.asked[facts.order_id].strategy]
        state = cores[index].state
        offered = _offered(rules, world, facts.exchange_id)
        if (waits := state.remembered.get(facts.exchange_id)) is not None:
            offered += waits.volume
        if offered > facts.filled:
            return "a fill is answered by more than it brought"
        released = any(gone.parent == facts.exchange_id for gone in state.released)
        if not offered and not released:
            return "a filled buy without its sell, and no reason is named"
    return ""


def _offered(rules: Steps, world: World, parent: str) -> Decimal:
    """What the exchange has of the sells that answer this buy, executed or open, in base."""
    offered = ZERO
    for facts in world.venue.value.orders:
        if answered_by(rules.rig.asked[facts.order_id].cause) == parent:
            offered += facts.volume if facts.status == "open" else facts.filled
    return offered


def _reasons(cores: list[GridCore]) -> str:
    """What is missing has a reason in words, and something brings it back."""
    for core in cores:
        for missing in why(core._ladder):
            if not missing.reason:
                return f"a missing {missing.side} without a reason"
            if missing.again == Again():
                return f"a missing {missing.side} that nothing brings back"
    return ""
