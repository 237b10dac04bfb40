"""The walk through what an error comes from."""

import itertools

from adapters.network.causes import causes


def test_the_innermost_is_first_and_groups_are_looked_into() -> None:
    deep, first, second, outer = OSError("deep"), OSError("first"), OSError("second"), OSError("outer")
    first.__context__ = deep
    group = ExceptionGroup("two", [first, second])
    outer.__cause__ = group
    assert causes(outer) == [deep, first, second, group, outer]
    assert causes(None) == []


def test_a_circle_and_a_very_long_chain_end() -> None:
    error = OSError("circle")
    error.__cause__ = other = OSError("other")
    other.__context__ = error
    assert causes(error) == [other, error]
    chain = [OSError(str(number)) for number in range(5000)]
    for inner, outer in itertools.pairwise(chain):
        outer.__cause__ = inner
    assert causes(chain[-1]) == chain
