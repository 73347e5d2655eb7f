"""What a referral is written with: before the signature no field for a name, after it the paper."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import wtforms
from wtforms.validators import Optional, ValidationError

from outreach.directory import geography
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads.referral_words import AGES, AUTHORITIES, FIELDS, GROUPS, SIGNERS
from outreach.referrals import rules
from outreach.referrals.codes import Field
from outreach.referrals.paper import Paper
from outreach.referrals.profiles import Element, Profile
from outreach.web import contacts
from outreach.web.forms import (
    BooleanField,
    DateField,
    Form,
    LongTextField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextField,
    TimeField,
    required,
)
from outreach.workflows.referrals import drafts
from outreach.workflows.referrals.authorizing import (
    LONGEST_NAME,
    Person,
    SignedForm,
)
from outreach.workflows.referrals.drafts import Description

YES_NO: Final = (("yes", lazy("Yes")), ("no", lazy("No")))
LANGUAGES: Final = (("en", lazy("English")), ("es", lazy("Spanish")))
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class WhenForm(Form):
    """Step 1. Whoever would like to add a name finds no place for it."""

    unit = SelectField(lazy("Unit"), validators=[required(lazy("Choose the unit."))])
    discharged_on = DateField(
        lazy("Day of the discharge"), validators=[required(lazy("Choose the day."))]
    )
    discharged_time = TimeField(lazy("Time of the discharge"))
    zip_code = TextField(
        lazy("ZIP code where the person will live"),
        longest=10,
        validators=[required(lazy("Write a ZIP code of five digits, like 48201."))],
    )
    age_group = RadioField(
        lazy("How old is the person?"),
        choices=AGES.items(),
        default="adult",
        validators=[required(lazy("Choose one of the answers on the list."))],
    )
    groups = SelectMultipleField(
        lazy("What would the person like?"),
        choices=[(str(group), words) for group, words in GROUPS.items()],
        validators=[required(lazy("Choose at least one from the list."))],
    )
    request_key = wtforms.HiddenField()

    today: date
    by_themselves = False

    def fit(self, *, today: date, by_themselves: bool) -> None:
        """Ask who came by themselves only when they asked, and nothing of a hospital."""
        self.today, self.by_themselves = today, by_themselves
        if by_themselves:
            self.leave_unit()
            del self["discharged_time"]
            self.discharged_on.label.text = _("Day on which the person asked")
            self.zip_code.label.text = _("ZIP code of the person’s home")

    def leave_unit(self) -> None:
        """Ask for no unit."""
        if "unit" in self:
            del self["unit"]

    def validate_zip_code(self, field: wtforms.Field) -> None:
        """Refuse a ZIP code without a place beside all else that is wrong."""
        try:
            geography.place(field.data or "")
        except RuleBroken as error:
            raise ValidationError(_(error.message)) from error

    def validate_discharged_on(self, field: wtforms.Field) -> None:
        """Refuse a day too far from today."""
        is_sane = rules.asking_is_sane if self.by_themselves else rules.discharge_is_sane
        if field.data and not is_sane(field.data, today=self.today):
            raise ValidationError(_(drafts.BAD_ASKING if self.by_themselves else drafts.BAD_DAY))

    def described(self) -> Description:
        """Return what was written, once it is right."""
        if self.discharged_on.data is None:
            raise ValueError("a discharge needs a day")
        return Description(
            discharged_on=self.discharged_on.data,
            discharged_time=None if self.by_themselves else self.discharged_time.data,
            zip_code=self.zip_code.data or "",
            age_group=self.age_group.data or "",
            groups=self.groups.data or (),
        )


class PaperForm(Form):
    """Step 3: the signed paper element by element, and only then the person."""

    wording = RadioField(
        lazy("Which form was signed?"), validators=[required(lazy("Choose which form was signed."))]
    )
    right_to_revoke = BooleanField()
    no_condition = BooleanField()
    redisclosure = BooleanField()
    right_to_inspect = BooleanField()
    refusal = BooleanField()
    information = SelectMultipleField(
        lazy("What may be told to the affiliate?"),
        choices=[(str(field), words) for field, words in FIELDS.items()],
    )
    signer = RadioField(
        lazy("Who signed?"),
        choices=SIGNERS.items(),
        validators=[required(lazy("Say who signed."))],
    )
    authority = RadioField(
        lazy("What entitles who signed for the person"),
        choices=AUTHORITIES.items(),
        validators=[Optional()],
    )
    authority_words = TextField(lazy("If it is something else: what?"), longest=120)
    witness = BooleanField(lazy("A witness signed too"))
    signed_on = DateField(lazy("Day of the signature"))
    expires_on = DateField(lazy("Ends on"))
    text_ok = RadioField(lazy("Text messages"), choices=YES_NO, default="no")
    voicemail_ok = RadioField(lazy("Voicemail"), choices=YES_NO, default="no")
    mail_ok = RadioField(lazy("E-mail"), choices=YES_NO, default="no")
    feedback_to_hospital = RadioField(
        lazy("May the hospital be told whether they were reached?"), choices=YES_NO, default="no"
    )
    copy_given = BooleanField(lazy("The person has their copy, with number and stop code"))
    document_hash = TextField(lazy("SHA-256 of the scanned form"), longest=80)
    name = TextField(lazy("Name, as the person wants to be called"), longest=LONGEST_NAME)
    contact_1 = TextField(lazy("Telephone or e-mail address"))
    contact_1_text = BooleanField(lazy("Texts are safe there"))
    contact_1_voicemail = BooleanField(lazy("Voicemail is safe there"))
    contact_1_hours = TextField(lazy("Good hours"), longest=80)
    contact_2 = TextField(lazy("A second telephone or e-mail address"))
    contact_2_text = BooleanField(lazy("Texts are safe there"))
    contact_2_voicemail = BooleanField(lazy("Voicemail is safe there"))
    contact_2_hours = TextField(lazy("Good hours"), longest=80)
    language = RadioField(lazy("Language"), choices=LANGUAGES, default="en")
    interpreter = BooleanField(lazy("An interpreter is needed"))
    note = LongTextField(lazy("Note for the affiliate"))

    def fit(
        self,
        paper: Paper | None,
        profile: Profile,
        wordings: Mapping[str, str],
        *,
        by_themselves: bool,
    ) -> None:
        """Ask exactly for what this profile's form has."""
        if by_themselves:
            del self["feedback_to_hospital"]
            self.information.choices = [
                (field, _(words)) for field, words in FIELDS.items() if field != Field.DISCHARGED_ON
            ]
        self.wording.choices = list(wordings.items())
        for element in rules.STATEMENTS:
            if element not in profile.required:
                del self[element]
            elif paper is not None:
                self[element].label.text = paper.statements.get(element, "")
        if Element.WITNESS not in profile.required:
            del self["witness"]

    @property
    def statements(self) -> Sequence[wtforms.Field]:
        """The sentences that are read to the person, in the order of the form."""
        return [self[e] for e in Element if e in rules.STATEMENTS and e in self]

    def validate_document_hash(self, field: wtforms.Field) -> None:
        """Refuse what is no SHA-256."""
        if field.data and not _HASH.fullmatch(field.data.lower()):
            raise ValidationError(_("A SHA-256 has 64 figures and letters from a to f."))

    def signed(self) -> SignedForm:
        """Return the paper as it was recorded; what is missing stays empty."""
        return SignedForm(
            wording_id=self.wording.data or "",
            information=tuple(self.information.data or ()),
            signed_on=self.signed_on.data,
            expires_on=self.expires_on.data,
            signer=self.signer.data or "",
            authority=self.authority.data or "",
            authority_words=self.authority_words.data or "",
            witnessed="witness" in self and bool(self["witness"].data),
            copy_given=bool(self.copy_given.data),
            statements=tuple(f.name for f in self.statements if f.data),
            text_ok=self.text_ok.data == "yes",
            voicemail_ok=self.voicemail_ok.data == "yes",
            mail_ok=self.mail_ok.data == "yes",
            feedback_to_hospital="feedback_to_hospital" in self
            and self.feedback_to_hospital.data == "yes",
            document_hash=(self.document_hash.data or "").lower(),
        )

    def person(self) -> Person:
        """Return the person as typed."""
        return Person(
            name=self.name.data or "",
            contacts=contacts.typed(self),
            language=self.language.data or "",
            interpreter=bool(self.interpreter.data),
            note=self.note.data or "",
        )
