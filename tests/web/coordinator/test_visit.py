"""One visit: who fits, asking, answering for somebody, changing and calling it off."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.speakers.models import Exclusion, Speaker
from outreach.visits.models import Assignment, Offer, Proposal, Slot, Visit
from outreach.workflows import invites
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, NOW, World
from tests.fakes import LINKS

Desk = Callable[[], FlaskClient]


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate, MARIA, certified_for=here.program)


@pytest.fixture
def daniel(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate, DANIEL, certified_for=here.program)


@pytest.fixture
def pair(maria: Speaker, daniel: Speaker) -> tuple[Speaker, Speaker]:
    return maria, daniel


@pytest.fixture
def visit(session: Session, here: World) -> Visit:
    return builders.visit(session, here, roles=("lead",))


def address(visit: Visit, *parts: str) -> str:
    return "/".join(("/coordinator/visits", visit.public_id, *parts))


def test_those_who_fit_are_listed_with_reasons(
    desk: Desk, visit: Visit, maria: Speaker, daniel: Speaker
) -> None:
    assert maria.id != daniel.id

    page = desk().get(address(visit)).text

    assert "Two people fit as lead" in page
    assert "Trained as lead for this program" in page
    assert "Free at that time, less than a mile away" in page
    assert "Ask Maria" in page
    assert page.index("Maria Lopez") < page.index("Daniel Okafor")


def test_the_others_are_told_apart_only_by_what_may_be_known(
    desk: Desk, session: Session, here: World, visit: Visit, maria: Speaker
) -> None:
    """An exclusion reads like any other unavailability, wherever it could show."""
    joy = builders.speaker(session, here.affiliate, JOY, certified_for=here.program)
    busy = builders.speaker(
        session,
        here.affiliate,
        builders.Person("Luis", "Tran"),
        certified_for=here.program,
        available=False,
    )
    session.add(Exclusion(speaker_id=joy.id, unit_id=here.unit.id))
    assert maria.id

    page = desk().get(address(visit)).text

    excluded, unavailable = _row(page, joy), _row(page, busy)
    assert "Not available" in excluded
    assert excluded == unavailable


@pytest.mark.parametrize(
    ("said", "of", "words"),
    [
        ("ACCEPTED", 0, "Their calendar says yes"),
        ("TENTATIVE", 0, "Their calendar says perhaps"),
        ("ACCEPTED", -1, ""),
        ("", 0, ""),
    ],
    ids=["yes", "perhaps", "of an earlier version", "nothing yet"],
)
def test_what_a_speakers_calendar_says_of_the_visit_as_it_is_stands_beside_the_name(
    *, desk: Desk, session: Session, visit: Visit, maria: Speaker, said: str, of: int, words: str
) -> None:
    builders.assignment(session, builders.slots(session, visit)[0], maria)
    invites.sync(session, visit, links=LINKS, now=NOW)
    mine = select(CalendarItem).where(CalendarItem.owner_kind == "speaker")
    item = session.scalars(mine).one()
    item.answer, item.answer_sequence, item.answer_at = said, item.sequence + of, NOW
    session.commit()

    page = desk().get(address(visit)).text

    found = re.findall("Their calendar says [a-z]+", page)
    assert found == ([words] if words else [])


def test_missing_clearance_says_what_would_help(
    desk: Desk, session: Session, here: World, visit: Visit
) -> None:
    builders.speaker(session, here.affiliate, JOY, certified_for=here.program, clearances=())

    page = desk().get(address(visit)).text

    assert "Nobody fits as lead" in page
    assert "Not cleared for St. Clare Lakeshore" in page
    assert "Record the clearance" in page


def test_asking_one_makes_an_offer_and_a_mail(
    desk: Desk, database: Database, session: Session, visit: Visit, maria: Speaker
) -> None:
    slot = builders.slots(session, visit)[0]

    answer = desk().post(
        f"/coordinator/slots/{slot.public_id}/offers", data={"speaker": maria.public_id}
    )

    assert (answer.status_code, answer.location) == (303, address(visit))
    with database.reading() as fresh:
        offer = fresh.scalars(select(Offer)).one()
        mail = fresh.scalars(select(Message).where(Message.kind == "offer")).one()
    assert (offer.speaker_id, offer.state) == (maria.id, "open")
    assert (mail.channel, mail.recipient_id) == ("mail", maria.id)


def test_nobody_is_asked_whom_a_rule_keeps_away(
    desk: Desk, database: Database, session: Session, here: World, visit: Visit
) -> None:
    joy = builders.speaker(session, here.affiliate, JOY, certified_for=None)
    slot = builders.slots(session, visit)[0]

    answer = desk().post(
        f"/coordinator/slots/{slot.public_id}/offers", data={"speaker": joy.public_id}
    )

    assert answer.status_code == 422
    assert "Joy does not fit this visit any more" in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Offer)).all() == []


def test_asking_another_puts_the_proposal_aside(
    desk: Desk, database: Database, session: Session, visit: Visit, pair: tuple[Speaker, Speaker]
) -> None:
    maria, daniel = pair
    slot = builders.slots(session, visit)[0]
    builders.proposal(session, slot, daniel)
    browser = desk()
    before = browser.get(address(visit)).text

    browser.post(f"/coordinator/slots/{slot.public_id}/offers", data={"speaker": maria.public_id})

    assert before.index("Daniel Okafor") < before.index("Maria Lopez")
    with database.reading() as fresh:
        assert fresh.scalars(select(Proposal.state)).all() == ["dropped"]


def test_asking_all_in_order_begins_with_the_first_when_there_is_time(
    desk: Desk, database: Database, session: Session, visit: Visit, pair: tuple[Speaker, Speaker]
) -> None:
    maria, _daniel = pair
    slot = builders.slots(session, visit)[0]
    browser = desk()
    page = browser.get(address(visit)).text

    browser.post(f"/coordinator/slots/{slot.public_id}/waves")

    assert "Maria is asked now." in page
    assert "Daniel is next" in page
    with database.reading() as fresh:
        assert fresh.scalars(select(Offer.speaker_id)).all() == [maria.id]


def test_an_open_question_can_be_taken_back(
    desk: Desk, database: Database, session: Session, visit: Visit, maria: Speaker
) -> None:
    offer = builders.offer(session, builders.slots(session, visit)[0], maria)
    builders.asked(session, offer, to=maria)
    browser = desk()
    page = browser.get(address(visit)).text

    browser.post(f"/coordinator/offers/{offer.public_id}/withdrawal")

    assert "Take the question back" in page
    with database.reading() as fresh:
        assert fresh.get_one(Offer, offer.id).state == "withdrawn"
        assert fresh.scalars(select(Message.kind)).all() == ["offer", "offer_gone"]


def test_a_phoned_yes_fills_the_place(
    desk: Desk, database: Database, session: Session, visit: Visit, maria: Speaker
) -> None:
    slot = builders.slots(session, visit)[0]

    answer = desk().post(
        address(visit, "phoned-yes"), data={"who": f"{slot.public_id}.{maria.public_id}"}
    )

    assert answer.status_code == 303
    with database.reading() as fresh:
        held = fresh.scalars(select(Assignment)).one()
        kinds = set(fresh.scalars(select(Message.kind)))
    assert (held.speaker_id, held.slot_id, held.active) == (maria.id, slot.id, True)
    assert "invite" in kinds


@pytest.mark.parametrize("who", ["", "x", "a.b", "a.b.c", "\x00.\x00", "<script>.x"])
def test_a_phoned_yes_of_nobody_is_refused(
    desk: Desk, database: Database, visit: Visit, maria: Speaker, who: str
) -> None:
    assert maria.id

    answer = desk().post(address(visit, "phoned-yes"), data={"who": who})

    assert answer.status_code == 422
    assert "<script>" not in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Assignment)).all() == []


def test_a_speaker_who_cannot_come_leaves_an_open_place(
    desk: Desk, database: Database, session: Session, visit: Visit, maria: Speaker
) -> None:
    held = builders.assignment(session, builders.slots(session, visit)[0], maria)
    browser = desk()
    browser.post(f"/coordinator/assignments/{held.public_id}/end")

    page = browser.get(address(visit)).text

    assert "Maria stepped back; the place is open again" in page
    with database.reading() as fresh:
        assert fresh.scalars(select(Slot.state)).all() == ["open"]


def test_a_new_time_reaches_everyone_once(
    desk: Desk, database: Database, session: Session, visit: Visit, maria: Speaker
) -> None:
    builders.assignment(session, builders.slots(session, visit)[0], maria)

    answer = desk().post(
        address(visit, "time"), data={"day": "2026-12-09", "time": "14:00", "minutes": "90"}
    )

    assert answer.status_code == 303
    with database.reading() as fresh:
        moved = fresh.get_one(Visit, visit.id)
    assert moved.starts_at == datetime(2026, 12, 9, 19, 0, tzinfo=UTC)
    assert moved.ends_at - moved.starts_at == timedelta(minutes=90)


def test_a_rule_stands_beside_its_field_and_a_soft_one_can_be_set_aside(
    desk: Desk, database: Database, visit: Visit
) -> None:
    browser = desk()
    evening = {"day": "2026-12-09", "time": "18:00", "minutes": "60"}

    refused = browser.post(address(visit, "time"), data=evening)
    moved = browser.post(address(visit, "time"), data={**evening, "overrule": "y"})

    assert refused.status_code == 422
    assert "Choose a start between 9:00\N{NO-BREAK SPACE}AM and 4:00\N{NO-BREAK SPACE}PM." in (
        refused.text
    )
    assert "Move it all the same" in refused.text
    assert moved.status_code == 303
    with database.reading() as fresh:
        assert fresh.get_one(Visit, visit.id).revision == 2


def test_a_hard_rule_cannot_be_set_aside(desk: Desk, database: Database, visit: Visit) -> None:
    answer = desk().post(
        address(visit, "time"),
        data={"day": "2026-11-01", "time": "10:00", "minutes": "60", "overrule": "y"},
    )

    assert answer.status_code == 422
    assert "Choose a date and time that are still to come." in answer.text
    with database.reading() as fresh:
        assert fresh.get_one(Visit, visit.id).revision == 1


def test_calling_off_says_first_who_is_told(
    desk: Desk, database: Database, session: Session, visit: Visit, maria: Speaker
) -> None:
    builders.assignment(session, builders.slots(session, visit)[0], maria)
    browser = desk()

    asked = browser.get(address(visit, "calling-off")).text
    with database.reading() as fresh:
        untouched = fresh.get_one(Visit, visit.id).called_off_at
    browser.post(address(visit, "calling-off"))

    assert "Maria Lopez" in asked
    assert untouched is None
    with database.reading() as fresh:
        assert fresh.get_one(Visit, visit.id).called_off_at == NOW
    assert "Called off" in browser.get(address(visit)).text


def test_calling_off_twice_is_said_and_changes_nothing(desk: Desk, visit: Visit) -> None:
    browser = desk()
    browser.post(address(visit, "calling-off"))

    again = browser.post(address(visit, "calling-off"))

    assert again.status_code == 409
    assert "This visit was called off already." in again.text


def _row(page: str, speaker: Speaker) -> str:
    """Return a speaker's row of "why not", without the name and id."""
    begin = page.index(f'speakers/{speaker.public_id}">')
    row = page[begin : page.index("</tr>", begin)]
    return row.replace(speaker.public_id, "").replace(
        f"{speaker.first_name} {speaker.last_name}", ""
    )
