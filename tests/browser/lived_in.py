"""The demo after some more weeks: one of everything that a page can show.

What people do goes through the workflows; three states that take days to come about are written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import clock, jobs
from outreach.accounts import sessions
from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM, Actor, Kind
from outreach.calendars import service as calendars
from outreach.calendars.models import CalendarItem
from outreach.directory.models import Hospital, Program, Unit, UnitPause
from outreach.links import Links
from outreach.messaging.models import ConsoleMessage, Message
from outreach.speakers import own_calendar
from outreach.speakers.models import (
    Away,
    BusyTime,
    Certification,
    Clearance,
    Exclusion,
    Speaker,
)
from outreach.speakers.ports import Trouble
from outreach.visits.models import Assignment, Offer, Proposal, Slot, Visit
from outreach.workflows import (
    asking,
    broadcasts,
    drafts,
    fit,
    inbound_mail,
    offers,
    proposals,
    visits,
)
from outreach.workflows.audiences import Audience
from outreach.workflows.drafts import Draft
from tests import builders
from tests.browser import half_in, intake_people, receivers, referred, searched, told
from tests.browser.served import Demo
from tests.builders import NOW, World
from tests.calendars.replies import Asked, google

MARIA = "Maria"
ADMINISTRATOR = "Ruth as administrator"
SAM = builders.Person("Sam", "Ito", "44113", 41.4817, -81.7018)
ASKED_AT_MOST = 3


@dataclass
class Places:
    """What the parts of addresses name, and the cookie of everyone who looks."""

    ids: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


def live(demo: Demo) -> Places:
    """Play what happened since; return what there is to look at."""
    found = Places()
    with demo.wired.db.transaction() as session:
        _ask_maria(session, demo)
        found.ids |= _answers(session, demo)
        _leave_marks(session, demo)
        found.ids |= _visits_of_maria(session, demo)
    jobs.deliver_everything(demo.wired.post)
    with demo.wired.db.transaction() as session:
        found.ids |= _note(session, demo)
        _let_one_fail(session)
        _answer_by_calendar(session, demo)
        found.ids |= _rows(session, demo)
        found.ids |= searched.leave(session, demo)
        found.ids |= told.tell(session, demo)
        found.ids |= receivers.receive(session, demo)
        found.ids |= referred.refer(session, demo)
        everyone = {**demo.world.memberships, **_newcomers(session, demo)}
        named, half_in_cookies = half_in.stand(session, demo)
        found.ids |= named
        items, intake_cookies = intake_people.stand(session, demo)
        found.ids |= items
        inside = dict(_sign_in(session, everyone))
        found.cookies = {**inside, **half_in_cookies, **intake_cookies}
    return found


def speak(demo: Demo, locale: str) -> None:
    """Let everybody speak a language from now on."""
    with demo.wired.db.transaction() as session:
        session.execute(update(Account).values(locale=locale))
        session.execute(update(Speaker).values(locale=locale))


def _ruth(demo: Demo) -> Actor:
    member = demo.world.memberships["Ruth"]
    return Actor(
        Kind.COORDINATOR, account_id=member.account_id, affiliate_id=demo.world.affiliate.id
    )


def _ask_maria(session: Session, demo: Demo) -> None:
    """Ask Maria for three visits she fits, while she prefers calls: so there are calls to make."""
    maria = session.get_one(Speaker, demo.world.speakers[MARIA].id)
    before, maria.channel = maria.channel, "call"
    ruth, now, asked = _ruth(demo), clock.now(), 0
    coming = select(Visit).where(Visit.starts_at > now).order_by(Visit.starts_at)
    for visit in session.scalars(coming).all():
        for each in fit.who_fits(session, visit, now=now):
            if asked < ASKED_AT_MOST and any(c.speaker_id == maria.id for c in each.choices):
                fit.ask(session, each.slot, maria, by=ruth, links=demo.wired.links, now=now)
                asked += 1
    maria.channel = before


def _answers(session: Session, demo: Demo) -> Mapping[str, str]:
    """Bring offers into each state an answer page knows; return the tokens of their links."""
    links, now, ruth = demo.wired.links, clock.now(), _ruth(demo)
    waiting = proposals.waiting(session, demo.world.affiliate.id, now=now)
    one_a_visit = {session.get_one(Slot, each.slot_id).visit_id: each for each in waiting}
    made = [
        proposals.approve(session, each, by=ruth, links=links, now=now)
        for each in list(one_a_visit.values())[:6]
    ]
    not_now, back, moved, taken, closed, off = made
    offers.not_this_time(session, offer=not_now, by=SYSTEM, via="link", links=links, now=now)
    for offer in (back, moved):
        offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=now)
    offers.cannot_come(session, _assignment(session, back), by=SYSTEM, links=links, now=now)
    asking.withdraw(session, closed, by=ruth, links=links, now=now)
    visits.call_off(session, session.get_one(Visit, off.visit_id), by=ruth, links=links, now=now)
    gone = _assignment(session, moved)
    gone.active, gone.ended_at, gone.ended_because = False, now, "moved"
    taken.state = "withdrawn"
    session.get_one(Slot, taken.slot_id).state = "filled"
    past = _past(session, now)
    asked, yours = _open_and_accepted(session, demo, now)
    session.flush()
    states = {
        "asked": asked,
        "yours": yours,
        "not this time": not_now,
        "stepped back": back,
        "released": moved,
        "taken": taken,
        "closed": closed,
        "called off": off,
        "over": past,
    }
    return {f"token {state}": _token(session, links, each) for state, each in states.items()}


def _past(session: Session, now: datetime) -> Offer:
    """Let the latest past visit have ended an hour ago: a day later its link is dead."""
    row = session.scalars(
        select(Offer)
        .join(Visit, Visit.id == Offer.visit_id)
        .where(Offer.state == "accepted", Visit.ends_at < now)
        .order_by(Visit.starts_at.desc())
    ).first()
    assert row is not None
    visit = session.get_one(Visit, row.visit_id)
    visit.starts_at, visit.ends_at = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    return row


def _open_and_accepted(session: Session, demo: Demo, now: datetime) -> tuple[Offer, Offer]:
    """Return Maria's open offer, and one somebody has said yes to."""
    maria = demo.world.speakers[MARIA].id
    ahead = select(Offer).join(Visit, Visit.id == Offer.visit_id).where(Visit.starts_at > now)
    ahead = ahead.order_by(Visit.starts_at)
    asked = session.scalars(ahead.where(Offer.speaker_id == maria, Offer.state == "open")).first()
    yours = session.scalars(
        ahead.join(Assignment, Assignment.offer_id == Offer.id).where(Assignment.active)
    ).first()
    assert asked is not None
    assert yours is not None
    return asked, yours


