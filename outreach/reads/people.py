"""People as coordinators see them: speakers, liaisons, coordinators.

A speaker's weekly pattern, days away and exclusions are never read here (product.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, select
from sqlalchemy.orm import Session

from outreach import access, phone
from outreach.accounts import factors
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.directory.models import Affiliate, Hospital, Program
from outreach.i18n import gettext as _
from outreach.reads import board, words
from outreach.reads.board import VisitRow
from outreach.reads.paging import Page
from outreach.reads.words import Status
from outreach.speakers.models import Certification, Clearance, Speaker
from outreach.visits.models import Assignment, Offer, Visit

PAGE_SIZE = 25
RECENT = timedelta(days=90)
SHOWN_VISITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the list of speakers shows. `program` is a public id; "" means all."""

    q: str = ""
    program: str = ""
    language: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """One speaker in the list."""

    public_id: str
    name: str
    zip_code: str
    trained: str
    languages: str
    recent: int
    coming: int
    standing: Status


@dataclass(frozen=True, slots=True)
class Held:
    """A certification or clearance, in words."""

    public_id: str
    what: str
    second: str
    until: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class SpeakerPage:
    """Everything a speaker's page shows."""

    speaker: Speaker
    name: str
    phone: str
    languages: str
    age_groups: str
    radius: str
    certifications: Sequence[Held]
    clearances: Sequence[Held]
    coming: Sequence[VisitRow]
    recent: int
    asked: int
    place: Membership | None
    standing: Status


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A liaison, coordinator or one of the intake people."""

    public_id: str
    name: str
    email: str
    place: str
    standing: Status
    is_self: bool
    may_refer: bool
    has_second_step: bool


def speakers(
    session: Session, actor: Actor, filters: Filters, *, number: int = 1, now: datetime
) -> Page[SpeakerRow]:
    """Return one page of the actor's speakers by name. Six queries, however many there are."""
    wanted = matching(actor, filters)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    found = session.scalars(
        wanted.order_by(func.lower(Speaker.last_name), func.lower(Speaker.first_name), Speaker.id)
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    ).all()
    ids = [speaker.id for speaker in found]
    trained = _trained(session, ids, today=now.date())
    recent = _counts(session, ids, Assignment.starts_at.between(now - RECENT, now))
    coming = _counts(session, ids, Assignment.starts_at > now)
    places = _places(session, ids)
    rows = [
        SpeakerRow(
            public_id=speaker.public_id,
            name=f"{speaker.last_name}, {speaker.first_name}",
            zip_code=speaker.zip_code,
            trained=trained.get(speaker.id, ""),
            languages=words.languages(speaker.languages),
            recent=recent.get(speaker.id, 0),
            coming=coming.get(speaker.id, 0),
            standing=_standing(speaker, places.get(speaker.id), now=now),
        )
        for speaker in found
    ]
    return Page(rows, total, number, PAGE_SIZE)


def matching(actor: Actor, filters: Filters) -> Select[Speaker]:
    """Select the actor's speakers whom the filters let through, all of them."""
    return access.scope(actor, Speaker).where(*_conditions(filters))


def reachable(rows: Iterable[MemberRow]) -> int:
    """Count the people of a list whose place is not over: somebody of two hospitals is one."""
    return len({row.email or row.name for row in rows if row.standing.kind != "off"})


def speaker_page(session: Session, speaker: Speaker, *, now: datetime) -> SpeakerPage:
    """Return everything a speaker's page shows."""
    today = now.astimezone(ZoneInfo(speaker.time_zone)).date()
    place = _places(session, [speaker.id]).get(speaker.id)
    mine = select(Assignment.visit_id).where(
        Assignment.speaker_id == speaker.id, Assignment.active, Assignment.ends_at > now
    )
    coming = select(Visit).where(Visit.id.in_(mine)).order_by(Visit.starts_at, Visit.id)
    asked = select(func.count()).where(Offer.speaker_id == speaker.id, Offer.state == "open")
    counts = _counts(session, [speaker.id], Assignment.starts_at.between(now - RECENT, now))
    found = place[0] if place else None
    return SpeakerPage(
        speaker=speaker,
        name=f"{speaker.first_name} {speaker.last_name}",
        phone=phone.display(speaker.phone) if speaker.phone else "",
        languages=words.languages(speaker.languages),
        age_groups=words.age_groups(speaker.age_groups),
        radius=_radius(speaker.radius_km),
        certifications=_certifications(session, speaker, today=today),
        clearances=_clearances(session, speaker, today=today),
        coming=board.rows(session, coming.limit(SHOWN_VISITS), now=now),
        recent=counts.get(speaker.id, 0),
        asked=session.scalar(asked) or 0,
        place=found,
        standing=_standing(speaker, place, now=now),
    )


def liaisons(session: Session, actor: Actor, *, now: datetime) -> list[MemberRow]:
    """Return who may ask for visits of the actor's hospitals, by hospital and name."""
    wanted = (
        access.scope(actor, Membership)
        .add_columns(Account, Hospital.name)
        .join(Account, Account.id == Membership.account_id)
        .join(Hospital, Hospital.id == Membership.hospital_id)
        .where(Membership.kind == "liaison")
        .order_by(Hospital.name, Account.name, Membership.id)
    )
    return _members(session, wanted, actor, now=now)


def intake(session: Session, actor: Actor, *, now: datetime) -> list[MemberRow]:
    """Return who takes in whom hospitals refer to the actor's affiliate, by name."""
    wanted = (
        access.scope(actor, Membership)
        .add_columns(Account, Affiliate.name)
        .join(Account, Account.id == Membership.account_id)
        .join(Affiliate, Affiliate.id == Membership.affiliate_id)
        .where(Membership.kind == "intake")
        .order_by(Account.name, Membership.id)
    )
    return _members(session, wanted, actor, now=now)


