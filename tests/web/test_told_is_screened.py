"""What is told after a visit is screened for what leads to a person, at every door it comes in."""

from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.links import Links
from outreach.visits.models import Debrief, IncidentReport, WardReport
from tests import builders
from tests.after_visit_builders import Past, incident, past
from tests.digest import digest
from tests.web.liaison.pages import text_of

SignIn = Callable[[FlaskClient, Membership], FlaskClient]

WELL = {"how_was_it": "well", "how_are_you": "well"}
CAME = {"outcome": "all_came"}
FELL = {"kind": "hurt"}

FOUND = {
    "Call his sister, 313-555-0199.": "a telephone number",
    "123-45-6789 was on the board.": "a social security number",
    "MRN 4471203 asked for a group.": "a record number",
    "Write to zoe@people.example.": "a mail address",
    "Two with F32.1 came.": "a diagnosis code",
}


@dataclass(frozen=True)
class Door:
    """A place where something is told: its address, what else is sent, and the screened field."""

    path: str
    said: dict[str, str]
    label: str
    field: str = "words"
    who: str = ""


@pytest.fixture
def over(session: Session) -> Past:
    made = past(session)
    incident(session, made.visit)
    session.commit()
    return made


def doors(over: Past, links: Links, report: IncidentReport) -> dict[str, Door]:
    visit, hers = over.visit.public_id, over.of_maria.public_id
    debrief, came = "Anything you would like to tell us", "Anything we should know"
    happened = "What happened, in a few words"
    return {
        "debrief by link": Door(over.debrief_path(links), WELL, debrief),
        "debrief": Door(f"/speaker/visits/{hers}/debrief", WELL, debrief, who="maria"),
        "came by link": Door(over.came_path(links), CAME, came),
        "came": Door(f"/units/visits/{visit}/came", CAME, came, who="priya"),
        "incident by the speaker's link": Door(
            f"{over.debrief_path(links)}/incident", FELL, happened
        ),
        "incident by the unit's link": Door(f"{over.came_path(links)}/incident", FELL, happened),
        "incident of a speaker": Door(
            f"/speaker/visits/{hers}/incident", FELL, happened, who="maria"
        ),
        "incident of a liaison": Door(
            f"/units/visits/{visit}/incident", FELL, happened, who="priya"
        ),
        "incident of a coordinator": Door(
            f"/coordinator/visits/{visit}/incident", FELL, happened, who="ruth"
        ),
        "settled": Door(
            f"/coordinator/incidents/{report.public_id}", {}, "What was done", "note", who="ruth"
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "debrief by link",
        "debrief",
        "came by link",
        "came",
        "incident by the speaker's link",
        "incident by the unit's link",
        "incident of a speaker",
        "incident of a liaison",
        "incident of a coordinator",
        "settled",
    ],
)
def test_a_number_is_refused_beside_its_field_and_what_was_typed_stays(
    client: FlaskClient,
    session: Session,
    over: Past,
    *,
    sign_in: SignIn,
    links: Links,
    db: Database,
    name: str,
) -> None:
    report = session.scalars(select(IncidentReport)).one()
    door = doors(over, links, report)[name]
    browser, is_by_link = client, not door.who
    if door.who:
        maria = builders.speaker_member(session, over.maria)
        members = {"maria": maria, "priya": over.priya, "ruth": over.ruth}
        browser = sign_in(client, members[door.who])
    before = digest(db)

    for typed, what in FOUND.items():
        data = {**door.said, door.field: typed}
        answer = browser.post(door.path, data=data, **({"forged": True} if is_by_link else {}))

        assert answer.status_code == 422, typed
        assert f"“{door.label}” seems to hold {what}. Please take it out." in text_of(answer)
        assert f'id="{door.field}-error"' in answer.text
        assert typed in unescape(answer.text)
    assert digest(db) == before


def test_what_holds_none_is_taken_up_to_a_thousand_characters(
    client: FlaskClient, session: Session, over: Past, links: Links
) -> None:
    long = "They were kind. " * 62

    told = client.post(over.debrief_path(links), data={**WELL, "words": long}, forged=True)
    words = "Eight came to room 310 at 2:15."
    came = client.post(over.came_path(links), data={**CAME, "words": words}, forged=True)

    assert (told.status_code, came.status_code) == (303, 303)
    assert session.scalar(select(func.length(Debrief.words))) == len(long.strip())
    assert session.scalars(select(WardReport.words)).one() == words


def test_the_refusal_speaks_spanish_too(client: FlaskClient, over: Past, links: Links) -> None:
    data = {**WELL, "words": "Su teléfono es 313-555-0199."}

    answer = client.post(f"{over.debrief_path(links)}?lang=es", data=data, forged=True)

    assert "parece contener un número de teléfono" in text_of(answer)