def _token(session: Session, links: Links, offer: Offer) -> str:
    speaker = session.get_one(Speaker, offer.speaker_id)
    return links.answer_token(
        offer.public_id, speaker_id=speaker.public_id, expires_at=offer.expires_at
    )


def _assignment(session: Session, offer: Offer) -> Assignment:
    made = select(Assignment).where(Assignment.offer_id == offer.id, Assignment.active)
    return session.scalars(made).one()


def _leave_marks(session: Session, demo: Demo) -> None:
    """Let Maria be away and leave a unit out, a unit pause, and feeds be there."""
    maria, unit = demo.world.speakers[MARIA], demo.world.units["Mercy North", "Garden House"]
    session.add_all(
        [
            Away(speaker_id=maria.id, starts_on=date(2026, 12, 22), ends_on=date(2026, 12, 29)),
            Exclusion(speaker_id=maria.id, unit_id=unit.id),
            UnitPause(
                unit_id=demo.world.units["St. Clare Hospital", "Unit 6"].id,
                starts_on=date(2026, 12, 21),
                ends_on=date(2027, 1, 3),
                created_at=clock.now(),
            ),
        ]
    )
    own = own_calendar.add(
        session,
        maria.id,
        "https://calendar.example.org/own.ics",
        ring=demo.wired.vault.ring,
        now=clock.now(),
    )
    own.last_read_at = clock.now() - timedelta(minutes=20)
    own.last_ok_at = own.laid_out_at = own.last_read_at - timedelta(hours=1)
    own.next_read_at = clock.now() + timedelta(minutes=40)
    own.trouble, own.failures = Trouble.SERVER, 1
    session.flush()
    dentist = clock.now() + timedelta(days=400)
    session.add(
        BusyTime(
            speaker_id=maria.id,
            starts_at=dentist,
            ends_at=dentist + timedelta(hours=1),
            tentative=False,
        )
    )
    calendars.issue(
        session, owner_kind="speaker", owner_id=maria.id, links=demo.wired.links, now=clock.now()
    )


