"""A search for speakers on its pages: asked for, looked at while it goes on, stopped, explained."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.speakers.models import Speaker
from outreach.visits.models import MatchingRun, Proposal, Slot, Visit
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, NOW, VISIT_AT, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
Search = Callable[[], int]
PAGE = "/coordinator/visits/proposals"


@pytest.fixture
def people(session: Session, here: World) -> list[Speaker]:
    """Three peer speakers for a visit for two."""
    made = [
        builders.speaker(session, here.affiliate, person, certified_for=here.program)
        for person in (MARIA, DANIEL, JOY)
    ]
    builders.visit(session, here)
    return made


def the_run(database: Database) -> MatchingRun:
    with database.reading() as session:
        return session.scalars(select(MatchingRun).order_by(MatchingRun.id.desc())).all()[0]


def running(**progress: int) -> dict[str, Any]:
    return {
        "state": "running",
        "started_at": NOW,
        "attempts": 1,
        "lease_token": "held",
        "lease_until": NOW + timedelta(seconds=45),
        "progress": progress,
    }


@pytest.mark.usefixtures("people")
def test_a_search_is_asked_for_by_whom_and_begins_in_a_moment(
    desk: Desk, database: Database, ruth: Membership
) -> None:
    browser = desk()

    page = browser.get(browser.post(PAGE).location).text

    run = the_run(database)
    assert (run.state, run.asked_by_id) == ("waiting", ruth.account_id)
    assert 'role="status"' in page
    assert "All open visits" in page
    assert "The search begins in a moment." in page
    assert "worker" not in page


@pytest.mark.usefixtures("people")
def test_asking_twice_leads_to_the_one_search(desk: Desk) -> None:
    browser = desk()

    first, second = browser.post(PAGE), browser.post(PAGE)

    assert first.location == second.location
    assert "A search for speakers is under way already." in browser.get(second.location).text


@pytest.mark.usefixtures("people")
def test_one_that_nobody_begins_says_what_may_be_wrong(
    desk: Desk, present: time_machine.Traveller
) -> None:
    browser = desk()
    address = browser.post(PAGE).location

    present.shift(timedelta(seconds=61))

    assert "ask your administrator whether the worker" in browser.get(address).text


def test_how_far_it_is_stands_in_plain_words(desk: Desk, session: Session, here: World) -> None:
    told = running(components=4, components_done=1, visits=3000, filled=2608, fill_bound=2611)
    run = builders.matching_run(session, here.affiliate, **told)
    browser = desk()

    page = browser.get(f"{PAGE}/runs/{run.public_id}").text
    proposals = browser.get(PAGE).text

    said = "3,000 visits need people. 2,608 have them so far. At most 2,611 can have them."
    assert said in " ".join(page.split())
    assert "1 of 4 parts are done." in page
    assert 'value="2608" max="2611"' in page
    assert "Stop and keep the best so far" in page
    assert f"{PAGE}/runs/{run.public_id}" in proposals
    assert "A search for speakers is under way." in proposals
    assert "Find speakers" not in proposals


def test_the_same_in_spanish(desk: Desk, session: Session, here: World) -> None:
    told = running(components=4, components_done=1, visits=1, filled=0, fill_bound=1)
    run = builders.matching_run(session, here.affiliate, **told)
    browser = desk()
    browser.post("/language", data={"lang": "es"})

    with i18n.speaking("es"):
        page = browser.get(f"{PAGE}/runs/{run.public_id}").text

    said = "Una visita necesita personas. Ninguna las tiene hasta ahora. Como máximo una puede"
    assert said in " ".join(page.split())


def test_stopping_is_asked_for_and_said(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    run = builders.matching_run(session, here.affiliate, **running())
    browser = desk()
    address = f"{PAGE}/runs/{run.public_id}"

    answer = browser.post(f"{address}/stop")

    assert answer.location == address
    page = browser.get(address).text
    assert "Stopping. The best found so far is being kept." in page
    assert "/stop" not in page
    assert the_run(database).stop_asked_at == NOW


@pytest.mark.usefixtures("people")
def test_one_that_had_not_begun_is_taken_back(desk: Desk, database: Database) -> None:
    browser = desk()
    address = browser.post(PAGE).location
    waits = browser.get(address).text

    answer = browser.post(f"{address}/stop")

    assert "Take the search back" in waits
    assert answer.location == PAGE
    assert "had not begun and is taken back" in browser.get(PAGE).text
    assert the_run(database).state == "stopped"


def test_one_that_broke_off_says_what_to_do(desk: Desk, session: Session, here: World) -> None:
    run = builders.matching_run(
        session, here.affiliate, state="failed", failure="broken", finished_at=NOW
    )

    browser = desk()
    proposals = browser.get(PAGE).text
    page = browser.get(f"{PAGE}/runs/{run.public_id}").text

    assert "The last search broke off" in proposals
    assert "Your proposals are as they were, and nobody was asked." in page
    assert run.public_id in page
    assert f"{PAGE}/new" in page


def test_some_visits_are_chosen_by_time_and_hospital(
    desk: Desk, database: Database, session: Session, here: World, search: Search
) -> None:
    for person in (MARIA, DANIEL):
        builders.speaker(session, here.affiliate, person, certified_for=here.program)
    soon = builders.visit(session, here, starts_at=NOW + timedelta(days=11))
    builders.visit(session, here, starts_at=NOW + timedelta(days=15))
    browser = desk()
    form = browser.get(f"{PAGE}/new?when=2weeks&hospital={here.hospital.public_id}").text

    chosen = {"when": "2weeks", "hospital": here.hospital.public_id}
    waiting = browser.get(browser.post(PAGE, data=chosen).location).text
    search()

    assert f'value="{here.hospital.public_id}" selected' in form.replace(
        f'selected value="{here.hospital.public_id}"',
        f'value="{here.hospital.public_id}" selected',
    )
    assert f"Open visits at {here.hospital.name}, next 2 weeks" in waiting
    with database.reading() as fresh:
        proposed = select(Slot.visit_id).join(Proposal, Proposal.slot_id == Slot.id).distinct()
        assert fresh.scalars(proposed).all() == [soon.id]


@pytest.mark.usefixtures("people")
def test_one_visit_is_looked_at_from_its_own_page(
    desk: Desk, database: Database, session: Session, here: World, search: Search
) -> None:
    other = builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=7))
    browser = desk()
    page = browser.get(f"/coordinator/visits/{other.public_id}").text

    browser.post(PAGE, data={"visit": other.public_id})
    search()

    assert "Find speakers for this visit" in page
    with database.reading() as fresh:
        proposed = select(Slot.visit_id).join(Proposal, Proposal.slot_id == Slot.id).distinct()
        assert fresh.scalars(proposed).all() == [other.id]


def test_what_changed_is_told_with_its_reason(
    desk: Desk, session: Session, here: World, people: list[Speaker], search: Search
) -> None:
    lead, beside = builders.slots(session, session.scalars(select(Visit)).one())
    maria, daniel, joy = people
    builders.proposal(session, lead, maria)
    builders.proposal(session, beside, daniel)
    builders.away(session, maria, starts_on=VISIT_AT.date(), ends_on=VISIT_AT.date())
    browser = desk()
    browser.post(PAGE)
    search()

    summary = browser.get(PAGE).text
    (address,) = {part for part in summary.split('"') if part.endswith("/changes")}
    page = browser.get(address).text

    assert here.affiliate.id
    assert "Proposals: 1 stayed, 1 changed, 0 new, 0 gone." in summary
    assert "Maria is no longer free" in page
    assert f"{joy.first_name} {joy.last_name}" in page
    assert "It is proven that no other choice is better" in page


def test_what_changed_since_can_be_looked_at_alone(
    desk: Desk, session: Session, here: World, people: list[Speaker], search: Search
) -> None:
    browser = desk()
    browser.post(PAGE)
    search()
    quiet = browser.get(PAGE).text
    later = NOW + timedelta(seconds=1)
    builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=7), created_at=later)
    builders.away(session, people[0], starts_on=VISIT_AT.date(), ends_on=VISIT_AT.date())
    builders.away(session, people[1], starts_on=VISIT_AT.date(), ends_on=VISIT_AT.date())
    session.commit()

    changed = " ".join(browser.get(PAGE).text.split())
    browser.post(PAGE, data={"missing": "1"})
    search()
    after = browser.get(PAGE).text

    assert "Something changed" not in quiet
    assert "One visit was added." in changed
    assert "For one visit somebody who is proposed does not fit any more." in changed
    assert "Find speakers for what changed" in changed
    assert "Something changed" not in after


def test_a_search_for_one_visit_does_not_hide_what_changed_elsewhere(
    desk: Desk, session: Session, here: World, people: list[Speaker], search: Search
) -> None:
    assert people
    browser = desk()
    browser.post(PAGE)
    search()
    later = NOW + timedelta(seconds=1)
    one, _other = (
        builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=days), created_at=later)
        for days in (7, 14)
    )
    session.commit()

    both = browser.get(PAGE).text
    browser.post(PAGE, data={"visit": one.public_id})
    search()
    left = browser.get(PAGE).text

    assert "2 visits were added." in both
    assert "One visit was added." in left


def test_thirty_changes_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting, people: list[Speaker]
) -> None:
    maria, daniel, _joy = people

    def run_with(count: int) -> str:
        visits = [
            builders.visit(session, here, starts_at=VISIT_AT + timedelta(hours=number + count))
            for number in range(1, count + 1)
        ]
        against = {"code": "rest", "params": {"visit": visits[0].public_id, "rest_days": 2}}
        why = {"code": "refused", "count": 0, "refusals": [against], "recent": [0, 0]}
        changes = [
            {"visit": v.id, "role": "lead", "before": maria.id, "after": daniel.id, "why": why}
            for v in visits
        ]
        made = builders.matching_run(
            session,
            here.affiliate,
            state="done",
            started_at=NOW,
            finished_at=NOW,
            result={"kept": 0, "asked": 0, "changes": changes},
        )
        return f"{PAGE}/runs/{made.public_id}/changes"

    addresses = run_with(1), run_with(30)
    browser = desk()
    counts = []
    for address in addresses:
        with counting() as counted:
            assert browser.get(address).status_code == 200
        counts.append(counted.count)

    assert counts[0] == counts[1]
