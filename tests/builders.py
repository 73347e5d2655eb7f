"""Rows for tests: an affiliate and the people around it. Plain functions, names of real-sounding
people, everything optional but what the test is about. Each flushes, so ids are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts.models import Account, DemoSignIn, Membership
from outreach.actor import SYSTEM, Actor, Kind
from outreach.calendars.models import FeedAddress
from outreach.db import Base
from outreach.directory.models import (
    Affiliate,
    ClearanceRequirement,
    Hospital,
    Program,
    ProgramRole,
    Unit,
    UnitBrief,
    UnitPause,
    VisitingHours,
)
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.messaging.models import Broadcast, InboundMail, InboundMessage, Message
from outreach.speakers.models import (
    Availability,
    Away,
    Certification,
    Clearance,
    Exclusion,
    Speaker,
)
from outreach.visits.models import (
    Assignment,
    MatchingRun,
    Offer,
    OtherTime,
    Proposal,
    Slot,
    Visit,
    VisitRequest,
)

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Monday, 10:00 AM Eastern Time. Every test's present, unless it says otherwise."""

SECRET = "a secret for tests only, longer than needed"
AUDIT_KEY = crypto.derive(SECRET.encode(), "audit").encode()

ZONE = "America/New_York"
VISIT_AT = datetime(2026, 12, 8, 15, 0, tzinfo=UTC)
"""Tuesday two weeks later, 10:00 AM Eastern Time: past the lead time, inside visiting hours."""

LONG_AGO = date(2025, 1, 1)
FAR_AHEAD = date(2028, 12, 31)
WEEKDAYS = range(5)

_numbers = count(1)
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Person:
    """How a speaker of the tests is called and where the speaker lives."""

    first_name: str
    last_name: str
    zip_code: str = "48201"
    latitude: float = 42.3478
    longitude: float = -83.0593

    @property
    def email(self) -> str:
        """An address nobody has."""
        return f"{self.first_name}.{self.last_name}@speakers.example".lower()


MARIA = Person("Maria", "Lopez")
DANIEL = Person("Daniel", "Okafor", "48104", 42.2631, -83.7186)
JOY = Person("Joy", "Bennett", "48226", 42.3316, -83.0494)
HENRY = Person("Henry", "Walsh", "48302", 42.5850, -83.2790)


@dataclass(slots=True)
class World:
    """An affiliate with one program, one hospital and one unit."""

    affiliate: Affiliate
    program: Program
    hospital: Hospital
    unit: Unit


def world(session: Session, name: str = "Lakeshore", **settings: Any) -> World:  # noqa: ANN401 - any column
    """Make an affiliate with a program for two (lead and co-presenter), a hospital and a unit."""
    here = affiliate(session, f"{name} Alliance", **settings)
    campus = hospital(session, here, name=f"St. Clare {name}")
    return World(
        affiliate=here,
        program=program(session, here),
        hospital=campus,
        unit=unit(session, campus, here),
    )


def affiliate(session: Session, name: str = "Lakeshore Alliance", **settings: Any) -> Affiliate:  # noqa: ANN401 - any column
    """Make an affiliate."""
    return _add(
        session,
        Affiliate(
            name=name,
            phone="+13135550100",
            email="bureau@lakeshore.example",
            **({"time_zone": ZONE, "created_at": NOW} | settings),
        ),
    )


def program(
    session: Session,
    of: Affiliate,
    *,
    name: str = "In Our Own Words",
    minutes: Sequence[int] = (60, 90),
    roles: dict[str, int] | None = None,
) -> Program:
    """Make a program; by default it needs one lead and one co-presenter."""
    made = _add(session, Program(affiliate_id=of.id, name=name, minutes=list(minutes)))
    for role, number in (roles or {"lead": 1, "co-presenter": 1}).items():
        _add(session, ProgramRole(program_id=made.id, role=role, count=number))
    return made


def hospital(
    session: Session,
    of: Affiliate,
    *,
    name: str = "St. Clare",
    **values: Any,  # noqa: ANN401 - any column
) -> Hospital:
    """Make a hospital in Detroit."""
    place = {
        "city": "Detroit",
        "state": "MI",
        "zip_code": "48201",
        "latitude": 42.3478,
        "longitude": -83.0593,
        "time_zone": ZONE,
        "created_at": NOW,
    }
    return _add(session, Hospital(affiliate_id=of.id, name=name, **(place | values)))


