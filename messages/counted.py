"""A number with its noun, in every sentence that counts something."""


def counted(number: int, noun: str) -> str:
    """`1 order`, `2 open orders`, `1,200 retries`. The noun is given in the singular."""
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"
