"""The fictional people and places, and how they are written into an empty database."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import zipcodes
from sqlalchemy.orm import Session

from outreach import phone
from outreach.accounts.models import Account, Membership
from outreach.directory.models import (
    Affiliate,
    ClearanceRequirement,
    Hospital,
    Program,
    ProgramRole,
    Unit,
    UnitBrief,
    VisitingHours,
)
from outreach.messaging.models import Consent
from outreach.speakers.models import Availability, Certification, Clearance, Speaker

ZONE = "America/New_York"
WEEKDAYS = tuple(range(5))
STORIES = "Stories of recovery"
CONVERSATION = "Morning conversation"
BUREAU_PHONE = "+12165550100"


@dataclass(frozen=True, slots=True)
class Ward:
    """A unit of the demo."""

    hospital: str
    zip_code: str
    name: str
    age_group: str
    street: str
    contact: str
    number: str
    needs: tuple[str, ...]
    opens: time = time(9)
    closes: time = time(20)
    brief: str = "Ring at the double door. Please leave bags and glass at home."


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer speaker of the demo. `free` are (weekday, from, until)."""

    first: str
    last: str
    zip_code: str
    number: str
    role: str
    programs: tuple[str, ...] = (STORIES, CONVERSATION)
    languages: tuple[str, ...] = ("en",)
    age_groups: tuple[str, ...] = ("adult", "older adult")
    free: tuple[tuple[int, time, time], ...] = field(default=())
    quota: int = 4
    rest_days: int = 1
    radius_km: float | None = 40.0
    by_text: bool = True
    detail: str = "minimal"
    locale: str = "en"
    cleared: tuple[str, ...] = ("St. Clare Hospital", "Mercy North", "Lakeshore Medical Center")

    @property
    def email(self) -> str:
        """The invented mailbox."""
        plain = unicodedata.normalize("NFKD", f"{self.first}.{self.last}".lower())
        return f"{plain.encode('ascii', 'ignore').decode()}@example.org"


def _days(days: tuple[int, ...], opens: int, closes: int) -> tuple[tuple[int, time, time], ...]:
    return tuple((day, time(opens), time(closes)) for day in days)


DAYTIME = _days(WEEKDAYS, 9, 17)
MORNINGS = _days(WEEKDAYS, 8, 13)
EVENINGS = _days(WEEKDAYS, 15, 21)
ANY_DAY = _days(tuple(range(7)), 9, 20)

COORDINATOR = ("Ruth Adler", "ruth.adler@example.org")
LIAISONS = (
    ("Nora Kim", "nora.kim@example.org", "St. Clare Hospital"),
    ("Omar Haddad", "omar.haddad@example.org", "Mercy North"),
)
WARDS = (
    Ward(
        "St. Clare Hospital", "44113", "Unit 4B", "adult", "2351 East 22nd Street",
        "Charge nurse", "216-555-0117", ("background_check", "tb", "hospital"),
    ),
    Ward(
        "St. Clare Hospital", "44113", "Unit 6", "older adult", "2351 East 22nd Street",
        "Charge nurse", "216-555-0118", ("background_check", "hospital"),
    ),
    Ward(
        "Mercy North", "44122", "Unit 2", "adult", "6780 Mayfield Road",
        "Front desk", "216-555-0121", ("background_check", "flu", "hospital"),
    ),
    Ward(
        "Mercy North", "44122", "Garden House", "adolescent", "6780 Mayfield Road",
        "Front desk", "216-555-0122", ("background_check", "hospital"), closes=time(18),
    ),
    Ward(
        "Lakeshore Medical Center", "44145", "Unit 5", "adult", "29000 Center Ridge Road",
        "Security desk", "440-555-0130", ("background_check", "tb"),
    ),
)  # fmt: skip
PEERS = (
    Peer("Maria", "Benítez", "44107", "216-555-0141", "co-presenter", languages=("en", "es"),
         free=ANY_DAY, detail="full"),
    Peer("Daniel", "Osei", "44118", "216-555-0142", "lead", free=DAYTIME),
    Peer("James", "Whitfield", "44120", "216-555-0143", "lead", free=DAYTIME, by_text=False),
    Peer("Grace", "Lindqvist", "44111", "216-555-0144", "co-presenter", free=MORNINGS),
    Peer("Ana", "Ruiz", "44102", "216-555-0145", "lead", languages=("en", "es"), locale="es",
         free=ANY_DAY),
    Peer("Tomás", "Rivera", "44109", "216-555-0146", "lead", languages=("es", "en"), locale="es",
         free=EVENINGS),
    Peer("Rosa", "Meyer", "44130", "216-555-0147", "co-presenter", free=DAYTIME),
    Peer("Ben", "Okafor", "44106", "216-555-0148", "lead", free=EVENINGS, quota=2),
    Peer("Eve", "Sandoval", "44116", "216-555-0149", "co-presenter", languages=("en", "es"),
         free=ANY_DAY),
    Peer("Luis", "Tran", "44105", "216-555-0150", "co-presenter", free=EVENINGS),
    Peer("Samir", "Patel", "44124", "216-555-0151", "lead", free=MORNINGS,
         age_groups=("adult", "adolescent")),
    Peer("Hannah", "Fischer", "44145", "440-555-0152", "co-presenter", free=DAYTIME,
         age_groups=("adult", "adolescent", "older adult")),
    Peer("Walter", "Brooks", "44060", "440-555-0153", "observer", free=DAYTIME, by_text=False),
    Peer("Irene", "Novak", "44134", "216-555-0154", "lead", free=MORNINGS, quota=1,
         cleared=("St. Clare Hospital",)),
)  # fmt: skip