def unit(
    session: Session,
    at: Hospital,
    of: Affiliate,
    *,
    name: str = "Unit 4B",
    requires: Sequence[str] = ("background_check",),
    opens: time = time(9),
    closes: time = time(17),
    weekdays: Sequence[int] = WEEKDAYS,
    **values: Any,  # noqa: ANN401 - any column
) -> Unit:
    """Make a unit with visiting hours on weekdays, one required clearance and a brief."""
    made = _add(
        session,
        Unit(hospital_id=at.id, affiliate_id=of.id, name=name, **({"created_at": NOW} | values)),
    )
    for weekday in weekdays:
        _add(
            session,
            VisitingHours(unit_id=made.id, weekday=weekday, opens=opens, closes=closes),
        )
    for kind in requires:
        _add(session, ClearanceRequirement(unit_id=made.id, kind=kind))
    _add(
        session,
        UnitBrief(unit_id=made.id, version=1, text="Ring at the blue door.", created_at=NOW),
    )
    return made


def speaker(
    session: Session,
    of: Affiliate,
    person: Person = MARIA,
    *,
    certified_for: Program | None = None,
    roles: Sequence[str] = ("lead", "co-presenter"),
    clearances: Sequence[str] = ("background_check",),
    available: bool = True,
    **values: Any,  # noqa: ANN401 - any column
) -> Speaker:
    """Make a speaker: cleared, free on weekdays, and certified where a program is given."""
    about = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": f"+1313555{1000 + next(_numbers) % 9000:04d}",
        "zip_code": person.zip_code,
        "latitude": person.latitude,
        "longitude": person.longitude,
        "time_zone": ZONE,
        "radius_km": None,
        "languages": ["en"],
        "age_groups": ["adult", "adolescent", "older adult"],
        "created_at": NOW,
    }
    made = _add(session, Speaker(affiliate_id=of.id, **(about | values)))
    for role in roles if certified_for else ():
        assert certified_for is not None
        certification(session, made, certified_for, role=role)
    for kind in clearances:
        clearance(session, made, kind)
    for weekday in WEEKDAYS if available else ():
        _add(
            session,
            Availability(speaker_id=made.id, weekday=weekday, starts=time(8), ends=time(18)),
        )
    return made


def certification(
    session: Session,
    of: Speaker,
    program: Program,
    *,
    role: str = "lead",
    starts_on: date = LONG_AGO,
    ends_on: date = FAR_AHEAD,
) -> Certification:
    """Train a speaker for a role of a program."""
    return _add(
        session,
        Certification(
            speaker_id=of.id, program_id=program.id, role=role, starts_on=starts_on, ends_on=ends_on
        ),
    )


def clearance(
    session: Session,
    of: Speaker,
    kind: str = "background_check",
    *,
    at: Hospital | None = None,
    starts_on: date = LONG_AGO,
    ends_on: date | None = FAR_AHEAD,
) -> Clearance:
    """Give a speaker a clearance."""
    return _add(
        session,
        Clearance(
            speaker_id=of.id,
            kind=kind,
            hospital_id=at.id if at else None,
            starts_on=starts_on,
            ends_on=ends_on,
        ),
    )


# --- people who sign in


def account(
    session: Session,
    name: str = "Ruth Adler",
    *,
    email: str | None = None,
    **values: Any,  # noqa: ANN401 - any column
) -> Account:
    """Make an account."""
    address = email or f"{name.replace(' ', '.').lower()}.{next(_numbers)}@people.example"
    return _add(session, Account(name=name, email=address, **({"created_at": NOW} | values)))


def coordinator(session: Session, of: Affiliate, name: str = "Ruth Adler") -> Membership:
    """Make a coordinator's account and membership."""
    return _membership(session, account(session, name), Kind.COORDINATOR, affiliate_id=of.id)


def administrator(session: Session, of: Affiliate, name: str = "Olga Brandt") -> Membership:
    """Make an administrator's account and membership."""
    return _membership(session, account(session, name), Kind.ADMINISTRATOR, affiliate_id=of.id)


def intake(session: Session, of: Affiliate, name: str = "Ines Castro") -> Membership:
    """Make the account and membership of somebody who takes referrals in."""
    return _membership(session, account(session, name), Kind.INTAKE, affiliate_id=of.id)


def liaison(session: Session, at: Hospital, name: str = "Priya Nair") -> Membership:
    """Make a liaison's account and membership."""
    return _membership(session, account(session, name), Kind.LIAISON, hospital_id=at.id)


def speaker_member(session: Session, of: Speaker) -> Membership:
    """Make the account and membership of a speaker."""
    name = f"{of.first_name} {of.last_name}"
    known = session.scalar(
        select(func.count()).select_from(Account).where(Account.email == of.email)
    )
    owner = account(session, name, email=None if known else of.email, locale=of.locale)
    return _membership(session, owner, Kind.SPEAKER, affiliate_id=of.affiliate_id, speaker_id=of.id)


