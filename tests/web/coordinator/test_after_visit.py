"""After the visit at the coordinator's desk: the record, whom to call, what happened."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.audit import AuditEvent
from outreach.visits.models import Attendance, Audience, Debrief, IncidentReport
from outreach.visits.telling import HowAreYou, HowWasIt, Outcome
from outreach.workflows import after_visit
from outreach.workflows.after_visit import UnitsWord
from tests import builders
from tests.after_visit_builders import Past, debrief, debriefing, incident, past, past_of
from tests.builders import NOW
from tests.web.coordinator.conftest import Counting
from tests.web.liaison.pages import text_of

Desk = Callable[[], FlaskClient]


@pytest.fixture
def over(session: Session) -> Past:
    return past(session)


@pytest.fixture
def path(over: Past) -> str:
    return f"/coordinator/visits/{over.visit.public_id}"


@pytest.fixture
def at_desk(
    over: Past,
    client: FlaskClient,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
) -> Desk:
    """Ruth's browser, once the rows of the test are made."""
    return lambda: sign_in(client, over.ruth)


def test_the_visits_page_shows_who_came_how_many_and_what_was_told(
    at_desk: Desk, over: Past, path: str, session: Session
) -> None:
    told = debriefing(HowWasIt.HARD, HowAreYou.CALL, words="It was a long way.")
    after_visit.tell(session, over.of_maria, told, by=over.as_maria, now=NOW)
    said = UnitsWord(
        outcome=Outcome.SOMEONE_MISSING, missing=[over.of_daniel.public_id], words="Thank you."
    )
    after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)

    words = text_of(at_desk().get(path))

    for shown in (
        "Maria Lopez Came (the speaker says) 1 h 30 min, 12 miles (the speaker says)",
        "It was hard. Would like a call. “It was a long way.” I have called",
        "Daniel Okafor Could not attend (the unit says)",
        "What the unit says Someone could not attend – “Thank you.”",
        "Patients who came 8 patients (the speaker says)",
        "None was reported.",
    ):
        assert shown in words, shown


def test_attendance_and_audience_are_recorded_by_hand(
    at_desk: Desk, over: Past, path: str, session: Session
) -> None:
    desk = at_desk()
    address = f"/coordinator/assignments/{over.of_maria.public_id}/attendance"

    answer = desk.post(address, data={"came": "no", "hours": "0:45", "miles": ""})
    desk.post(f"{path}/audience", data={"people": "11"})

    assert answer.location == f"{path}#afterwards"
    row = session.scalars(select(Attendance)).one()
    assert (row.came, row.minutes, row.miles) == ("no", 45, None)
    assert session.scalars(select(Audience.people)).all() == [11]
    words = text_of(desk.get(path))
    assert "Could not attend (recorded by a coordinator) 45 min" in words
    assert "11 patients (recorded by a coordinator)" in words
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-2:] == ["attendance.record", "audience.record"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"came": ""}, "Choose whether they came."),
        ({"came": "yes", "hours": "25"}, "Write hours from 0 to 24"),
        ({"came": "yes", "miles": "1001"}, "Write a number from 0 to 1000."),
    ],
)
def test_a_wrong_record_is_named(
    at_desk: Desk, over: Past, session: Session, data: dict[str, str], words: str
) -> None:
    answer = at_desk().post(
        f"/coordinator/assignments/{over.of_maria.public_id}/attendance", data=data
    )

    assert (answer.status_code, words in answer.text) == (422, True)
    assert session.scalars(select(Attendance)).all() == []


def test_of_a_visit_ahead_nothing_is_recorded(at_desk: Desk, over: Past, session: Session) -> None:
    ahead = builders.visit(session, over.world)
    held = builders.assignment(session, builders.slots(session, ahead)[0], over.maria)
    desk, visit = at_desk(), f"/coordinator/visits/{ahead.public_id}"

    for page in (f"/coordinator/assignments/{held.public_id}/attendance", f"{visit}/audience"):
        assert desk.get(page).location == f"{visit}#afterwards"
    assert "After the visit" not in desk.get(visit).text
    early = desk.post(f"{visit}/incident", data={"kind": "other", "words": "The alarm rang."})
    assert (early.status_code, "not begun yet" in early.text) == (409, True)


