"""Whom a note is for: the people of a list, as its page shows them, all pages of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access, i18n
from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.directory.models import Affiliate, Program
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import people, words
from outreach.reads.people import Filters
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Visit
from outreach.workflows import recipients
from outreach.workflows.recipients import Recipient

SPEAKERS, VISIT = "speakers", "visit"
MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "liaisons": ("liaison",),
    "intake": ("intake",),
    "coordinators": ("coordinator",),
}
"""The lists of those who sign in, and the kinds of membership on them."""

LISTS: Final = (SPEAKERS, VISIT, *MEMBERS)
WHOM: Final[Mapping[str, str]] = {
    "everyone": lazy("Who comes, and the unit’s contact"),
    "speakers": lazy("Only who comes"),
    "unit": lazy("Only the unit’s contact"),
}
"""Whom of a visit."""

_MEMBERS_WORDS: Final[Mapping[str, str]] = {
    "liaisons": lazy("All liaisons"),
    "intake": lazy("All intake people"),
    "coordinators": lazy("All coordinators"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """A list: `of` is one of LISTS. `visit_id` is a public id, `whom` one of WHOM."""

    of: str = SPEAKERS
    filters: Filters = field(default_factory=Filters)
    visit_id: str = ""
    whom: str = "everyone"


def everybody(
    session: Session, audience: Audience, *, by: Actor, now: datetime
) -> tuple[Recipient, ...]:
    """Return the people of a list, each once. A few queries, however many there are.

    Raises:
        OutOfScope: the visit is not the actor's.
    """
    if audience.of == VISIT:
        found: Iterable[Recipient] = _of_visit(session, _visit(session, audience, by), audience)
    elif audience.of in MEMBERS:
        found = _members(session, audience, by=by, now=now)
    else:
        # Who is put aside is written nothing, whatever the list shows.
        wanted = people.matching(by, replace(audience.filters, archived=False))
        rows = session.scalars(wanted.order_by(Speaker.id))
        found = map(recipients.speaker, rows)
    return tuple({to.key: to for to in found}.values())


def expires_at(session: Session, audience: Audience, latest: datetime, *, by: Actor) -> datetime:
    """Return until when a note is of use: of a visit to come, until it begins."""
    if audience.of != VISIT:
        return latest
    starts_at = _visit(session, audience, by).starts_at
    return min(starts_at, latest)


def is_ahead(session: Session, audience: Audience, *, by: Actor, now: datetime) -> bool:
    """Say whether it is the list of a visit that has not begun."""
    return audience.of == VISIT and _visit(session, audience, by).starts_at > now


def said(session: Session, audience: Audience, *, by: Actor) -> str:
    """Say in words which list it is."""
    if audience.of == VISIT:
        visit = _visit(session, audience, by)
        when = i18n.when(visit.starts_at, zone=visit.time_zone)
        return _("%(whom)s: the visit on %(when)s", whom=_(WHOM[audience.whom]), when=when)
    if audience.of in MEMBERS:
        return _(_MEMBERS_WORDS[audience.of])
    filters, parts = audience.filters, []
    if filters.program:
        programs = access.scope(by, Program).where(Program.public_id == filters.program)
        name = session.scalars(programs).one().name
        parts.append(_("trained for %(program)s", program=name))
    if filters.language:
        parts.append(_("who speak %(language)s", language=words.language(filters.language)))
    if filters.q:
        parts.append(_("with “%(letters)s” in name or address", letters=filters.q))
    return ", ".join([_("Speakers"), *parts]) if parts else _("All speakers")


def _visit(session: Session, audience: Audience, by: Actor) -> Visit:
    # One query in a session: it knows the row after the first.
    return access.load(session, Visit, audience.visit_id, actor=by, action="note.write")


def _of_visit(session: Session, visit: Visit, audience: Audience) -> list[Recipient]:
    found: list[Recipient] = []
    if audience.whom != "unit":
        booked = (
            select(Speaker)
            .join(Assignment, Assignment.speaker_id == Speaker.id)
            .where(Assignment.visit_id == visit.id, Assignment.active)
            .order_by(Speaker.id)
        )
        found += map(recipients.speaker, session.scalars(booked))
    if audience.whom != "speakers" and (ward := recipients.liaison(session, visit)):
        found.append(ward)
    return found


def _members(
    session: Session, audience: Audience, *, by: Actor, now: datetime
) -> Iterable[Recipient]:
    zone = session.get_one(Affiliate, by.affiliate_id).time_zone
    rows = session.execute(
        access.scope(by, Membership)
        .add_columns(Account)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.kind.in_(MEMBERS[audience.of]),
            accounts.holds_at(now),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.id, Membership.id)
    )
    for place, account in rows:
        to = recipients.of_account(account, zone=zone)
        # A name that the person has not brought here themselves is not told here.
        known = people.is_known_here(place, account)
        yield replace(to, name=to.name if known else "", sees_places=audience.of == "liaisons")
