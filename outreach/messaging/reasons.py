"""Why a message is where it is: every reason of our own.

What else stands in a message's `reason` is a code that a provider gave (`codes`).
"""

from enum import StrEnum


class Reason(StrEnum):
    """Kept on the message, and shown in words to a coordinator (`reads.outbox_words`)."""

    SUPERSEDED = "superseded"
    """What it said is no longer so, or something newer says it."""
    TAKEN_BACK = "taken_back"
    """A coordinator took it back before it left."""
    NO_CONSENT = "no_consent"
    NO_ADDRESS = "no_address"
    """The person is not there any more, or the unit has no mailbox."""
    BAD_ADDRESS = "bad_address"
    MAILBOX_FULL = "mailbox_full"
    BAD_NUMBER = "bad_number"
    OPTED_OUT = "opted_out"
    """The provider says so: the person wrote STOP to it."""
    SMS_OFF = "sms_off"
    QUIET_HOURS = "quiet_hours"
    NIGHT = "night"
    """The morning would be too late for the text."""
    BUDGET = "budget"
    """The affiliate's budget of texts for the month is used up; reminders and notes go by mail."""
    EXPIRED = "expired"
    TOO_LONG = "too_long"
    """More segments than we send; how many is in `segments`."""
    CANNOT_PREPARE = "cannot_prepare"
    """Writing it raised: a fault of ours."""
    UNREACHABLE = "unreachable"
    """No connection: surely not sent."""
    CONNECTION = "connection"
    """The connection broke, and nobody knows how far the call came."""
    UNREADABLE = "unreadable"
    """The provider's answer was none."""
    GATEWAY = "gateway"
    """Our side of the call raised."""
    HELD_UP = "held_up"
    """The worker stood still before the call, longer than it held the message: surely not sent."""
    CRASHED = "crashed"
    """The worker ended during the call."""
    IN_DOUBT = "in_doubt"
    """It was never known whether it left, and its time is over."""