def also(session: Session, first: Membership, kind: Kind, **place: int) -> Membership:
    """Give the account of `first` one more membership."""
    owner = session.get_one(Account, first.account_id)
    return _membership(session, owner, kind, **place)


def demo_link(session: Session, to: Membership, *, token: str) -> DemoSignIn:
    """Make a sign-in link as the demo does."""
    return _add(session, DemoSignIn(token_hash=crypto.digest(token), membership_id=to.id))


def actor(of: Membership) -> Actor:
    """Return the actor a membership makes of its account."""
    return Actor(
        Kind(of.kind),
        account_id=of.account_id,
        membership_id=of.id,
        affiliate_id=of.affiliate_id,
        hospital_id=of.hospital_id,
        speaker_id=of.speaker_id,
        may_refer=of.may_refer,
    )


# --- visits


def visit(
    session: Session,
    where: World,
    *,
    starts_at: datetime = VISIT_AT,
    minutes: int = 60,
    roles: Sequence[str] = ("lead", "co-presenter"),
    at: Unit | None = None,
    requested_by: Account | None = None,
    **values: Any,  # noqa: ANN401 - any column
) -> Visit:
    """Make a request laid out as one visit with an open slot per role."""
    place = at or where.unit
    request = _add(
        session,
        VisitRequest(
            affiliate_id=where.affiliate.id,
            unit_id=place.id,
            program_id=where.program.id,
            requested_by_id=requested_by.id if requested_by else None,
            first_starts_at=starts_at,
            minutes=minutes,
            language="en",
            created_at=NOW,
        ),
    )
    made = _add(
        session,
        Visit(
            request_id=request.id,
            affiliate_id=where.affiliate.id,
            unit_id=place.id,
            program_id=where.program.id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            time_zone=where.hospital.time_zone,
            **({"language": "en", "created_at": NOW} | values),
        ),
    )
    for role in dict.fromkeys(roles):
        for position in range(list(roles).count(role)):
            _add(session, Slot(visit_id=made.id, role=role, position=position + 1))
    return made


def slots(session: Session, of: Visit) -> list[Slot]:
    """Return a visit's slots in the order they were made."""
    return list(session.scalars(select(Slot).where(Slot.visit_id == of.id).order_by(Slot.id)))


def offer(
    session: Session,
    slot: Slot,
    to: Speaker,
    *,
    token: str | None = None,
    offered_at: datetime = NOW,
    expires_at: datetime | None = None,
    **values: Any,  # noqa: ANN401 - any column
) -> Offer:
    """Offer a slot to a speaker; `token` is what the answer link carries."""
    highest = session.scalar(select(func.max(Offer.number)).where(Offer.speaker_id == to.id))
    return _add(
        session,
        Offer(
            number=(highest or 0) + 1,
            slot_id=slot.id,
            visit_id=slot.visit_id,
            speaker_id=to.id,
            token_hash=crypto.digest(token or crypto.token()),
            reasons=[],
            distance_km=3.2,
            wave=1,
            offered_at=offered_at,
            expires_at=expires_at or offered_at + timedelta(days=2),
            **values,
        ),
    )


def assignment(session: Session, slot: Slot, to: Speaker, *, at: datetime = NOW) -> Assignment:
    """Fill a slot, without an offer."""
    of = session.get_one(Visit, slot.visit_id)
    slot.state = "filled"
    return _add(
        session,
        Assignment(
            slot_id=slot.id,
            visit_id=of.id,
            speaker_id=to.id,
            starts_at=of.starts_at,
            ends_at=of.ends_at,
            created_at=at,
        ),
    )


# --- one of everything else a URL can name


def pause(session: Session, of: Unit, *, starts_on: date = date(2026, 12, 14)) -> UnitPause:
    """Pause a unit until somebody ends it."""
    return _add(session, UnitPause(unit_id=of.id, starts_on=starts_on, created_at=NOW))


def away(
    session: Session,
    of: Speaker,
    *,
    starts_on: date = date(2026, 12, 24),
    ends_on: date = date(2027, 1, 2),
) -> Away:
    """Let a speaker be away."""
    return _add(session, Away(speaker_id=of.id, starts_on=starts_on, ends_on=ends_on))


def exclusion(session: Session, of: Speaker, at: Unit) -> Exclusion:
    """Let a speaker never be offered a unit."""
    return _add(session, Exclusion(speaker_id=of.id, unit_id=at.id))


def proposal(session: Session, slot: Slot, of: Speaker) -> Proposal:
    """Propose a speaker for a slot."""
    return _add(
        session,
        Proposal(slot_id=slot.id, speaker_id=of.id, reasons=[], distance_km=3.2, created_at=NOW),
    )


