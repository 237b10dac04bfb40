"""Environment variables of the program: the ones that it reads, and the ones that nobody reads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from config.belonging import home_of
from config.problems import ConfigWarning, Problem, closest, key_path
from config.secrets import ENVIRONMENT, PREFIX, SecretPlace

_SERVICE = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)\Z")
_PORT = re.compile(r"_PORT\Z")
_ADDRESS = re.compile(r"(tcp|udp|sctp)://")
_SQUEEZED = PREFIX.replace("_", "")
_TELLING = ("PUBLIC", "SECRET", "TELEGRAM", "WEBHOOK", "FILE")
"""Words that tell one variable from another."""
_NEAR = 0.85
"""Ratio of difflib from which a beginning is a misspelt prefix."""


def unknown_variables(environ: Mapping[str, str], places: Sequence[SecretPlace]) -> list[Problem]:
    """Variables with the program's prefix that it does not read: each is a mistake that would go unnoticed."""
    known = _known(places)
    problems = []
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) and name not in known and not _of_a_cluster(name, environ[name]):
            hint = _hint(name[len(PREFIX) :], known)
            problems.append(Problem(ENVIRONMENT, key_path("", name), "an unknown variable", ", ".join(known), hint))
    return problems


def stray_variables(environ: Mapping[str, str], places: Sequence[SecretPlace]) -> Iterator[ConfigWarning]:
    """Variables whose prefix is misspelt, so that they set nothing."""
    ends = [(name.removeprefix(PREFIX), name) for name in _known(places)]
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) or len(name) > 2 * len(PREFIX) + 40:
            continue
        meant = next((full for end, full in ends if _misspelt(name.upper(), end)), None)
        if meant is not None:
            yield ConfigWarning(ENVIRONMENT, key_path("", name), "a misspelt prefix", f"it is not read, {meant} is")


def _known(places: Sequence[SecretPlace]) -> list[str]:
    return [name for place in places for name in (place.variable, f"{place.variable}_FILE")]


def _misspelt(name: str, end: str) -> bool:
    """Whether the name is a known variable's with another prefix that is nearly the right one."""
    rest = end.replace("_", "")
    letters = re.sub(r"[^A-Z0-9]", "", name)
    if not letters.endswith(rest):
        return False
    return SequenceMatcher(None, letters.removesuffix(rest), _SQUEEZED).ratio() >= _NEAR


def _hint(end: str, known: Sequence[str]) -> str:
    """What was probably meant: a variable that says the same, or a key of the file."""
    ends = {name.removeprefix(PREFIX): name for name in known}
    match = closest(end, ends)
    if match and _same_meaning(end.upper(), match):
        return f'Did you mean "{ends[match]}"?'
    if "KEY" in end.upper().split("_"):
        return ""  # which of the two halves nobody can tell
    return home_of(end, variable=True) or "All other settings stand in the file"


def _same_meaning(name: str, guess: str) -> bool:
    """Whether each telling word of the guess has its like in the name: no secret is proposed for what is none."""
    words = name.split("_")
    return all(word in name or closest(word, words) for word in _TELLING if word in guess.split("_"))


def _of_a_cluster(name: str, value: str) -> bool:
    """Whether the variable describes a service, as Kubernetes and Docker's links put them into every container."""
    return bool(_SERVICE.search(name)) or bool(_PORT.search(name) and _ADDRESS.match(value))
