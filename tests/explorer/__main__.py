"""`python -m tests.explorer`: every interleaving within bounds, and whether any of them leads to something wrong.

`--break NAME` explores a program that is wrong on purpose and tells the shortest path to where it shows.
"""

import argparse
import sys

from tests.explorer.scenes import SCENES, WIDE
from tests.explorer.search import Found, Search
from tests.explorer.steps import Steps
from tests.explorer.story import Story
from tests.explorer.world import Scene
from tests.explorer.wrongs import WRONGS


def explored(rules: Steps, seconds: float = float("inf")) -> tuple[Found, list[str]]:
    """What a search found, and the story of what went wrong; empty when nothing did."""
    found = Search(rules).run(seconds=seconds)
    return found, Story(rules).of(found) if found.wrong else []


def bounds(scene: Scene) -> str:
    """How often each thing may happen, as far as it may at all."""
    return ", ".join(f"{name} {number}" for name, number in scene.left._asdict().items() if number)


def show(rules: Steps, seconds: float = float("inf")) -> bool:
    """Explore and print; returns whether something is wrong."""
    found, story = explored(rules, seconds)
    depth = f"{found.depth} steps deep" if found.complete or story else f"stopped {found.depth} steps deep"
    print(f"{rules.scene.name} ({bounds(rules.scene)})")
    print(f"  {found.states:,} states, {found.steps:,} transitions, {depth}, {found.seconds:.1f} s")
    for number, sentence in enumerate(story, 1):
        print(f"  {number:2}. {sentence}" if number < len(story) else f"  {sentence}")
    return bool(story)


def main(arguments: list[str]) -> int:
    """0 when nothing is wrong, or when all that is wrong on purpose was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.explorer", description=__doc__)
    parser.add_argument("--wide", action="store_true", help="wider bounds, as far as the time goes")
    parser.add_argument("--minutes", type=float, default=10, help="time for each of the wider bounds")
    parser.add_argument("--break", dest="name", choices=[*WRONGS, "all"], help="a program that is wrong on purpose")
    options = parser.parse_args(arguments)
    if options.name:
        missed = 0
        for name in WRONGS if options.name == "all" else (options.name,):
            wrong = WRONGS[name]
            print(f"{name}: {(wrong.rules.__doc__ or '').strip()}")
            missed += not show(wrong.rules(wrong.scene))
        return missed
    limit = options.minutes * 60 if options.wide else float("inf")
    return sum([show(Steps(scene), limit) for scene in (WIDE if options.wide else SCENES)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