def _visits_of_maria(session: Session, demo: Demo) -> Mapping[str, str]:
    """Let Maria have a visit ahead; return her assignment."""
    now, maria = clock.now(), session.get_one(Speaker, demo.world.speakers[MARIA].id)
    mine = (Assignment.speaker_id == maria.id, Assignment.active, Assignment.starts_at > now)
    ahead = select(Assignment).where(*mine).order_by(Assignment.starts_at)
    found = session.scalars(ahead).first()
    if found is None:
        latest = (
            select(Offer)
            .where(Offer.speaker_id == maria.id, Offer.state == "open")
            .order_by(Offer.id.desc())
        )
        offer = session.scalars(latest).first()
        assert offer is not None
        found = offers.accept(
            session, offer=offer, by=SYSTEM, via="link", links=demo.wired.links, now=now
        )
    return {"own visit": found.public_id}


def _note(session: Session, demo: Demo) -> Mapping[str, str]:
    """Let Ruth write one note to all speakers: some of it waits."""
    draft = Draft(
        text="The training is on Monday at 6 PM. Bring something to write.",
        way="sms",
        about_visits=True,
    )
    ruth, post, now, everybody = _ruth(demo), demo.wired.post, clock.now(), Audience()
    seen = drafts.look(session, everybody, draft, by=ruth, post=post, now=now).seen
    sent = broadcasts.send(
        session, everybody, draft, once="n" * 22, seen=seen, by=ruth, post=post, now=now
    )
    hers = select(Message).where(Message.kind == "note").order_by(Message.id)
    first = session.scalars(hers).first()
    assert first is not None
    token = demo.wired.links.no_notes_token(first.public_id)
    return {"note": sent.public_id, "no notes token": token}


def _let_one_fail(session: Session) -> None:
    latest = select(Message).where(Message.channel == "sms").order_by(Message.id.desc())
    row = session.scalars(latest).first()
    assert row is not None
    row.state, row.state_at, row.reason = "failed", clock.now(), "unknown number"
    row.provider_code = "30005"


def _answer_by_calendar(session: Session, demo: Demo) -> None:
    """Let Maria's calendar propose another time for her visit."""
    maria, now = session.get_one(Speaker, demo.world.speakers[MARIA].id), clock.now()
    hers = (CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == maria.id)
    ahead = (CalendarItem.cancelled_at.is_(None), CalendarItem.starts_at > now)
    item = session.scalars(select(CalendarItem).where(*hers, *ahead)).first()
    assert item is not None
    later = item.starts_at + timedelta(hours=2)
    answer = Asked(
        uid=item.uid,
        attendee=maria.email,
        said="TENTATIVE",
        sequence=item.sequence,
        method="COUNTER",
        starts=f"{later:%Y%m%dT%H%M%SZ}",
        ends=f"{later + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
    )
    inbound_mail.process_inbound(session, google(answer), links=demo.wired.links, now=now)


