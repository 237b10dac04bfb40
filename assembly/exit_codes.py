"""The exit codes of both commands, and what each means: the help text is made of this.

A program that a signal ends at once exits with 128 plus its number (`supervision.signals`).
"""

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_CREDENTIALS = 3
EXIT_DATABASE = 6
EXIT_ORDERS_LEFT = 7


def explained() -> str:
    """For a help text: each code with its meaning."""
    return ", ".join(f"{code} {meaning}" for code, meaning in _MEANINGS)


_MEANINGS = (
    (EXIT_OK, "stopped as asked"),
    (EXIT_BUG, "a bug"),
    (EXIT_USAGE, "usage or configuration"),
    (EXIT_CREDENTIALS, "credentials or permissions"),
    (EXIT_DATABASE, "database unusable"),
    (EXIT_ORDERS_LEFT, "stopped, but on_stop could not cancel all"),
)