@dataclass(slots=True)
class World:
    """What was written, by the names the demo uses."""

    affiliate: Affiliate
    programs: dict[str, Program]
    units: dict[tuple[str, str], Unit]
    speakers: dict[str, Speaker]
    memberships: dict[str, Membership]
    receivers: dict[str, Affiliate] = field(default_factory=dict)


def write(session: Session, *, now: datetime) -> World:
    """Write the fictional bureau into an empty database."""
    affiliate = Affiliate(
        name="Harbor Falls",
        phone=BUREAU_PHONE,
        email="hello@example.org",
        time_zone=ZONE,
        lead_days=3,
        created_at=now,
    )
    session.add(affiliate)
    session.flush()
    programs = {
        STORIES: _program(session, affiliate, STORIES, [60, 90], {"lead": 1, "co-presenter": 1}),
        CONVERSATION: _program(session, affiliate, CONVERSATION, [45, 60], {"lead": 1}),
    }
    hospitals = _hospitals(session, affiliate, now=now)
    units = {(w.hospital, w.name): _unit(session, w, hospitals, now=now) for w in WARDS}
    world = World(affiliate, programs, units, {}, {})
    for peer in PEERS:
        world.speakers[peer.first] = _speaker(session, peer, world, hospitals, now=now)
    _people(session, world, hospitals, now=now)
    return world


def day_after(now: datetime, *, weekday: int, weeks: int = 0) -> date:
    """Return the first such weekday (0 is Monday) at least four days ahead, plus `weeks`."""
    first = now.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=4)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * weeks)


def _program(
    session: Session, affiliate: Affiliate, name: str, minutes: list[int], roles: dict[str, int]
) -> Program:
    program = Program(affiliate_id=affiliate.id, name=name, minutes=minutes)
    session.add(program)
    session.flush()
    for role, count in roles.items():
        session.add(ProgramRole(program_id=program.id, role=role, count=count))
    return program


def _hospitals(session: Session, affiliate: Affiliate, *, now: datetime) -> dict[str, Hospital]:
    found = {}
    for name, zip_code in {ward.hospital: ward.zip_code for ward in WARDS}.items():
        place = zipcodes.matching(zip_code)[0]
        found[name] = Hospital(
            affiliate_id=affiliate.id,
            name=name,
            city=place["city"].title(),
            state=place["state"],
            zip_code=zip_code,
            latitude=float(place["lat"]),
            longitude=float(place["long"]),
            time_zone=ZONE,
            created_at=now,
        )
    session.add_all(found.values())
    session.flush()
    return found


def _unit(session: Session, ward: Ward, hospitals: dict[str, Hospital], *, now: datetime) -> Unit:
    hospital = hospitals[ward.hospital]
    unit = Unit(
        hospital_id=hospital.id,
        affiliate_id=hospital.affiliate_id,
        name=ward.name,
        age_group=ward.age_group,
        street=ward.street,
        contact_name=ward.contact,
        contact_phone=phone.parse(ward.number),
        created_at=now,
    )
    session.add(unit)
    session.flush()
    session.add(UnitBrief(unit_id=unit.id, version=1, text=ward.brief, created_at=now))
    for kind in ward.needs:
        session.add(ClearanceRequirement(unit_id=unit.id, kind=kind))
    for weekday in range(7):
        session.add(
            VisitingHours(unit_id=unit.id, weekday=weekday, opens=ward.opens, closes=ward.closes)
        )
    return unit


