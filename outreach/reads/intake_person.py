"""What an affiliate may read of a person: the frozen snapshot, in words. Nothing that is not in it.

A way to reach the person is safe only where both the person and the signed form said so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from outreach import phone
from outreach.i18n import gettext as _
from outreach.reads import referral_words, words
from outreach.referrals.codes import Field
from outreach.referrals.models import Authorization


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach the person; `href` is "" where it is not to be used by itself."""

    kind: str
    shown: str
    href: str
    safe: Sequence[str]
    hours: str
    voicemail: bool
    text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """The person, field by field; None or empty where the authorization does not let it out."""

    name: str | None
    contacts: Sequence[Contact]
    language: str | None
    interpreter: bool
    zip_code: str | None
    group_codes: Sequence[str]
    discharged_on: date | None
    note: str

    @property
    def language_name(self) -> str:
        """Return the person's language in words."""
        return words.language(self.language) if self.language else ""

    @property
    def groups(self) -> str:
        """Return what the person would like, in the language now spoken."""
        return referral_words.groups(list(self.group_codes))

    @property
    def voicemail(self) -> bool:
        """Say whether any voicemail may be left."""
        return any(contact.voicemail for contact in self.contacts)

    @property
    def text(self) -> bool:
        """Say whether any text may be sent."""
        return any(contact.text for contact in self.contacts)


def view(snapshot: Mapping[str, Any], authorization: Authorization) -> PersonView:
    """Return a snapshot in words."""
    spoken = snapshot.get(Field.LANGUAGE) or {}
    discharged = snapshot.get(Field.DISCHARGED_ON)
    points = snapshot.get(Field.CONTACTS) or []
    return PersonView(
        name=snapshot.get(Field.NAME),
        contacts=[_contact(point, authorization) for point in points],
        language=spoken.get("language"),
        interpreter=bool(spoken.get("interpreter")),
        zip_code=snapshot.get(Field.ZIP),
        group_codes=list(snapshot.get(Field.GROUPS) or []),
        discharged_on=date.fromisoformat(discharged) if discharged else None,
        note=snapshot.get(Field.NOTE) or "",
    )


def _contact(point: Mapping[str, Any], authorization: Authorization) -> Contact:
    value, hours = str(point["value"]), str(point.get("hours", ""))
    if point["kind"] == "mail":
        may = authorization.mail_ok
        said = _("You may write there.") if may else _("Please do not write there by yourself.")
        return Contact("mail", value, f"mailto:{value}" if may else "", [said], hours, False, False)  # noqa: FBT003 - neither voicemail nor text
    text = bool(point.get("safe_to_text")) and authorization.text_ok
    voicemail = bool(point.get("safe_to_voicemail")) and authorization.voicemail_ok
    safe = [
        _("A text message is safe.") if text else _("Please send no text message."),
        _("A voicemail without detail is safe.") if voicemail else _("Please leave no voicemail."),
    ]
    return Contact("phone", phone.display(value), f"tel:{value}", safe, hours, voicemail, text)