def _rows(session: Session, demo: Demo) -> Mapping[str, str]:
    """Return a row of everything an address can name."""
    maria = demo.world.speakers[MARIA]
    nora = demo.world.memberships["Nora"].hospital_id
    visit = select(Visit).where(Visit.starts_at > clock.now(), Visit.called_off_at.is_(None))
    visit = visit.order_by(Visit.starts_at)
    hers = visit.join(Unit, Unit.id == Visit.unit_id).where(Unit.hospital_id == nora)
    proposed = visit.join(Slot, Slot.visit_id == Visit.id).join(Proposal)
    filled = visit.join(Slot, Slot.visit_id == Visit.id).where(Slot.state == "filled")
    wanted = {
        "visit": proposed.where(Proposal.state == "waiting"),
        "found visit": filled,
        "open visit": visit,
        "called off visit": select(Visit).where(Visit.called_off_at.is_not(None)),
        "past visit": select(Visit).where(Visit.ends_at < clock.now()).order_by(Visit.id),
        "proposed slot": select(Slot)
        .join(Proposal)
        .join(Visit, Visit.id == Slot.visit_id)
        .where(Proposal.state == "waiting", Visit.starts_at > clock.now())
        .order_by(Visit.starts_at, Slot.id),
        "her visit": hers,
        "her visit asked about": hers.offset(1),
        "her unit": select(Unit).where(Unit.hospital_id == nora),
        "hospital": select(Hospital).where(Hospital.id == nora),
        "unit": select(Unit).where(Unit.hospital_id == nora),
        "paused unit": select(Unit).join(UnitPause, UnitPause.unit_id == Unit.id),
        "program": select(Program),
        "speaker": select(Speaker).where(Speaker.id == maria.id),
        "certification": select(Certification).where(Certification.speaker_id == maria.id),
        "clearance": select(Clearance).where(Clearance.speaker_id == maria.id),
        "message": select(Message).where(Message.state == "failed"),
        "phone": select(Speaker).where(Speaker.id == maria.id),
        "mail": select(ConsoleMessage).where(ConsoleMessage.kind == "invite"),
    }
    found = {}
    for name, which in wanted.items():
        row = session.scalars(which).first()
        assert row is not None, f"the lived-in demo has no {name}"
        found[name] = str(row.public_id)  # type: ignore[attr-defined]  # all of these have one
    asked_about = select(Visit).where(Visit.public_id == found["her visit asked about"])
    builders.other_time(session, session.scalars(asked_about).one(), hours=1)
    late = _late_visit(session, demo, near=session.scalars(hers).first())
    found["visit too late"] = late.public_id
    return found | {"door": demo.doors["Ana"].rpartition("/")[2], "nowhere": "A" * 22}


def _late_visit(session: Session, demo: Demo, *, near: Visit | None) -> Visit:
    """Ask for a visit of the evening, when nobody is free: another time would help."""
    assert near is not None
    unit = session.get_one(Unit, near.unit_id)
    where = World(
        affiliate=demo.world.affiliate,
        program=session.get_one(Program, near.program_id),
        hospital=session.get_one(Hospital, unit.hospital_id),
        unit=unit,
    )
    evening = datetime(2026, 12, 16, 20, 30, tzinfo=ZoneInfo(near.time_zone)).astimezone(UTC)
    return builders.visit(session, where, starts_at=evening, roles=("lead",))


def _newcomers(session: Session, demo: Demo) -> Mapping[str, Membership]:
    """Let three people come for whom there is nothing yet: no visit, no unit, no times."""
    affiliate = demo.world.affiliate
    quiet = builders.hospital(session, affiliate, name="Rivermouth Hospital")
    builders.unit(session, quiet, affiliate, name="Unit 2")
    bare = builders.hospital(session, affiliate, name="Elm Park Hospital")
    sam = builders.speaker(session, affiliate, SAM, clearances=(), available=False, phone=None)
    return {
        "Lena": builders.liaison(session, quiet, "Lena Fox"),
        "Theo": builders.liaison(session, bare, "Theo Brandt"),
        "Sam": builders.speaker_member(session, sam),
    }


def _sign_in(session: Session, everyone: Mapping[str, Membership]) -> Iterator[tuple[str, str]]:
    administrator = session.scalars(
        select(Membership).where(Membership.kind == "administrator")
    ).one()
    for name, member in {**everyone, ADMINISTRATOR: administrator}.items():
        yield (
            name,
            sessions.begin(
                session,
                member,
                account_id=member.account_id,
                browser="Firefox",
                now=clock.now(),
                second_factor_at=clock.now(),
            ),
        )
