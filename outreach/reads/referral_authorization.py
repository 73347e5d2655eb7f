"""A signed authorization element by element, and what was disclosed on it. Without a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import referral_words as words
from outreach.referrals import profiles
from outreach.referrals.codes import Authority, Revoked
from outreach.referrals.models import Authorization, Disclosure, FormWording, Referral
from outreach.referrals.profiles import Element
from outreach.referrals.rules import STATEMENTS

PURPOSES: Final[Mapping[str, str]] = {
    "at the request of the individual": lazy("At the request of the individual"),
}
"""What the forms of the package are for, in words; a text of another form stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a coordinator sees of an authorization.

    `elements` are (label, value) in the order of the form. `lacks_paper` is whether it was
    withdrawn and no written withdrawal has come; `is_witnessed` whether that paper needs a witness.
    """

    public_id: str
    is_active: bool
    elements: Sequence[tuple[str, str]]
    withdrawn: str
    lacks_paper: bool
    is_witnessed: bool


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One disclosure: `at` is an instant, the rest words. `number` is the referral's."""

    at: datetime
    when: str
    number: str
    recipient: str
    information: str
    purpose: str


def given(session: Session, authorization: Authorization, *, zone: str) -> Given:
    """Return an authorization in words, in the order of the form."""
    wording = session.get_one(FormWording, authorization.wording_id)
    profile = profiles.PROFILES[wording.profile]
    values = _values(session, authorization)
    items = [
        (_(words.ELEMENTS[element]), values[element])
        for element in Element
        if element in profile.required or (element is Element.AUTHORITY and values[element])
    ]
    items += _wishes(authorization)
    form = f"{profile.name}, {wording.version}, {wording.locale}"
    items.append((_("The form that was signed"), form))
    return Given(
        public_id=authorization.public_id,
        is_active=authorization.active,
        elements=items,
        withdrawn=_withdrawn(authorization, zone=zone),
        lacks_paper=not authorization.active and authorization.written_revocation_on is None,
        is_witnessed=profile.revocation_is_witnessed,
    )


def disclosures(
    session: Session, authorization: Authorization, *, zone: str
) -> Sequence[Disclosed]:
    """Return everything that was disclosed on an authorization, the newest first."""
    rows = session.execute(
        select(Disclosure, Referral.number)
        .join(Referral, Referral.id == Disclosure.referral_id)
        .where(Disclosure.authorization_id == authorization.id)
        .order_by(Disclosure.at.desc(), Disclosure.id.desc())
    )
    return [
        Disclosed(
            at=row.at,
            when=_when(row.at, zone=zone),
            number=words.written(number),
            recipient=row.recipient,
            information=words.fields(row.information),
            purpose=_purpose(row.purpose),
        )
        for row, number in rows
    ]


def names_of(session: Session, ids: Sequence[int]) -> list[str]:
    """Return the names of affiliates."""
    found = select(Affiliate.name).where(Affiliate.id.in_(ids)).order_by(Affiliate.name)
    return list(session.scalars(found))


def _values(session: Session, row: Authorization) -> dict[Element, str]:
    named = [row.operator, *names_of(session, row.affiliate_ids)]
    read = {element: _yes(given=element in row.statements) for element in STATEMENTS}
    return read | {
        Element.INFORMATION: words.fields(row.information),
        Element.DISCLOSER: row.discloser,
        Element.RECIPIENTS: ", ".join(name for name in named if name),
        Element.PURPOSE: _purpose(row.purpose),
        Element.EXPIRES_ON: i18n.day(row.expires_on, year=True, weekday=False),
        Element.SIGNED_ON: i18n.day(row.signed_on, year=True, weekday=False),
        Element.SIGNER: _(words.SIGNERS[row.signer]),
        Element.AUTHORITY: _authority(row),
        Element.WITNESS: _yes(given=row.witnessed),
        Element.COPY_GIVEN: _yes(given=row.copy_given),
    }


def _authority(row: Authorization) -> str:
    if row.authority_words or not row.authority:
        return row.authority_words
    return _(words.AUTHORITIES[Authority(row.authority)])


def _wishes(row: Authorization) -> list[tuple[str, str]]:
    wishes = [
        (_("Text messages are all right"), _yes(given=row.text_ok)),
        (_("Voicemail is all right"), _yes(given=row.voicemail_ok)),
        (_("Mail is all right"), _yes(given=row.mail_ok)),
    ]
    if row.hospital_id is None:
        return wishes
    told = _yes(given=row.feedback_to_hospital)
    return [*wishes, (_("The hospital may hear what became of it"), told)]


def _purpose(text: str) -> str:
    return _(PURPOSES[text]) if text in PURPOSES else text


def _yes(*, given: bool) -> str:
    return _("Yes") if given else _("No")


def _withdrawn(row: Authorization, *, zone: str) -> str:
    """Say when and how it was withdrawn, and by whom it was heard; "" while it stands."""
    if row.revoked_at is None or row.revoked_how is None:
        return ""
    how = _(words.REVOKED[Revoked(row.revoked_how)])
    said = _("%(how)s, %(when)s", how=how, when=_when(row.revoked_at, zone=zone))
    if row.revocation_received_by:
        said = _("%(said)s, heard by %(name)s", said=said, name=row.revocation_received_by)
    if row.written_revocation_on is not None:
        day = i18n.day(row.written_revocation_on, year=True, weekday=False)
        said = _("%(said)s; the paper is of %(day)s", said=said, day=day)
    if row.written_revocation_witnessed:
        said = _("%(said)s, signed by a witness as well", said=said)
    return said


def _when(at: datetime, *, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{i18n.day(local, year=True, weekday=False)}, {i18n.clock_time(local)}"
