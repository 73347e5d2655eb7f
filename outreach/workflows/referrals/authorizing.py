"""The signed authorization, recorded element by element, and the person's name after it."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Session

from outreach import audit, i18n, phone
from outreach.actor import Actor
from outreach.db import locked
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import lazy
from outreach.referrals import profiles, rules
from outreach.referrals.codes import Action, Authority, Field, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Authorization, FormWording, Referral
from outreach.referrals.profiles import Element
from outreach.referrals.rules import AuthorizationFacts
from outreach.workflows import screened
from outreach.workflows.referrals import deadlines, disclosing, drafts, facts, forms, steps
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import Order

USUAL_DAYS: Final = 90
"""How long an authorization runs from the discharge, where nobody says otherwise."""
LONGEST_NAME: Final = 80
MOST_CONTACTS: Final = 2


NEITHER: Final = lazy(
    "Write a telephone number with the area code, like 312-555-0123, or an e-mail address."
)


class Incomplete(OutreachError):
    """The form that was signed lacks something; `missing` has all of it, field → words."""

    status = 422

    def __init__(self, missing: Mapping[str, str]) -> None:
        super().__init__(lazy("The authorization is not complete. Nothing was recorded."))
        self.missing = missing


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """A way to reach the person, as they wish it: `kind` is "phone" or "mail"."""

    kind: str
    value: str
    safe_to_text: bool = False
    safe_to_voicemail: bool = False
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is typed only after the signature."""

    name: str
    contacts: Sequence[ContactPoint]
    language: str = "en"
    interpreter: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm:
    """The paper, element by element. `statements` are those that were read to the person."""

    wording_id: str
    information: Collection[str]
    signed_on: date | None
    expires_on: date | None
    signer: str
    authority: str = ""
    authority_words: str = ""
    witnessed: bool = False
    copy_given: bool = False
    statements: Collection[str] = ()
    text_ok: bool = False
    voicemail_ok: bool = False
    mail_ok: bool = False
    feedback_to_hospital: bool = False
    document_hash: str = ""


PURPOSE: Final = "at the request of the individual"
"""45 CFR 164.508(c)(1)(iv): enough where the person asks for it."""


def prepare_key(desk: Desk, referral: Referral) -> str:
    """Make the record's data key. Before the transaction that writes the name, never inside it."""
    return referral.data_key_id or desk.vault.new_key(referral.public_id)


def problems(
    session: Session, referral: Referral, form: SignedForm, person: Person, *, now: datetime
) -> tuple[RuleBroken, ...]:
    """Return all that `record` would refuse, at once: what a form lacks, and what cannot be kept.

    Each names its field.
    """
    today = facts.local_day(now, zone=referral.time_zone)
    profile = forms.profile_for(session, referral)
    lacking = rules.lacks(_given(session, referral, form), profile=profile, today=today)
    found = [RuleBroken(words, field=field) for field, words in forms.words(lacking).items()]
    checks: list[Callable[[], object]] = [
        partial(forms.signed, session, referral, wording_id=form.wording_id),
        partial(screened.note, _other(form), field="authority_words"),
    ]
    return (*refusals([*checks, *_checks_of(person)]), *found)


