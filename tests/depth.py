"""How deep the property tests dig: `TEST_DEPTH=20 pytest …` for a long search, small by default."""

import os


def examples(usual: int) -> int:
    """The number of examples to try."""
    return usual * int(os.environ.get("TEST_DEPTH", "1"))
