"""What an authorization lets a reader see of a person → words for the page that shows it.

The mapping comes opened from `workflows.referrals.opening`, the one way in; here it only becomes
labels and values. A way to reach the person is safe only where both they and the signed form said
so; `reads.intake_person` tells the affiliate the same.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from outreach import i18n, phone
from outreach.i18n import gettext as _
from outreach.reads import referral_words as words
from outreach.reads import words as plain
from outreach.referrals.codes import Field
from outreach.referrals.models import Authorization


def items(person: Mapping[str, Any], signed: Authorization) -> list[tuple[str, str]]:
    """Return (label, value) in the order of the form; what is empty is left out."""
    found = [
        (
            _(words.FIELDS[field]),
            _contacts(person[field], signed)
            if field is Field.CONTACTS
            else _WORDS[field](person[field]),
        )
        for field in Field
        if field in person
    ]
    return [(label, value) for label, value in found if value]


def _contacts(points: Sequence[Mapping[str, Any]], signed: Authorization) -> str:
    return "; ".join(_contact(point, signed) for point in points)


def _contact(point: Mapping[str, Any], signed: Authorization) -> str:
    is_phone = point["kind"] == "phone"
    said = [phone.display(point["value"]) if is_phone else str(point["value"])]
    if is_phone:
        voicemail = point["safe_to_voicemail"] and signed.voicemail_ok
        text = point["safe_to_text"] and signed.text_ok
        said.append(_("voicemail is safe") if voicemail else _("no voicemail"))
        said.append(_("texts are safe") if text else _("no texts"))
    elif not signed.mail_ok:
        said.append(_("no e-mail without being asked"))
    if point["hours"]:
        said.append(str(point["hours"]))
    return ", ".join(said)


def _language(value: Mapping[str, Any]) -> str:
    name = plain.language(value["language"])
    return _("%(language)s, with an interpreter", language=name) if value["interpreter"] else name


def _text(value: Any) -> str:  # noqa: ANN401 - a snapshot's value
    return str(value or "")


def _day(value: str) -> str:
    return i18n.day(date.fromisoformat(value), year=True, weekday=False)


_WORDS: Final[Mapping[Field, Callable[[Any], str]]] = {
    Field.NAME: _text,
    Field.LANGUAGE: _language,
    Field.ZIP: _text,
    Field.GROUPS: words.groups,
    Field.DISCHARGED_ON: _day,
    Field.NOTE: _text,
}
