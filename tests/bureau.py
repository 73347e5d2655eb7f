"""A whole bureau for tests of access: one of everything a URL can name, one member of each kind.

Every name in it carries the bureau's own, so that a test can look for a stranger's in any answer.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from email.message import EmailMessage

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import sessions
from outreach.accounts.models import Account, Membership, Passkey, WebSession
from outreach.actor import Actor, Kind
from outreach.db import Base
from outreach.directory.models import Hospital
from outreach.links import Links
from outreach.messaging.models import ConsoleMessage, MessageAttempt, WorkerHeartbeat
from outreach.referrals.models import IntakeHelper
from outreach.speakers.models import Speaker
from outreach.visits.models import VisitRequest
from tests import after_visit_builders, builders, intake_rows, referral_rows, serving_builders
from tests.builders import NOW, SECRET, VISIT_AT, Person

LAST_YEAR = date(2025, 6, 1)
MEMBERS = (Kind.ADMINISTRATOR, Kind.COORDINATOR, Kind.INTAKE, Kind.LIAISON, Kind.SPEAKER)


@dataclass
class Bureau:
    """An affiliate and everything in it. `tokens` are secrets of links, `ids` are public ids.

    `cookies` begin with the cookie's name and "=" where it is not that of accounts. `half_in` are
    the cookies of those who need a second factor and have not shown it.
    """

    name: str
    members: dict[Kind, Membership]
    rows: dict[type[Base], Base]
    tokens: dict[str, str]
    cookies: dict[Kind, str] = field(default_factory=dict)
    half_in: dict[Kind, str] = field(default_factory=dict)

    def actor(self, kind: Kind) -> Actor:
        """Return a member as an actor."""
        return builders.actor(self.members[kind])

    @property
    def ids(self) -> dict[str, str]:
        """Each row's public id (or token) by the name of its table."""
        named = {
            row.__tablename__: str(getattr(row, "public_id", "")) for row in self.rows.values()
        }
        return named | self.tokens


