"""Free texts in which somebody could write down a person: refused where a number or code is found.

Referral notes, and what is told after a visit, are written by tired people; the rule is
`referrals.screening`.
"""

from collections.abc import Mapping
from typing import Final

from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.messaging import notes
from outreach.referrals import screening
from outreach.referrals.screening import Concern

MOST_WORDS: Final = 1000
"""Characters of what is told after a visit."""

NOTES: Final[Mapping[Concern, str]] = {
    Concern.TOO_LONG: lazy("A note may have 280 characters at most."),
    Concern.PHONE: lazy("This seems to hold a telephone number. Please take it out."),
    Concern.SOCIAL_SECURITY: lazy(
        "This seems to hold a social security number. Please take it out."
    ),
    Concern.RECORD_NUMBER: lazy("This seems to hold a record number. Please take it out."),
    Concern.MAIL: lazy("This seems to hold a mail address. Please take it out."),
    Concern.DIAGNOSIS: lazy("This seems to hold a diagnosis code. Please take it out."),
}
TOLD: Final[Mapping[Concern, str]] = {
    Concern.TOO_LONG: lazy("“%(label)s” may have 1000 characters at most."),
    Concern.PHONE: lazy("“%(label)s” seems to hold a telephone number. Please take it out."),
    Concern.SOCIAL_SECURITY: lazy(
        "“%(label)s” seems to hold a social security number. Please take it out."
    ),
    Concern.RECORD_NUMBER: lazy("“%(label)s” seems to hold a record number. Please take it out."),
    Concern.MAIL: lazy("“%(label)s” seems to hold a mail address. Please take it out."),
    Concern.DIAGNOSIS: lazy("“%(label)s” seems to hold a diagnosis code. Please take it out."),
}
"""The same for what is told after a visit; %(label)s is the field's."""

OF_A_NOTE: Final = (Concern.SOCIAL_SECURITY, Concern.RECORD_NUMBER, Concern.DIAGNOSIS)
"""What a coordinator's note to many is searched for. Not telephone numbers: hers is often the very
thing it says; mail addresses are refused with all that reads as a link (`messaging.notes`)."""

DEBRIEF: Final = lazy("Anything you would like to tell us")
CAME: Final = lazy("Anything we should know")
INCIDENT: Final = lazy("What happened, in a few words")
SETTLED: Final = lazy("What was done")


def note(text: str, *, field: str = "note") -> str:
    """Return a note that may be kept. Raises RuleBroken with the first thing against it."""
    plain = " ".join(text.split())
    found = screening.concerns(plain)
    if found:
        raise RuleBroken(NOTES[found[0]], field=field)
    return plain


def told(text: str, *, field: str, label: str) -> None:
    """Refuse what is told after a visit where it holds what identifies somebody.

    `label` is the msgid of the field's label.

    Raises:
        RuleBroken: the first thing against it; `field` names the field.
    """
    found = screening.concerns(text, most=MOST_WORDS)
    if found:
        raise RuleBroken(TOLD[found[0]], field=field, label=_(label))


def problems_of_note(text: str, *, field: str) -> list[RuleBroken]:
    """Return what speaks against a coordinator's note to many; empty where nothing was found."""
    found = screening.concerns(text, most=notes.LONGEST)
    return [RuleBroken(NOTES[each], field=field) for each in found if each in OF_A_NOTE]
