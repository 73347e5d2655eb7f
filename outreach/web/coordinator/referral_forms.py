"""What a coordinator enters about a referral: mostly what an affiliate told her by telephone."""

from collections.abc import Callable, Mapping
from typing import Final

import wtforms

from outreach import crypto
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads.referral_words import (
    CHANNELS,
    DECLINES,
    HOLDS,
    OUTCOMES,
    RECALLS,
    RESULTS,
    REVOKED,
)
from outreach.referrals.codes import FIRST_OUTCOMES, Cancel, Channel, Outcome, Result, Revoked
from outreach.web.forms import (
    BooleanField,
    DateField,
    Form,
    LongTextField,
    RadioField,
    TextField,
    TimeField,
    required,
)
from outreach.workflows.referrals.authorizing import LONGEST_NAME

LONGEST_NOTE: Final = 280
LATER_OUTCOMES: Final = tuple(each for each in Outcome if each not in FIRST_OUTCOMES)
CHOOSE: Final = required(lazy("Choose one of the answers on the list."))
CHOOSE_DAY: Final = required(lazy("Choose the day."))


class VersionedForm(Form):
    """A form that changes a referral: it says which version of it the reader saw."""

    version = wtforms.HiddenField()

    @property
    def seen(self) -> int:
        """The version of the page; one that cannot be read fits none."""
        given = self.version.data or ""
        return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else -1  # noqa: PLR2004 - more figures are no version


class ReportedForm(VersionedForm):
    """What the affiliate told: by whom."""

    reported_by = TextField(
        lazy("Who at the affiliate told you?"),
        longest=LONGEST_NAME,
        validators=[required(lazy("Write who at the affiliate told you."))],
    )


class DeclineForm(ReportedForm):
    """Why the affiliate can't take it."""

    reason = RadioField(
        lazy("Why can’t they take it?"), choices=DECLINES.items(), validators=[CHOOSE]
    )


class AttemptForm(ReportedForm):
    """One try to reach the person. The key makes a doubled POST one attempt."""

    day = DateField(lazy("Day"), validators=[CHOOSE_DAY])
    time = TimeField(lazy("Time"), validators=[required(lazy("Write the time."))])
    channel = RadioField(lazy("How?"), choices=CHANNELS.items(), validators=[CHOOSE])
    result = RadioField(lazy("What came of it?"), choices=RESULTS.items(), validators=[CHOOSE])
    note = LongTextField(lazy("Note"), longest=LONGEST_NOTE * 2)
    request_key = wtforms.HiddenField(default=crypto.token)

    def fit(self, possible: Mapping[Channel, frozenset[Result]]) -> None:
        """Offer the ways the signed form allows, and what can come of them."""
        self.channel.offer_only(possible)
        self.result.offer_only(frozenset().union(*possible.values()))


class HoldForm(ReportedForm):
    """Why it rests, and until when."""

    reason = RadioField(lazy("Why does it rest?"), choices=HOLDS.items(), validators=[CHOOSE])
    resume_on = DateField(lazy("Look again on"), validators=[CHOOSE_DAY])


class CloseForm(ReportedForm):
    """How it ended: the six usual answers first, the others under "more"."""

    outcome = RadioField(
        lazy("What became of it?"),
        choices=[(str(code), OUTCOMES[code]) for code in (*FIRST_OUTCOMES, *LATER_OUTCOMES)],
        validators=[CHOOSE],
    )


class RecallForm(VersionedForm):
    """Why a referral is called back."""

    reason = RadioField(
        lazy("Why?"),
        choices=[(str(code), words) for code, words in RECALLS.items()],
        validators=[CHOOSE],
    )

    def leave_hospital(self) -> None:
        """Offer nothing that only a hospital's patient can do."""
        self.reason.choices = [
            (code, _(words)) for code, words in RECALLS.items() if code != Cancel.STAYS_LONGER
        ]


class WithdrawalForm(Form):
    """That the person takes the authorization back."""

    how = RadioField(
        lazy("How did they take it back?"),
        choices=[(str(how), REVOKED[how]) for how in (Revoked.SPOKEN, Revoked.WRITTEN)],
        validators=[CHOOSE],
    )
    received_by = TextField(
        lazy("Who heard it, or took the paper?"),
        longest=LONGEST_NAME,
        validators=[required(lazy("Write who it was."))],
    )


class PaperForm(Form):
    """The written withdrawal that follows a spoken one."""

    written_on = DateField(lazy("Day on the paper"), validators=[CHOOSE_DAY])
    witness = BooleanField(lazy("A witness signed it as well"))


class RerouteForm(Form):
    """Which affiliate is asked next."""

    affiliate = RadioField(lazy("Which affiliate?"), validators=[CHOOSE])


class EmptyForm(VersionedForm):
    """A confirmation that asks for nothing."""


RECORDED: Final[Mapping[str, Callable[[], ReportedForm]]] = {
    "acknowledge": ReportedForm,
    "accept": ReportedForm,
    "attempt": AttemptForm,
    "hold": HoldForm,
    "resume": ReportedForm,
    "close": CloseForm,
    "decline": DeclineForm,
    "stop": ReportedForm,
}
"""What the affiliate may have told → what is asked about it."""