def test_today_names_whom_to_call_until_somebody_has(
    at_desk: Desk, over: Past, session: Session
) -> None:
    wish = debrief(session, over.of_maria, HowAreYou.CALL, words="CANARY")
    debrief(session, over.of_daniel, HowAreYou.NOT_SO_WELL)
    desk = at_desk()

    page = desk.get("/coordinator/")

    words = text_of(page)
    assert "Two things need you." in words
    assert "Would like a call Maria Lopez After the visit on Monday, November 23." in words
    assert "Is not so well Daniel Okafor" in words
    assert '<span class="count">2</span>' in page.text
    assert "CANARY" not in page.text
    for _twice in range(2):
        answer = desk.post(f"/coordinator/debriefs/{wish.public_id}/call")
        assert answer.location == "/coordinator/"
    assert "Maria Lopez" not in text_of(desk.get("/coordinator/"))
    session.expire_all()
    assert session.get_one(Debrief, wish.id).called_by_id == over.ruth.account_id


@pytest.mark.parametrize("well", [HowAreYou.WELL, HowAreYou.ALL_RIGHT])
def test_who_is_well_is_nobodys_task(
    at_desk: Desk, over: Past, session: Session, well: HowAreYou
) -> None:
    debrief(session, over.of_maria, well)

    assert "Nothing needs you right now" in at_desk().get("/coordinator/").text


def test_an_incident_is_read_and_settled_with_a_note(
    at_desk: Desk, over: Past, path: str, session: Session
) -> None:
    report = incident(session, over.visit, words="The CANARY alarm rang.")
    desk = at_desk()
    today = desk.get("/coordinator/")
    assert "Incident report Monday, November 23, St. Clare Lakeshore, Unit 4B" in text_of(today)
    assert "CANARY" not in today.text
    address = f"/coordinator/incidents/{report.public_id}"
    assert f'href="{address}"' in today.text
    assert "“The CANARY alarm rang.”" in desk.get(address).text

    empty = desk.post(address, data={"note": " "})
    assert (empty.status_code, "what was done" in empty.text) == (422, True)
    settled = desk.post(address, data={"note": "I called the unit."})

    assert settled.location == "/coordinator/"
    assert "Nothing needs you right now" in desk.get("/coordinator/").text
    assert "Settled by Ruth Adler" in desk.get(path).text
    assert "I called the unit." in desk.get(address).text
    other = desk.post(address, data={"note": "Something else."})
    assert (other.status_code, "settled this report already" in other.text) == (422, True)


def test_an_incident_told_on_the_telephone_is_kept(
    at_desk: Desk, path: str, session: Session
) -> None:
    answer = at_desk().post(
        f"{path}/incident", data={"kind": "boundary", "words": "She was asked for her number."}
    )

    assert answer.location == f"{path}#afterwards"
    report = session.scalars(select(IncidentReport)).one()
    assert (report.said_by, report.kind) == ("coordinator", "boundary")


def test_thirty_of_everything_cost_no_more_queries_than_one(
    at_desk: Desk, over: Past, path: str, session: Session, counting: Counting
) -> None:
    debrief(session, over.of_maria)
    incident(session, over.visit)
    desk = at_desk()
    desk.get("/coordinator/")
    with counting() as of_one:
        desk.get("/coordinator/")
        desk.get(path)
    for number in range(1, 31):
        made = past_of(
            session,
            over.world,
            over.maria,
            over.daniel,
            ruth=over.ruth,
            priya=over.priya,
            ended=timedelta(hours=2 + 3 * number),
        )
        debrief(session, made.of_maria)
        incident(session, made.visit)
        incident(session, over.visit, words=f"Again, {number}.")
    session.commit()

    with counting() as of_thirty:
        page = desk.get("/coordinator/")
        desk.get(path)

    assert "92 things need you." in text_of(page)
    assert '<span class="count">92</span>' in page.text
    assert of_thirty.count == of_one.count


def test_another_bureaus_calls_and_reports_are_not_here(at_desk: Desk, session: Session) -> None:
    there = past(session, "Hillside")
    debrief(session, there.of_maria)
    incident(session, there.visit)

    page = at_desk().get("/coordinator/")

    assert "Nothing needs you right now" in page.text
    assert "Hillside" not in page.text