def _speaker(
    session: Session,
    peer: Peer,
    world: World,
    hospitals: dict[str, Hospital],
    *,
    now: datetime,
) -> Speaker:
    place = zipcodes.matching(peer.zip_code)[0]
    speaker = Speaker(
        affiliate_id=world.affiliate.id,
        first_name=peer.first,
        last_name=peer.last,
        email=peer.email,
        phone=phone.parse(peer.number),
        zip_code=peer.zip_code,
        latitude=float(place["lat"]),
        longitude=float(place["long"]),
        time_zone=ZONE,
        radius_km=peer.radius_km,
        languages=list(peer.languages),
        age_groups=list(peer.age_groups),
        quota_per_month=peer.quota,
        rest_days=peer.rest_days,
        channel="sms" if peer.by_text else "mail",
        detail=peer.detail,
        locale=peer.locale,
        created_at=now,
    )
    session.add(speaker)
    session.flush()
    _papers(session, peer, speaker, world, hospitals, now=now)
    for weekday, starts, ends in peer.free:
        session.add(Availability(speaker_id=speaker.id, weekday=weekday, starts=starts, ends=ends))
    if peer.by_text:
        session.add(
            Consent(
                phone=speaker.phone or "",
                speaker_id=speaker.id,
                event="opt_in",
                source="paper",
                wording="demo-1",
                actor="system",
                at=now,
            )
        )
    return speaker


def _papers(
    session: Session,
    peer: Peer,
    speaker: Speaker,
    world: World,
    hospitals: dict[str, Hospital],
    *,
    now: datetime,
) -> None:
    today = now.date()
    since, until = today - timedelta(days=200), today + timedelta(days=400)
    for name in peer.programs:
        session.add(
            Certification(
                speaker_id=speaker.id,
                program_id=world.programs[name].id,
                role=peer.role,
                starts_on=since,
                ends_on=until,
            )
        )
    # One paper that runs out soon, so that "why not someone else" has something to say.
    short = today + timedelta(days=9)
    for kind in ("background_check", "tb", "flu"):
        ends_on = short if (peer.first, kind) == ("Ben", "background_check") else until
        session.add(Clearance(speaker_id=speaker.id, kind=kind, starts_on=since, ends_on=ends_on))
    for hospital in peer.cleared:
        session.add(
            Clearance(
                speaker_id=speaker.id,
                kind="hospital",
                hospital_id=hospitals[hospital].id,
                starts_on=since,
                ends_on=None,
            )
        )


def _people(
    session: Session, world: World, hospitals: dict[str, Hospital], *, now: datetime
) -> None:
    ruth = _account(session, *COORDINATOR, now=now)
    world.memberships["Ruth"] = _member(
        session, ruth, "coordinator", affiliate_id=world.affiliate.id, now=now
    )
    _member(session, ruth, "administrator", affiliate_id=world.affiliate.id, now=now)
    for name, email, hospital in LIAISONS:
        account = _account(session, name, email, now=now)
        world.memberships[name.split()[0]] = _member(
            session, account, "liaison", hospital_id=hospitals[hospital].id, now=now
        )
    for first in ("Maria", "Daniel", "Ana"):
        speaker = world.speakers[first]
        name = f"{speaker.first_name} {speaker.last_name}"
        account = _account(session, name, speaker.email, locale=speaker.locale, now=now)
        world.memberships[first] = _member(
            session,
            account,
            "speaker",
            affiliate_id=world.affiliate.id,
            speaker_id=speaker.id,
            now=now,
        )


def _account(
    session: Session, name: str, email: str, *, locale: str = "en", now: datetime
) -> Account:
    account = Account(email=email, name=name, locale=locale, created_at=now)
    session.add(account)
    session.flush()
    return account


def _member(
    session: Session,
    account: Account,
    kind: str,
    *,
    affiliate_id: int | None = None,
    hospital_id: int | None = None,
    speaker_id: int | None = None,
    now: datetime,
) -> Membership:
    membership = Membership(
        account_id=account.id,
        kind=kind,
        affiliate_id=affiliate_id,
        hospital_id=hospital_id,
        speaker_id=speaker_id,
        starts_at=now,
    )
    session.add(membership)
    session.flush()
    return membership
