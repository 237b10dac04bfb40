"""What an error comes from: one walk for all who ask."""

from collections.abc import Sequence


def causes(error: BaseException | None) -> Sequence[BaseException]:
    """The error and all that led to it, those within groups too, the innermost first; each once."""
    found: dict[int, BaseException] = {}
    waiting = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in found:
            continue
        found[id(cause)] = cause
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
        else:
            waiting.append(cause.__cause__ or cause.__context__)
    return list(reversed(found.values()))
