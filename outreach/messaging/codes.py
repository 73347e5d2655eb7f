"""What a provider's status or code means for us: a table with a safe default."""

from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """What follows from a code."""

    PAUSE = "pause"
    """Surely not sent. Nobody sends for a while, then this message again."""
    CHANNEL = "channel"
    """The account or sender is set up wrongly: nobody sends for ten minutes."""
    BAD_NUMBER = "bad_number"
    """Texts never reach this number. Nothing waiting for it is sent."""
    OPT_OUT = "opt_out"
    """The person told the provider to stop. Nothing waiting for the number is sent."""
    LATER = "later"
    """A passing trouble: once more, half an hour later, if it is still of use."""
    FAIL = "fail"
    """Nothing to be done by a machine; a coordinator sees it."""
    EXPIRED = "expired"
    """It waited too long at the provider. Not the person's fault."""


_ACTIONS: Final = {
    "429": Action.PAUSE,
    "20429": Action.PAUSE,
    "20003": Action.CHANNEL,
    "20404": Action.CHANNEL,
    "21606": Action.CHANNEL,
    "21608": Action.CHANNEL,
    "21611": Action.PAUSE,
    "21612": Action.CHANNEL,
    "30034": Action.CHANNEL,
    "21211": Action.BAD_NUMBER,
    "21614": Action.BAD_NUMBER,
    "21635": Action.BAD_NUMBER,
    "30006": Action.BAD_NUMBER,
    "21610": Action.OPT_OUT,
    "30001": Action.EXPIRED,
    "30036": Action.EXPIRED,
    "20500": Action.FAIL,
    "30004": Action.FAIL,
    "30005": Action.FAIL,
    "30007": Action.FAIL,
    "30003": Action.LATER,
    "30008": Action.LATER,
    "30047": Action.LATER,
}

_STATES: Final = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "accepted",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}


KNOWN: Final = tuple(sorted(_ACTIONS))
"""Every code that is told from others; `reads.code_words` says what each means."""


def action(code: str) -> Action:
    """Return what follows from a provider's code. An unknown one is never tried again blindly."""
    return _ACTIONS.get(code, Action.FAIL)


def state(status: str) -> str | None:
    """Return our state for a provider's status, or None for one that says nothing about us."""
    return _STATES.get(status)
