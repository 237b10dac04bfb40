"""What a SWING on a real account has to state."""


def existing_base(kind: str) -> str:
    """A line of its table, or nothing for another kind."""
    return "sell_existing_base = true\n" if kind == "SWING" else ""
