"""Every page of the coordinator opens, empty and full, in both languages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.messaging.models import InboundMessage, Message
from outreach.visits.models import Proposal
from tests import builders
from tests.builders import DANIEL, JOY, NOW, World

SignIn = Callable[[FlaskClient, Membership], FlaskClient]

PAGES = (
    "/coordinator/",
    "/coordinator/visits",
    "/coordinator/visits?view=month&month=2026-12",
    "/coordinator/visits?view=week&week=2026-12-08",
    "/coordinator/visits?when=past",
    "/coordinator/visits?status=nobody&language=es",
    "/coordinator/visits/new",
    "/coordinator/visits/proposals",
    "/coordinator/visits/proposals/new?when=2weeks",
    "/coordinator/people",
    "/coordinator/people?q=maria",
    "/coordinator/people?archived=1",
    "/coordinator/people/liaisons",
    "/coordinator/people/liaisons/new",
    "/coordinator/people/coordinators",
    "/coordinator/people/coordinators/new",
    "/coordinator/people/speakers/new",
    "/coordinator/hospitals",
    "/coordinator/hospitals/new",
    "/coordinator/messages",
    "/coordinator/messages?state=trouble&channel=sms",
    "/coordinator/messages/texts",
    "/coordinator/setup",
    "/coordinator/setup/settings",
    "/coordinator/setup/programs",
    "/coordinator/setup/programs/new",
    "/coordinator/setup/imports",
)


@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_page_opens_when_there_is_nothing_yet(
    client: FlaskClient, sign_in: SignIn, session: Session, locale: str
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    session.get_one(Account, ruth.account_id).locale = locale
    session.commit()
    browser = sign_in(client, ruth)

    answers = {page: browser.get(page).status_code for page in PAGES}

    assert answers == dict.fromkeys(PAGES, 200)


@pytest.mark.parametrize("locale", ["en", "es"])
def test_every_page_opens_with_rows(
    client: FlaskClient, sign_in: SignIn, session: Session, locale: str
) -> None:
    here = builders.world(session)
    pages = [*PAGES, *_fill(session, here)]
    ruth = builders.coordinator(session, here.affiliate)
    session.get_one(Account, ruth.account_id).locale = locale
    session.commit()
    browser = sign_in(client, ruth)

    answers = {page: browser.get(page).status_code for page in pages}

    assert answers == dict.fromkeys(pages, 200)


def _fill(session: Session, here: World) -> list[str]:
    """Make a row of each kind; return the pages of the single things."""
    maria = builders.speaker(session, here.affiliate, certified_for=here.program)
    daniel = builders.speaker(session, here.affiliate, DANIEL, certified_for=here.program)
    joy = builders.speaker(session, here.affiliate, JOY, clearances=())
    builders.liaison(session, here.hospital)
    open_visit = builders.visit(session, here)
    half = builders.visit(session, here, starts_at=builders.VISIT_AT + timedelta(days=1))
    off = builders.visit(
        session, here, starts_at=builders.VISIT_AT + timedelta(days=2), called_off_at=NOW
    )
    lead, co_presenter = builders.slots(session, half)
    builders.assignment(session, lead, daniel)
    builders.offer(session, co_presenter, maria)
    first = builders.slots(session, open_visit)[0]
    session.add(
        Proposal(slot_id=first.id, speaker_id=maria.id, reasons=[], distance_km=3.0, created_at=NOW)
    )
    message = Message(
        dedupe_key="x",
        affiliate_id=here.affiliate.id,
        kind="offer",
        channel="sms",
        recipient_kind="speaker",
        recipient_id=maria.id,
        to_address="+13135550100",
        to_name="Maria",
        subject_kind="visit",
        subject_id=half.id,
        subject_revision=1,
        values={},
        time_zone="America/New_York",
        send_after=NOW,
        expires_at=NOW + timedelta(days=1),
        state="failed",
        state_at=NOW,
        reason="bad_number",
        created_at=NOW,
    )
    text = InboundMessage(
        provider_id="SM1",
        from_phone="+13135550100",
        body="Is it the blue door?",
        affiliate_id=here.affiliate.id,
        speaker_id=maria.id,
        received_at=NOW,
    )
    session.add_all([message, text])
    session.flush()
    visits = [f"/coordinator/visits/{v.public_id}" for v in (open_visit, half, off)]
    speakers = [f"/coordinator/people/speakers/{s.public_id}" for s in (maria, daniel, joy)]
    hospital = f"/coordinator/hospitals/{here.hospital.public_id}"
    unit = f"/coordinator/hospitals/units/{here.unit.public_id}"
    return [
        *visits,
        f"{visits[0]}/phoned-yes",
        f"{visits[0]}/time",
        f"{visits[1]}/calling-off",
        *speakers,
        f"{speakers[0]}/change",
        f"{speakers[0]}/certifications",
        f"{speakers[0]}/clearances",
        hospital,
        f"{hospital}/change",
        f"{hospital}/units/new",
        unit,
        f"{unit}/change",
        f"{unit}/brief",
        f"/coordinator/setup/programs/{here.program.public_id}",
        f"/coordinator/messages/{message.public_id}",
    ]
