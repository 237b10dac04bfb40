"""Whatever the journal holds for a grid: a state, or one clear error."""

import contextlib
import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.strategies.harness import Play
from trading.strategies import state as states

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, "", "NaN", "1e999999999", [], {}, [[]], "open", 10**40, 1.5]
).map(copy.deepcopy)  # a shared list that is mutated again could hold itself


def saved() -> dict[str, Any]:
    """Of a grid with orders, a fill and something that waits."""
    play = Play()
    play.start("50000")
    play.accepting = False
    play.fill(play.orders("buy")[0].order_id)
    play.refuse(play.only("sell").order_id, "funds")
    state: dict[str, Any] = json.loads(play.core.save())
    assert state["orders"]
    assert state["remembered"]
    return state


def places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    """Every container with every key or index in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *places(value[key]))]


@given(st.data())
def test_a_mutated_state_is_read_or_told(data: st.DataObject) -> None:
    state = saved()
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(state)))
        if isinstance(holder, dict) and data.draw(st.booleans()):
            holder.pop(key, None)
        elif key in holder or isinstance(holder, list):
            holder[key] = data.draw(ODD)
    with contextlib.suppress(states.UnreadableStateError):
        states.save(states.load(json.dumps(state)))


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_read_or_told(text: str) -> None:
    with contextlib.suppress(states.UnreadableStateError):
        states.load(text)


def test_deep_nesting_is_told() -> None:
    with contextlib.suppress(states.UnreadableStateError):
        states.load("[" * 100_000)
