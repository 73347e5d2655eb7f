"""What an affiliate's people fill in about a referral."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from flask import request

from outreach import crypto
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.reads import referral_words
from outreach.referrals.codes import FIRST_OUTCOMES, Channel, Outcome, Result
from outreach.web.forms import DateField, Form, LongTextField, RadioField, TimeField, required

LONGEST_NOTE = 600
"""More than a note may have, so that the screen can say what is wrong with one that is too long."""
ONE_TAP = {Result.THEY_CALLED: "call", Result.CAME_TO_GROUP: "in_person"}
"""Results that have a button of their own, and by which channel."""
FIRST = tuple((str(code), referral_words.OUTCOMES[code]) for code in FIRST_OUTCOMES)
MORE = tuple(
    (str(code), referral_words.OUTCOMES[code]) for code in Outcome if code not in FIRST_OUTCOMES
)

_KEY = re.compile(r"[A-Za-z0-9_-]{10,64}")


class DeclineForm(Form):
    """Why the affiliate can't take somebody."""

    reason = RadioField(
        lazy("Why can’t you take it?"),
        choices=list(referral_words.DECLINES.items()),
        validators=[required(lazy("Choose a reason."))],
    )


class TryForm(Form):
    """One try to reach the person. Times are those of the affiliate's own zone."""

    channel = RadioField(
        lazy("How did you try?"),
        choices=list(referral_words.CHANNELS.items()),
        default="call",
        validators=[required(lazy("Choose how you tried."))],
    )
    result = RadioField(
        lazy("What came of it?"),
        choices=[
            (str(code), words)
            for code, words in referral_words.RESULTS.items()
            if code not in ONE_TAP
        ],
        validators=[required(lazy("Choose what came of it."))],
    )
    day = DateField(lazy("Day"), validators=[required(lazy("Choose the day."))])
    at = TimeField(lazy("Time"), validators=[required(lazy("Write the time."))])
    note = LongTextField(lazy("Note"), longest=LONGEST_NOTE)

    def fit(self, possible: Mapping[Channel, frozenset[Result]]) -> None:
        """Offer the ways the signed form allows, and what can come of them."""
        self.channel.offer_only(possible)
        self.result.offer_only(frozenset().union(*possible.values()))


class HoldForm(Form):
    """Why a referral rests, and until when."""

    reason = RadioField(
        lazy("Why does it rest?"),
        choices=list(referral_words.HOLDS.items()),
        validators=[required(lazy("Choose a reason."))],
    )
    resume_on = DateField(lazy("Until which day?"), validators=[required(lazy("Choose the day."))])


class NoteForm(Form):
    """What the next helper should know."""

    note = LongTextField(lazy("Note for the next helper"), longest=LONGEST_NOTE)


class Plain(Form):
    """A button: nothing but what every form of a referral carries."""


def version() -> int | None:
    """Return the version of the referral that the page showed."""
    given = request.form.get("version", "")
    if not (given.isascii() and given.isdecimal() and len(given) < 10):  # noqa: PLR2004 - digits
        raise RuleBroken(lazy("This page is incomplete. Load it again, and send it once more."))
    return int(given)


def request_key() -> str:
    """Return what makes a form that was sent twice one thing done."""
    given = request.form.get("request_key", "")
    if not _KEY.fullmatch(given):
        raise RuleBroken(lazy("This page is incomplete. Load it again, and send it once more."))
    return given


def new_key() -> str:
    """Return a key for a form that is shown now, or the one it was sent with."""
    given = request.form.get("request_key", "")
    return given if _KEY.fullmatch(given) else crypto.public_id()


def seen() -> datetime | None:
    """Return since when the page showed somebody to have the referral today."""
    given = request.form.get("held_at", "")
    try:
        found = datetime.fromisoformat(given) if given else None
        return found.astimezone(UTC) if found is not None and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def instant(day: date, at: time, *, zone: str) -> datetime:
    """Return a wall time as an instant; of an hour that comes twice, the first.

    Raises:
        RuleBroken: the clocks go over it.
    """
    wall = datetime.combine(day, at)
    found = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
        raise RuleBroken(lazy("This hour was left out when the clocks went forward."), field="at")
    return found
