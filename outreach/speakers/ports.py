"""What reading a speaker's own calendar needs from outside."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Trouble(StrEnum):
    """Why a calendar could not be read. None of them says what is at an address, or where."""

    ADDRESS = "address"
    """It leads, perhaps by way of others, to one that is not taken."""
    UNREACHABLE = "unreachable"
    """No such host, one that is not public, or nobody answers there: on purpose one word for all,
    so that no speaker can find out by it what there is in our network."""
    TLS = "tls"
    NOT_THERE = "not_there"
    SERVER = "server"
    SLOW = "slow"
    TOO_LARGE = "too_large"
    NOT_A_CALENDAR = "not_a_calendar"
    TOO_OFTEN = "too_often"
    TOO_MUCH = "too_much"
    OURS = "ours"
    """A failure here, nothing of the calendar's."""


class CouldNotRead(Exception):
    """The calendar could not be read. The error holds nothing of its address or of its content."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class BusySpan:
    """Not free between two instants, the end not included; `tentative` is "perhaps"."""

    starts_at: datetime
    ends_at: datetime
    tentative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calendar, and what of it.

    `etag` and `last_modified` are what its server said last time; empty to have all of it again.
    `zone` is where the person lives, `host` ours: entries of this service do not count.
    """

    address: str
    etag: str = ""
    last_modified: str = ""
    starts_at: datetime
    ends_at: datetime
    zone: str
    host: str

    def __repr__(self) -> str:
        """Say nothing of the address: who has it can read the calendar."""
        return "Wanted(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """When the person is busy, in order, and what to tell the server the next time."""

    busy: tuple[BusySpan, ...]
    etag: str = ""
    last_modified: str = ""


class CalendarReader(Protocol):
    """Reads one calendar."""

    def read(self, wanted: Wanted) -> Reading | None:
        """Return when the person is busy; None where nothing has changed since.

        Raises:
            CouldNotRead: with a word for why.
        """
        ...