def bureau(session: Session, name: str) -> Bureau:
    """Make a bureau; everyone in it is signed in once."""
    place = builders.world(session, name)
    place.unit.name, place.program.name = f"Unit {name} 4B", f"In Our Own Words {name}"
    place.unit.contact_name = f"Nurse {name}"
    maria = builders.speaker(
        session,
        place.affiliate,
        Person("Maria", f"{name}son"),
        certified_for=place.program,
        languages=["en", "es"],
    )
    daniel = builders.speaker(
        session,
        place.affiliate,
        Person("Daniel", f"{name}ov"),
        certified_for=place.program,
    )
    visit = builders.visit(session, place)
    slot, other_slot = builders.slots(session, visit)
    spare = builders.slots(
        session, builders.visit(session, place, starts_at=VISIT_AT + timedelta(days=2))
    )[0]
    answer = crypto.token()
    feed_token = crypto.token()
    span = {"starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat()}
    mail = builders.message(session, place.affiliate, to=maria, state="failed", values=span)
    attempt = MessageAttempt(message_id=mail.id, number=1, started_at=NOW)
    session.add(attempt)
    note = builders.broadcast(session, place.affiliate, to=maria)
    session.add(WorkerHeartbeat(worker=f"{crypto.public_id()}:1", seen_at=NOW))
    rows: list[Base] = [
        place.affiliate,
        place.hospital,
        place.unit,
        place.program,
        visit,
        slot,
        maria,
        mail,
        attempt,
        note,
        builders.pause(session, place.unit),
        builders.away(session, maria),
        builders.exclusion(session, maria, place.unit),
        builders.proposal(session, slot, daniel),
        builders.other_time(session, visit),
        builders.matching_run(session, place.affiliate),
        builders.offer(session, spare, maria, token=answer),
        builders.assignment(session, other_slot, maria),
        builders.inbound(session, place.affiliate, body=f"Which door at {name}?"),
        builders.inbound_mail(session, place.affiliate, body=f"Which floor at {name}?"),
        builders.feed(session, "speaker", maria.id, token=feed_token),
        builders.certification(session, maria, place.program, starts_on=LAST_YEAR),
        builders.clearance(session, maria, "tb"),
        session.get_one(VisitRequest, visit.request_id),
        _mailbox(session, maria),
    ]
    members = {
        Kind.ADMINISTRATOR: builders.administrator(session, place.affiliate, f"Olga {name}"),
        Kind.COORDINATOR: builders.coordinator(session, place.affiliate, f"Ruth {name}"),
        Kind.INTAKE: builders.intake(session, place.affiliate, f"Ines {name}"),
        Kind.LIAISON: builders.liaison(session, place.hospital, f"Priya {name}"),
        Kind.SPEAKER: builders.speaker_member(session, maria),
    }
    over = after_visit_builders.past_of(
        session,
        place,
        maria,
        daniel,
        ruth=members[Kind.COORDINATOR],
        priya=members[Kind.LIAISON],
    )
    rows += [
        after_visit_builders.debrief(session, over.of_daniel),
        after_visit_builders.incident(session, over.visit),
        serving_builders.agreement(
            session, place.hospital, by=builders.actor(members[Kind.COORDINATOR])
        ),
    ]
    # It receives nothing: who does is no secret between bureaus, and would be found as one.
    kept = serving_builders.receiver(
        session, f"Kept by {name}", kept_by_id=place.affiliate.id, receives_referrals=False
    )
    members[Kind.LIAISON].may_refer = True
    priya = builders.actor(members[Kind.LIAISON])
    referral = referral_rows.sent(session, place, kept, by=priya)
    # A child: a coordinator has it signed as well, where no unit does.
    unsigned = referral_rows.waiting(session, place, kept, by=priya, parent=referral)
    rows += [referral, referral_rows.over(session, referral)]
    helper, inside = intake_rows.received(session, place, by=priya)
    rows.append(helper)
    session.flush()
    made = Bureau(name, members, {type(row): row for row in rows}, {})
    made.cookies = {kind: _signed_in(session, member) for kind, member in members.items()}
    made.cookies[Kind.HELPER] = inside["helper"]
    made.tokens = {
        "answer": answer,
        "feed": feed_token,
        "ending token": Links("http://localhost", SECRET.encode()).ending_token(
            "reminders", maria.public_id
        ),
        **over.tokens,
        "no notes token": builders.no_notes(session, note),
        "demo": crypto.token(),
        "membership": members[Kind.LIAISON].public_id,
        "kept affiliate": kept.public_id,
        "unsigned referral": unsigned.public_id,
        **inside,
    }
    for kind, member in members.items():
        made.tokens[f"passkey {kind}"] = _passkey(session, member)
    builders.demo_link(session, members[Kind.COORDINATOR], token=made.tokens["demo"])
    return made


def disable(session: Session, of: Bureau) -> None:
    """Disable everyone of a bureau, and leave their sessions: that alone must keep them out."""
    ids = [member.account_id for member in of.members.values()]
    for account in session.scalars(select(Account).where(Account.id.in_(ids))):
        account.disabled_at = NOW
    helper = of.rows[IntakeHelper]
    assert isinstance(helper, IntakeHelper)
    intake_rows.let_go(session, helper)


def session_id_of(session: Session, member: Membership) -> str:
    """Return the public id of a member's session."""
    return (
        session.scalars(
            select(WebSession.public_id)
            .where(WebSession.account_id == member.account_id)
            .order_by(WebSession.id)
        ).first()
        or ""
    )


def let_half_in(session: Session, of: Bureau) -> None:
    """Let everyone who needs a second factor come in by a mailed code alone."""
    referring = builders.liaison(session, _hospital(of), f"Priscilla {of.name}")
    referring.may_refer = True
    staff = (Kind.ADMINISTRATOR, Kind.COORDINATOR, Kind.INTAKE)
    half = {kind: of.members[kind] for kind in staff} | {Kind.LIAISON: referring}
    of.half_in = {
        kind: sessions.begin(session, each, account_id=each.account_id, browser="", now=NOW)
        for kind, each in half.items()
    }


def _hospital(of: Bureau) -> Hospital:
    found = of.rows[Hospital]
    assert isinstance(found, Hospital)
    return found


def _passkey(session: Session, member: Membership) -> str:
    """Give a member a passkey; return its public id."""
    key = Passkey(
        account_id=member.account_id,
        credential_id=crypto.token(),
        public_key=b"a key for tests",
        sign_count=0,
        transports=[],
        name="Blue key",
        created_at=NOW,
    )
    session.add(key)
    session.flush()
    return key.public_id


def _mailbox(session: Session, of: Speaker) -> ConsoleMessage:
    """Let a mail with a calendar file lie in the demo's mailbox."""
    mail = EmailMessage()
    mail["Subject"], mail["To"] = "Your visit", of.email
    mail.set_content("It is yours.")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar")
    row = ConsoleMessage(
        channel="mail",
        to_address=of.email,
        kind="invite",
        subject="Your visit",
        text="It is yours.",
        raw=mail.as_bytes(),
        at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def _signed_in(session: Session, member: Membership) -> str:
    return sessions.begin(
        session, member, account_id=member.account_id, browser="", now=NOW, second_factor_at=NOW
    )
