"""My units: the next visit, the others, and what happens next."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.speakers.models import Speaker
from outreach.visits.models import Attendance, WardReport
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, VISIT_AT, World
from tests.web.liaison.pages import count_queries, text_of


def test_a_new_hospital_is_told_how_to_begin(browser: FlaskClient) -> None:
    page = browser.get("/units/")

    assert page.status_code == 200
    words = text_of(page)
    assert "St. Clare Lakeshore, Unit 4B" in words
    assert "No visits yet" in words
    assert "Ask for one, and we look for trained peer speakers" in words
    assert words.count("Ask for a visit") == 1


def test_the_next_visit_is_lit_and_names_who_comes(
    browser: FlaskClient, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    for slot, person in zip(builders.slots(session, visit), (DANIEL, MARIA), strict=True):
        builders.assignment(session, slot, builders.speaker(session, here.affiliate, person))
    session.commit()

    words = text_of(browser.get("/units/"))

    assert "Next visit: Tuesday, December 8" in words
    assert "10:00 to 11:00 AM Eastern Time" in words
    assert "Both speakers confirmed" in words
    assert "Who comes Daniel and Maria" in words
    assert "Yes, until December 31, 2028" in words
    assert "One visit is planned." in words
    assert "Okafor" not in words
    assert "Lopez" not in words


def test_a_later_visit_says_how_it_stands_and_what_happens_next(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here)
    later = builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=7))
    lead, _ = builders.slots(session, later)
    builders.assignment(session, lead, builders.speaker(session, here.affiliate, DANIEL))
    session.commit()

    words = text_of(browser.get("/units/"))

    assert "Two visits are planned. Two still look for speakers." in words
    assert "One of two speakers found" in words
    assert "We tell you by December 8 if nobody else is found." in words


def test_a_visit_of_next_week_that_nobody_takes_is_said_plainly(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here, starts_at=NOW + timedelta(days=7))
    session.commit()

    words = text_of(browser.get("/units/"))

    assert "Nobody yet" in words
    assert "We tell you by November 28 if nobody is found." in words


def test_a_visit_that_was_called_off_stays_on_the_list_and_is_not_the_next(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here, called_off_at=NOW)
    builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=7))
    session.commit()

    words = text_of(browser.get("/units/"))

    assert "Next visit: Tuesday, December 15" in words
    assert "Called off" in words
    assert "One visit is planned." in words


def test_earlier_visits_have_their_own_list(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here, starts_at=NOW - timedelta(days=3))
    session.commit()

    assert "Friday, November 20" not in text_of(browser.get("/units/"))
    words = text_of(browser.get("/units/?when=past"))
    assert "Friday, November 20" in words
    assert "Nobody was found" in words


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("", ""), "Nobody has told yet"),
        (("", "no"), "Nobody has told yet"),
        (("", "yes"), "It took place"),
        (("all_came", "yes"), "Everyone came"),
        (("someone_missing", "yes"), "Someone could not attend"),
        (("not_held", ""), "It did not take place"),
    ],
)
def test_an_earlier_visit_says_what_came_of_it(
    browser: FlaskClient,
    session: Session,
    here: World,
    told: tuple[str, str],
    said: str,
) -> None:
    outcome, came = told
    visit = builders.visit(session, here, starts_at=NOW - timedelta(days=3))
    maria = builders.speaker(session, here.affiliate, MARIA)
    assignment = builders.assignment(session, builders.slots(session, visit)[0], maria)
    if outcome:
        session.add(WardReport(visit_id=visit.id, outcome=outcome, said_at=NOW))
    if came:
        session.add(
            Attendance(
                assignment_id=assignment.id, came=came, came_said_by="speaker", came_said_at=NOW
            )
        )
    session.commit()

    words = text_of(browser.get("/units/?when=past"))

    assert said in words
    assert "confirmed" not in words


def test_another_hospitals_visits_are_not_shown(
    browser: FlaskClient, session: Session, elsewhere: World
) -> None:
    builders.visit(session, elsewhere)
    session.commit()

    assert "No visits yet" in text_of(browser.get("/units/"))


def test_the_page_speaks_spanish(browser: FlaskClient, session: Session, here: World) -> None:
    builders.visit(session, here)
    session.commit()
    browser.post("/language", data={"lang": "es"})

    words = text_of(browser.get("/units/"))

    assert "Próxima visita: martes 8 de diciembre" in words
    assert "Buscando ponentes" in words
    assert "Le avisamos a más tardar el 1 de diciembre si no encontramos a nadie." in words


@pytest.mark.parametrize("address", ["/units/", "/units/?when=past", "/hospital/"])
def test_the_number_of_queries_does_not_grow_with_the_visits(
    address: str, browser: FlaskClient, session: Session, here: World
) -> None:
    maria = builders.speaker(session, here.affiliate, MARIA)
    _fill(session, here, maria, range(1))
    session.commit()
    with count_queries() as of_one:
        browser.get(address)
    _fill(session, here, maria, range(1, 30))
    session.commit()

    with count_queries() as of_thirty:
        browser.get(address)

    assert of_thirty.count == of_one.count


def test_long_lists_have_pages(browser: FlaskClient, session: Session, here: World) -> None:
    for day in range(30):
        builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=day))
    session.commit()

    first, second = text_of(browser.get("/units/")), text_of(browser.get("/units/?page=2"))

    assert "Next page" in first
    assert "Wednesday, January 6" not in first
    assert "Wednesday, January 6" in second
    assert "Next visit" not in second


@pytest.mark.parametrize("typed", ["0", "-1", "x", "99999", "9" * 5000, "%00", "\uff11", "1e3"])
def test_a_strange_page_number_is_no_error(typed: str, browser: FlaskClient) -> None:
    assert browser.get(f"/units/?page={typed}").status_code == 200


def test_a_coordinator_has_pages_of_her_own(
    client: FlaskClient,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
    session: Session,
    here: World,
) -> None:
    ruth = builders.coordinator(session, here.affiliate)
    session.commit()

    assert sign_in(client, ruth).get("/units/").status_code == 403


def _fill(session: Session, here: World, maria: Speaker, days: range) -> None:
    """Make a visit to come and one that is over for each day, each with one open place."""
    for day in days:
        for starts_at in (VISIT_AT + timedelta(days=day), NOW - timedelta(days=day + 1)):
            visit = builders.visit(session, here, starts_at=starts_at)
            lead, _ = builders.slots(session, visit)
            builders.assignment(session, lead, maria)
        builders.unit(session, here.hospital, here.affiliate, name=f"Unit {day}")
