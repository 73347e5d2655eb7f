"""One thing that was looked at, and how it stands."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    LOOK = "look"
    """Works, but is not as it should be; or nobody but a person can know."""
    WRONG = "wrong"
    SKIPPED = "skipped"
    """Was not looked at: it is turned off, or cannot be reached from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands: what was found, and what to do where something is."""

    part: str
    state: State
    said: str
    to_do: str = ""


def ok(part: str, said: str) -> Finding:
    """Return that all is well."""
    return Finding(part, State.OK, said)


def look(part: str, said: str, to_do: str) -> Finding:
    """Return that somebody should have a look."""
    return Finding(part, State.LOOK, said, to_do)


def wrong(part: str, said: str, to_do: str) -> Finding:
    """Return that something is wrong."""
    return Finding(part, State.WRONG, said, to_do)


def skipped(part: str, said: str, to_do: str = "") -> Finding:
    """Return that it was not looked at."""
    return Finding(part, State.SKIPPED, said, to_do)