def record(
    session: Session,
    referral: Referral,
    form: SignedForm,
    person: Person,
    *,
    operator: str,
    data_key_id: str,
    version: int,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> Authorization:
    """Record a signed form and, only now, the person's name and how to reach them.

    Raises:
        Incomplete: elements are missing or wrong; all of them, by field.
        RuleBroken: the name, a contact, the authority or the note cannot be; the field is named.
        Conflict: it was changed meanwhile, or the person has an open referral there already.
        ReferralsOff: the hospital may not refer any more.
    """
    today = facts.local_day(now, zone=referral.time_zone)
    if referral.unit_id is not None:
        drafts.refuse_if_off(session, session.get_one(Unit, referral.unit_id), on=today)
    # Of two who record it at once the second finds that it moved on.
    referral = locked(session, Referral, referral.id)
    if referral.version != version or referral.state != State.AWAITING:
        raise Conflict(steps.MOVED_ON)
    wording_row = forms.signed(session, referral, wording_id=form.wording_id)
    authorization = _written(session, referral, form, wording_row, operator, by=by, now=now)
    checked = _checked_person(person)
    referral.authorization_id = authorization.id
    referral.data_key_id = data_key_id
    _seal(referral, checked, desk=desk)
    session.flush()
    audit.record(
        session,
        "authorization.record",
        actor=by,
        subject=("referral_authorization", authorization.id),
        now=now,
        details={"number": referral.number, "wording": wording_row.public_id},
    )
    values = {"person_key": person_key(checked.contacts, desk=desk)}
    order = Order(action=Action.AUTHORIZE, by=by, version=version, values=values)
    steps.take(session, referral, order, desk=desk, now=now)
    return authorization


def usual_expiry(referral: Referral) -> date:
    """Return the day an authorization ends unless the person wishes another."""
    discharged_on = facts.local_day(referral.discharged_at, zone=referral.time_zone)
    return discharged_on + timedelta(days=USUAL_DAYS)


def send(
    session: Session,
    referral: Referral,
    *,
    version: int | None,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> None:
    """Send a referral that is ready to its affiliate, now."""
    order = Order(action=Action.SEND, by=by, version=version)
    steps.take(session, referral, order, desk=desk, now=now)


def send_at_discharge(session: Session, referral: Referral, *, version: int, now: datetime) -> None:
    """Let a referral that is ready leave by itself when the person is discharged."""
    held = locked(session, Referral, referral.id)
    if held.version != version or held.state != State.READY:
        raise Conflict(steps.MOVED_ON)
    held.send_at_discharge = True
    session.flush()
    deadlines.start(session, referral, Clock.SEND, now=now)


def _written(
    session: Session,
    referral: Referral,
    form: SignedForm,
    wording_row: FormWording,
    operator: str,
    *,
    by: Actor,
    now: datetime,
) -> Authorization:
    today = facts.local_day(now, zone=referral.time_zone)
    given = _given(session, referral, form)
    screened.note(given.authority_words, field="authority_words")
    missing = rules.lacks(given, profile=profiles.PROFILES[wording_row.profile], today=today)
    if missing:
        raise Incomplete(forms.words(missing))
    row = Authorization(
        public_id=referral.form_id,
        hospital_id=referral.hospital_id,
        wording_id=wording_row.id,
        information=sorted(given.information),
        discloser=given.discloser,
        operator=operator,
        affiliate_ids=sorted(given.affiliate_ids),
        purpose=given.purpose,
        expires_on=given.expires_on,
        signed_on=given.signed_on,
        signer=given.signer,
        authority=given.authority,
        authority_words=given.authority_words,
        statements=sorted(given.statements),
        witnessed=form.witnessed,
        copy_given=form.copy_given,
        text_ok=form.text_ok,
        voicemail_ok=form.voicemail_ok,
        mail_ok=form.mail_ok,
        feedback_to_hospital=form.feedback_to_hospital and referral.hospital_id is not None,
        document_hash=form.document_hash,
        recorded_by=by.label,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _given(session: Session, referral: Referral, form: SignedForm) -> AuthorizationFacts:
    hospital = session.get(Hospital, referral.hospital_id) if referral.hospital_id else None
    bureau = session.get_one(Affiliate, referral.bureau_id)
    named = {referral.affiliate_id} if referral.affiliate_id else set()
    # Nobody knows of a discharge of who came by themselves.
    known = set(Field) if hospital else set(Field) - {Field.DISCHARGED_ON}
    for_another = form.signer == "guardian"
    return AuthorizationFacts(
        information=frozenset(Field(f) for f in form.information if f in known),
        discloser=hospital.name if hospital else bureau.name,
        affiliate_ids=frozenset(named),
        purpose=PURPOSE,
        expires_on=form.expires_on,
        signed_on=form.signed_on,
        signer=form.signer,
        age=facts.YOUNGEST[referral.age_group],
        authority=form.authority if for_another else "",
        authority_words=_other(form) if for_another else "",
        witnessed=form.witnessed,
        copy_given=form.copy_given,
        statements=frozenset(Element(s) for s in form.statements if s in set(Element)),
    )


def _other(form: SignedForm) -> str:
    """Return an authority that is none of the list, in the words it was given."""
    return " ".join(form.authority_words.split()) if form.authority == Authority.OTHER else ""


def refusals(checks: Collection[Callable[[], object]]) -> Iterator[RuleBroken]:
    """Give what each check raises."""
    for check in checks:
        try:
            check()
        except RuleBroken as error:
            yield error


def _checks_of(person: Person) -> Iterator[Callable[[], object]]:
    """Give everything that is checked of a person, each for itself."""
    yield partial(checked_name, person.name)
    yield partial(check_count, person.contacts)
    for place, point in enumerate(person.contacts, 1):
        yield partial(checked_contact, point, place)
        yield partial(screened.note, point.hours, field=f"contact_{place}_hours")
    yield partial(_check_language, person.language)
    yield partial(screened.note, person.note)


def checked_name(name: str) -> str:
    """Return a name that may be kept. Raises RuleBroken otherwise."""
    plain = " ".join(name.split())
    if not 0 < len(plain) <= LONGEST_NAME:
        raise RuleBroken(lazy("Write the name as the person wants to be called."), field="name")
    return plain


def _check_language(language: str) -> None:
    if language not in i18n.LOCALES:
        raise RuleBroken(lazy("Choose one of the answers on the list."), field="language")


def check_count(contacts: Sequence[ContactPoint]) -> None:
    """Refuse none, and more than there is room for."""
    if not 0 < len(contacts) <= MOST_CONTACTS:
        raise RuleBroken(lazy("Write at least one way to reach the person."), field="contact_1")


def _checked_person(person: Person) -> Person:
    name = checked_name(person.name)
    _check_language(person.language)
    check_count(person.contacts)
    return Person(
        name=name,
        contacts=[checked_contact(point, place) for place, point in enumerate(person.contacts, 1)],
        language=person.language,
        interpreter=person.interpreter,
        note=screened.note(person.note),
    )


def checked_contact(point: ContactPoint, place: int) -> ContactPoint:
    """Return a contact point as it is kept; `place` counts from 1. Raises RuleBroken."""
    field = f"contact_{place}"
    if point.kind not in {"phone", "mail"}:
        raise RuleBroken(lazy("Choose one of the answers on the list."), field=field)
    return ContactPoint(
        kind=point.kind,
        value=_phone(point.value, field) if point.kind == "phone" else _mail(point.value, field),
        safe_to_text=point.safe_to_text and point.kind == "phone",
        safe_to_voicemail=point.safe_to_voicemail and point.kind == "phone",
        hours=screened.note(point.hours, field=f"{field}_hours"),
    )


def _phone(value: str, field: str) -> str:
    try:
        return phone.parse(value)
    except RuleBroken as error:
        has_letters = any(character.isalpha() for character in value)
        raise RuleBroken(NEITHER if has_letters else error.message, field=field) from error


def _mail(value: str, field: str) -> str:
    try:
        checked = validate_email(value.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise RuleBroken(lazy("This is not an e-mail address."), field=field) from error
    return checked.normalized.lower()


def _seal(referral: Referral, person: Person, *, desk: Desk) -> None:
    key, row = referral.data_key_id or "", referral.public_id
    points = sealable(person.contacts)
    contacts = {"points": points, "language": person.language, "interpreter": person.interpreter}
    vault = desk.vault
    referral.sealed_name = vault.seal(key, (*disclosing.NAME, row), person.name)
    referral.sealed_contacts = vault.seal(key, (*disclosing.CONTACTS, row), json.dumps(contacts))
    if person.note:
        referral.sealed_note = vault.seal(key, (*disclosing.NOTE, row), person.note)


def sealable(contacts: Sequence[ContactPoint]) -> list[dict[str, object]]:
    """Return contact points as they are sealed, and as a snapshot shows them."""
    return [
        {
            "kind": point.kind,
            "value": point.value,
            "safe_to_text": point.safe_to_text,
            "safe_to_voicemail": point.safe_to_voicemail,
            "hours": point.hours,
        }
        for point in contacts
    ]


def person_key(contacts: Sequence[ContactPoint], *, desk: Desk) -> str:
    """Return the blind index of a person: of their telephone, else of their mail address."""
    by_kind = sorted(contacts, key=lambda point: point.kind != "phone")
    return desk.vault.index(by_kind[0].kind, by_kind[0].value)
