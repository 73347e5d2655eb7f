"""What a liaison is asked when a referral ends before time."""

from typing import Final

from outreach.i18n import lazy
from outreach.reads.referral_words import RECALLS
from outreach.web.forms import BooleanField, DateField, Form, RadioField, TextField, required
from outreach.workflows.referrals.authorizing import LONGEST_NAME

HOW: Final = (("spoken", lazy("They said so")), ("written", lazy("In writing")))


class CallBackForm(Form):
    """Why a referral is called back."""

    reason = RadioField(
        lazy("Why?"),
        choices=[(str(code), words) for code, words in RECALLS.items()],
        validators=[required(lazy("Choose a reason."))],
    )


class WithdrawalForm(Form):
    """That the person takes the permission back."""

    how = RadioField(
        lazy("How did they take it back?"),
        choices=HOW,
        validators=[required(lazy("Choose one of the answers on the list."))],
    )
    received_by = TextField(
        lazy("Who of the hospital heard it or took the paper"),
        longest=LONGEST_NAME,
        validators=[required(lazy("Write who of the hospital it was."))],
    )


class PaperCameForm(Form):
    """The written withdrawal that follows a spoken one."""

    written_on = DateField(lazy("Day on the paper"), validators=[required(lazy("Choose the day."))])
    witness = BooleanField(lazy("A witness signed too"))