def coordinators(session: Session, actor: Actor, *, now: datetime) -> list[MemberRow]:
    """Return who coordinates or administers for the actor's affiliate, by name."""
    wanted = (
        access.scope(actor, Membership)
        .add_columns(Account, Membership.kind)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.kind.in_(("coordinator", "administrator")))
        .order_by(Account.name, Membership.kind, Membership.id)
    )
    names = {"coordinator": _("Coordinator"), "administrator": _("Administrator")}
    return [
        replace(row, place=names[row.place]) for row in _members(session, wanted, actor, now=now)
    ]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Speaker.archived_at.is_not(None) if filters.archived else Speaker.archived_at.is_(None)
    ]
    for word in filters.q.lower().split():
        name = func.lower(Speaker.first_name + " " + Speaker.last_name + " " + Speaker.email)
        found.append(name.contains(word, autoescape=True))
    if filters.program:
        programs = select(Program.id).where(Program.public_id == filters.program)
        found.append(
            exists().where(
                Certification.speaker_id == Speaker.id, Certification.program_id.in_(programs)
            )
        )
    if filters.language:
        # JSON of a few known codes in quotation marks: a plain search serves both engines.
        found.append(cast(Speaker.languages, String).contains(f'"{filters.language}"'))
    return found


def _trained(session: Session, ids: Sequence[int], *, today: date) -> dict[int, str]:
    held = (
        select(Certification.speaker_id, Program.name, Certification.role)
        .join(Program, Program.id == Certification.program_id)
        .where(
            Certification.speaker_id.in_(ids),
            Certification.starts_on <= today,
            Certification.ends_on >= today,
        )
        .order_by(Program.name, Certification.role.desc())
    )
    found: dict[int, dict[str, list[str]]] = {}
    for speaker_id, program, role in session.execute(held):
        found.setdefault(speaker_id, {}).setdefault(program, []).append(words.role(role))
    return {
        speaker_id: "; ".join(f"{name} ({', '.join(roles)})" for name, roles in programs.items())
        for speaker_id, programs in found.items()
    }


def _counts(session: Session, ids: Sequence[int], when: ColumnElement[bool]) -> dict[int, int]:
    counted = (
        select(Assignment.speaker_id, func.count())
        .where(Assignment.speaker_id.in_(ids), Assignment.active, when)
        .group_by(Assignment.speaker_id)
    )
    return dict(session.execute(counted).all())


def _places(session: Session, ids: Iterable[int]) -> dict[int, tuple[Membership, Account]]:
    found = (
        select(Membership, Account)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.speaker_id.in_(list(ids)))
    )
    rows = session.execute(found)
    return {place.speaker_id: (place, account) for place, account in rows if place.speaker_id}


def _standing(
    speaker: Speaker, place: tuple[Membership, Account] | None, *, now: datetime
) -> Status:
    if speaker.archived_at is not None:
        return Status("off", _("Put aside"))
    if place is None:
        return Status("open", _("Not invited yet"))
    return _member_standing(*place, now=now)


def _member_standing(place: Membership, account: Account, *, now: datetime) -> Status:
    if account.disabled_at is not None or (place.ends_at is not None and place.ends_at <= now):
        return Status("off", _("Can no longer sign in"))
    if place.first_used_at is not None:
        return Status("settled", _("Signs in"))
    return Status("waiting", _("Invited, not yet signed in"))


def _members(
    session: Session, wanted: Select[Any], actor: Actor, *, now: datetime
) -> list[MemberRow]:
    rows = session.execute(wanted).all()
    steps = factors.who_has_some(session, {account.id for _place, account, _where in rows})
    named = {account.id for place, account, _where in rows if is_known_here(place, account)}
    return [
        MemberRow(
            public_id=place.public_id,
            name=account.name if account.id in named else account.email,
            email=account.email if account.id in named else "",
            place=where,
            standing=_member_standing(place, account, now=now),
            is_self=account.id == actor.account_id,
            may_refer=place.may_refer,
            # Somebody who was never here must not show that they are known elsewhere.
            has_second_step=place.first_used_at is not None and account.id in steps,
        )
        for place, account, where in rows
    ]


def is_known_here(place: Membership, account: Account) -> bool:
    """Say whether the name is this place's own: given with the invitation, or by signing in."""
    return place.first_used_at is not None or account.created_at >= place.starts_at


def _radius(radius_km: float | None) -> str:
    if radius_km is None:
        return _("any distance")
    return _("up to %(miles)s miles", miles=round(radius_km / words.KM_PER_MILE))


def _certifications(session: Session, speaker: Speaker, *, today: date) -> list[Held]:
    held = (
        select(Certification, Program.name)
        .join(Program, Program.id == Certification.program_id)
        .where(Certification.speaker_id == speaker.id)
        .order_by(Program.name, Certification.ends_on.desc(), Certification.id)
    )
    return [
        Held(
            row.public_id,
            program,
            words.role_name(row.role),
            words.last_day(row.ends_on),
            is_over=row.ends_on < today,
        )
        for row, program in session.execute(held)
    ]


def _clearances(session: Session, speaker: Speaker, *, today: date) -> list[Held]:
    held = (
        select(Clearance, Hospital.name)
        .outerjoin(Hospital, Hospital.id == Clearance.hospital_id)
        .where(Clearance.speaker_id == speaker.id)
        .order_by(Clearance.kind, Clearance.starts_on.desc(), Clearance.id)
    )
    return [
        Held(
            row.public_id,
            words.clearance(row.kind),
            hospital or _("All hospitals"),
            words.last_day(row.ends_on),
            is_over=row.ends_on is not None and row.ends_on < today,
        )
        for row, hospital in session.execute(held)
    ]
