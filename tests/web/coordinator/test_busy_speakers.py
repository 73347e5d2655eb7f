"""What coordinators see of a speaker who is busy in their own calendar: not available, no more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.speakers.models import Exclusion, Speaker
from outreach.speakers.ports import BusySpan
from outreach.visits.models import Visit
from outreach.wiring import Wiring
from tests import builders
from tests.builders import JOY, MARIA, VISIT_AT, Person, World
from tests.speakers.calendars import connected

Desk = Callable[[], FlaskClient]
HOUR = timedelta(hours=1)


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate, MARIA, certified_for=here.program)


@pytest.fixture
def visit(session: Session, here: World) -> Visit:
    return builders.visit(session, here, roles=("lead",))


def test_busy_reads_like_an_exclusion_and_like_any_other_unavailability(
    desk: Desk, session: Session, here: World, visit: Visit, wired: Wiring
) -> None:
    joy = builders.speaker(session, here.affiliate, JOY, certified_for=here.program)
    luis = builders.speaker(
        session, here.affiliate, Person("Luis", "Tran"), certified_for=here.program
    )
    session.add(Exclusion(speaker_id=joy.id, unit_id=here.unit.id))
    connected(session, luis, BusySpan(VISIT_AT, VISIT_AT + HOUR), ring=wired.vault.ring)

    page = desk().get(f"/coordinator/visits/{visit.public_id}").text

    excluded, busy = _row(page, joy), _row(page, luis)
    assert "Not available" in busy
    assert busy == excluded
    assert [word for word in ("calendar.example.org", "own calendar", "busy") if word in page] == []


def test_what_is_tentative_says_nothing_to_them(
    desk: Desk, session: Session, visit: Visit, maria: Speaker, wired: Wiring
) -> None:
    before = desk().get(f"/coordinator/visits/{visit.public_id}").text
    span = BusySpan(VISIT_AT, VISIT_AT + HOUR, tentative=True)
    connected(session, maria, span, ring=wired.vault.ring)

    after = desk().get(f"/coordinator/visits/{visit.public_id}").text

    assert "Ask Maria" in after
    assert "tentative" not in after
    assert after.count("Ask Maria") == before.count("Ask Maria")


def _row(page: str, speaker: Speaker) -> str:
    """Return a speaker's row of "why not", without the name and id."""
    begin = page.index(f'speakers/{speaker.public_id}">')
    row = page[begin : page.index("</tr>", begin)]
    return row.replace(speaker.public_id, "").replace(
        f"{speaker.first_name} {speaker.last_name}", ""
    )
