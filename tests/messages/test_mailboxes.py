"""Every conversation can be journalled and replayed: each message survives the way through JSON."""

from decimal import Decimal
from types import ModuleType
from typing import Any, Literal, NewType, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from messages import account, conditions, journal, mailboxes, market, notices, orders, status
from messages.ids import Nanos

UNIONS: dict[str, Any] = {
    "core event": mailboxes.CoreEvent,
    "strategy": mailboxes.StrategyMail,
    "exchange event": mailboxes.ExchangeEvent,
    "order-manager": mailboxes.OrderManagerMail,
    "persistence": mailboxes.PersistenceMail,
    "paper exchange": mailboxes.PaperMail,
    "notifier": mailboxes.NotifierMail,
    "metrics": mailboxes.MetricsMail,
    "supervisor": mailboxes.SupervisorMail,
    "venue watch": mailboxes.VenueMail,
    "command": orders.Command,
    "order event": orders.OrderEvent,
}
MODULES: list[ModuleType] = [account, conditions, journal, market, notices, orders, status]

exact = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(Decimal(10) ** 20), max_value=Decimal(10) ** 20)


def struct_types(module: ModuleType) -> list[type[Struct]]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Struct)]
    return [kind for kind in found if kind.__module__ == module.__name__]


ALL_STRUCTS = [kind for module in MODULES for kind in struct_types(module)]


def values(kind: object) -> st.SearchStrategy[object]:
    """Anything that the annotation allows."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
        return st.builds(kind, **{name: values(hint) for name, hint in hints.items()})
    if isinstance(kind, NewType):
        return values(kind.__supertype__)
    if kind is Decimal:
        return exact
    if kind is int:
        return st.integers(-(2**63), 2**63 - 1)
    if isinstance(kind, type) and not get_args(kind):
        return st.from_type(kind)
    return _values_of_parts(get_origin(kind), get_args(kind))


def _values_of_parts(origin: object, parts: tuple[object, ...]) -> st.SearchStrategy[object]:
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is dict:
        return st.dictionaries(values(parts[0]), values(parts[1]), max_size=3)
    if origin is frozenset:
        return st.frozensets(values(parts[0]), max_size=3)
    if origin is not tuple:
        return st.one_of([values(part) for part in parts])
    if parts[-1] is ...:
        return st.lists(values(parts[0]), max_size=3).map(tuple)
    return st.tuples(*(values(part) for part in parts))


@pytest.mark.parametrize("name", UNIONS)
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_each_message_of_a_mailbox_survives_json(name: str, data: st.DataObject) -> None:
    union = UNIONS[name]
    message = data.draw(values(union))
    text = msgspec.json.encode(message)
    again = msgspec.json.decode(text, type=union)
    assert again == message
    assert type(again) is type(message)
    assert msgspec.json.encode(again) == text


@pytest.mark.parametrize("name", UNIONS)
def test_each_kind_of_message_in_a_mailbox_has_a_tag_of_its_own(name: str) -> None:
    kinds = get_args(UNIONS[name]) or (UNIONS[name],)
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert None not in tags
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("kind", ALL_STRUCTS, ids=lambda kind: kind.__name__)
def test_messages_are_frozen(kind: type[Struct]) -> None:
    assert kind.__struct_config__.frozen


@pytest.mark.parametrize("kind", ALL_STRUCTS, ids=lambda kind: kind.__name__)
def test_no_message_carries_a_binary_float(kind: type[Struct]) -> None:
    assert "float" not in {str(part) for field in msgspec.structs.fields(kind) for part in _parts(field.type)}


def _parts(kind: object) -> list[object]:
    return [getattr(kind, "__name__", kind), *(part for argument in get_args(kind) for part in _parts(argument))]


def test_prices_keep_every_digit_on_the_way_through_json() -> None:
    tick = market.Tick("BTC/USD", Decimal("49504.900000000000000000000000000001"), Nanos(2**62))
    assert msgspec.json.decode(msgspec.json.encode(tick), type=market.Tick) == tick