def other_time(session: Session, of: Visit, *, hours: int = 2) -> OtherTime:
    """Propose to the unit that the visit begins so many hours later."""
    return _add(
        session,
        OtherTime(
            visit_id=of.id,
            visit_revision=of.revision,
            starts_at=of.starts_at + timedelta(hours=hours),
            asked_at=NOW,
        ),
    )


def matching_run(session: Session, of: Affiliate, **values: Any) -> MatchingRun:  # noqa: ANN401 - any column
    """Make a search for speakers that waits for a worker."""
    return _add(session, MatchingRun(**({"affiliate_id": of.id, "created_at": NOW} | values)))


def agrees(session: Session, speaker: Speaker, *, now: datetime = NOW) -> None:
    """Let a speaker have agreed to texts at their number."""
    messaging.record_consent(
        session,
        phone=speaker.phone or "",
        event="opt_in",
        source="form",
        actor=SYSTEM,
        speaker_id=speaker.id,
        now=now,
    )


def message(session: Session, of: Affiliate, *, to: Speaker, **values: Any) -> Message:  # noqa: ANN401 - any column
    """Put a mail to a speaker into the outbox."""
    mail = {
        "dedupe_key": crypto.public_id(),
        "kind": "offer",
        "channel": "mail",
        "recipient_kind": "speaker",
        "recipient_id": to.id,
        "to_address": to.email,
        "subject_kind": "offer",
        "subject_id": 1,
        "subject_revision": 1,
        "values": {},
        "time_zone": ZONE,
        "send_after": NOW,
        "expires_at": NOW + timedelta(days=1),
        "state_at": NOW,
        "created_at": NOW,
    }
    return _add(session, Message(affiliate_id=of.id, **(mail | values)))


def broadcast(session: Session, of: Affiliate, *, to: Speaker, **values: Any) -> Broadcast:  # noqa: ANN401 - any column
    """Make a note to many that has one message, which waits."""
    made = _add(
        session,
        Broadcast(
            affiliate_id=of.id,
            once_key=crypto.public_id(),
            audience=f"All speakers of {of.name}",
            way="mail",
            text=f"The training of {of.name} is on Monday.",
            by_text=0,
            by_mail=1,
            by_call=0,
            nobody=0,
            created_at=NOW,
            **values,
        ),
    )
    waiting = message(session, of, to=to, kind="note", subject_kind="broadcast", subject_id=made.id)
    waiting.values = {"text": made.text, "text_es": "", "stop_id": waiting.public_id, "phone": ""}
    session.flush()
    return made


def no_notes(session: Session, of: Broadcast) -> str:
    """Return the token in a note's mail with which its reader has no more of them."""
    mine = select(Message.public_id).where(
        Message.subject_kind == "broadcast", Message.subject_id == of.id
    )
    links = Links("http://localhost", SECRET.encode())
    return links.no_notes_token(session.scalars(mine).one())


def asked(session: Session, offer: Offer, *, to: Speaker) -> Message:
    """Let the mail that puts an offer's question have left."""
    visit = session.get_one(Visit, offer.visit_id)
    of = session.get_one(Affiliate, visit.affiliate_id)
    span = {"starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat()}
    return message(session, of, to=to, state="accepted", subject_id=offer.id, values=span)


def inbound(session: Session, of: Affiliate, *, body: str = "Which door?") -> InboundMessage:
    """Let a text come in that nobody understood."""
    return _add(
        session,
        InboundMessage(
            provider_id=crypto.public_id(),
            from_phone="+13135550188",
            body=body,
            affiliate_id=of.id,
            received_at=NOW,
        ),
    )


def inbound_mail(session: Session, of: Affiliate, *, body: str = "Which door?") -> InboundMail:
    """Let a mail come in that somebody wrote."""
    return _add(
        session,
        InboundMail(
            message_key=f"<{crypto.public_id()}@hill.example>",
            sort="person",
            from_address="joy@hill.example",
            subject="A question",
            body=body,
            affiliate_id=of.id,
            received_at=NOW,
        ),
    )


def feed(
    session: Session, owner_kind: str, owner_id: int | None, *, token: str | None = None
) -> FeedAddress:
    """Give somebody a private feed."""
    return _add(
        session,
        FeedAddress(
            owner_kind=owner_kind,
            owner_id=owner_id,
            token_hash=crypto.digest(token or crypto.token()),
            created_at=NOW,
        ),
    )


def _membership(session: Session, owner: Account, kind: Kind, **place: int) -> Membership:
    return _add(
        session,
        Membership(account_id=owner.id, kind=kind, starts_at=NOW - timedelta(days=30), **place),
    )


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
