"""What no calendar ever says: a patient, a phone, a referral, or how to write to who else comes."""

from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.accounts.models import Account
from outreach.actor import SYSTEM
from outreach.links import Links
from outreach.visits.models import VisitRequest
from outreach.wiring import Wiring
from outreach.workflows import offers, visits
from tests import builders, fakes, leaks, referral_builders
from tests.builders import DANIEL, MARIA, NOW, World
from tests.calendars import checks
from tests.fakes import Mailboxes

SPEAKERS, LIAISONS, FILE = "s" * 43, "l" * 43, "f" * 43

NEVER = (
    "+13135559999",
    "313) 555-9999",
    "Nurse Canary",
    "Canaryroom 12",
    "canarynotes",
    "canaryaccess",
    "canarybrief",
    "Lopez",
    "Okafor",
    *leaks.CANARIES,
)
"""Seeded beside the visit. Speakers are known to the ward by their first names."""


@pytest.fixture
def world(session: Session, wired: Wiring) -> World:
    """A bureau whose unit has just referred somebody."""
    ward = referral_builders.ward(session, wired.desk)
    referral_builders.sent(session, ward)
    ward.unit.contact_name, ward.unit.contact_phone = "Nurse Canary", "+13135559999"
    return World(ward.bureau, ward.program, ward.hospital, ward.unit)


@pytest.fixture
def bodies(
    client: FlaskClient, session: Session, links: Links, world: World, wired: Wiring
) -> dict[str, bytes]:
    """Every file our calendars hold of a visit for two, by its address or reader."""
    priya = builders.liaison(session, world.hospital, "Priya Nair")
    asker = session.get_one(Account, priya.account_id)
    visit = builders.visit(session, world, requested_by=asker)
    request = session.get_one(VisitRequest, visit.request_id)
    request.room, request.notes, request.access_needs = (
        "Canaryroom 12",
        "canarynotes",
        "canaryaccess",
    )
    coming = [
        builders.speaker(session, world.affiliate, who, certified_for=world.program, detail=detail)
        for who, detail in ((MARIA, "full"), (DANIEL, "minimal"))
    ]
    for slot, speaker, token in zip(
        builders.slots(session, visit), coming, (FILE, "g" * 43), strict=True
    ):
        speaker.phone = "+13135559999"
        offer = builders.offer(session, slot, speaker, token=token)
        offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    builders.feed(session, "speaker", coming[0].id, token=SPEAKERS)
    builders.feed(session, "account", priya.account_id, token=LIAISONS)
    session.commit()
    found = {
        path: client.get(path).data
        for path in (f"/f/{SPEAKERS}.ics", f"/f/{LIAISONS}.ics", f"/a/{FILE}/visit.ics")
    }
    mailboxes = Mailboxes()
    post = fakes.post(wired.db, mailboxes=mailboxes)
    jobs.deliver_due(post, channel="mail")
    visits.call_off(session, visit, by=SYSTEM, links=links, now=NOW)
    session.commit()
    jobs.deliver_due(post, channel="mail")
    for mail in mailboxes.sent:
        found |= {f"{mail.to} {mail.kind}": body for body in calendars_of(mail.raw)}
    return found


def calendars_of(raw: bytes) -> Iterator[bytes]:
    mail = message_from_bytes(raw, policy=policy.default)
    for part in mail.walk():
        if part.get_content_type() in {"text/calendar", "application/ics"}:
            body = part.get_payload(decode=True)
            assert isinstance(body, bytes)
            yield body


def test_no_calendar_holds_what_is_nobodys_business(bodies: dict[str, bytes]) -> None:
    kinds = {name.rpartition(" ")[2] for name in bodies if "@" in name}
    assert kinds == {"invite", "invite_cancel"}
    assert len(bodies) == 3 + 2 * 3

    for name, body in bodies.items():
        text = body.decode().replace("\r\n ", "")
        # The one attendee of a mailed file is who reads it.
        read_by = next((p.value for p in checks.event(body).all("ATTENDEE")), "")
        text = text.replace(read_by, "") if read_by else text
        assert [word for word in NEVER if word.lower() in text.lower()] == [], name


def test_nobody_learns_another_speakers_address(bodies: dict[str, bytes]) -> None:
    for name, body in bodies.items():
        others = {MARIA.email, DANIEL.email} - {name.partition(" ")[0]}
        assert [email for email in others if email in body.decode().replace("\r\n ", "")] == []
        people = checks.event(body).all("ATTENDEE")
        assert [p.value for p in people] == [f"mailto:{name.partition(' ')[0]}"] * ("@" in name)


def test_a_speaker_who_chose_the_least_sees_no_place(bodies: dict[str, bytes]) -> None:
    body = bodies[f"{DANIEL.email} invite"].decode().replace("\r\n ", "")

    assert "St. Clare" not in body
    assert "Unit" not in body
