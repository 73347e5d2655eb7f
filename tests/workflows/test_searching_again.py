"""What a new search moves, and what it leaves alone: the promised, the near, the not selected."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from outreach import matching
from outreach.actor import SYSTEM
from outreach.matching.turns import Wanted
from outreach.speakers.models import Speaker
from outreach.visits.models import Proposal, Slot, Visit
from outreach.workflows import matching_changes, proposals
from outreach.workflows.proposals import Stored
from outreach.workflows.selection import EVERYTHING, Selection
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import Bureau

pytestmark = pytest.mark.both_engines

LATER = NOW + timedelta(hours=1)
NEAR = NOW + timedelta(days=2)


def search(
    bureau: Bureau, *, selection: Selection = EVERYTHING, now: datetime = NOW
) -> tuple[Stored, list[dict[str, Any]]]:
    """Look for speakers; return what became of the proposals, and the changes in words of rows."""
    session, affiliate = bureau.session, bureau.world.affiliate
    asked = proposals.read(session, affiliate, selection=selection, now=now)
    found = matching.solve(asked.problem)
    stored = proposals.store(session, affiliate, found, movable=asked.movable, by=SYSTEM, now=now)
    differences = matching.compare(asked.problem, found)
    return stored, matching_changes.rows(session, differences, stored, now=now)


def waiting(bureau: Bureau, visit: Visit | None = None) -> Sequence[Proposal]:
    found = select(Proposal).where(Proposal.state == "waiting").order_by(Proposal.id)
    if visit is not None:
        mine = select(Slot.id).where(Slot.visit_id == visit.id)
        found = found.where(Proposal.slot_id.in_(mine))
    return bureau.session.scalars(found).all()


def who(bureau: Bureau, visit: Visit | None = None) -> set[int]:
    return {proposal.speaker_id for proposal in waiting(bureau, visit)}


def propose(bureau: Bureau, visit: Visit, lead: Speaker, beside: Speaker) -> None:
    for slot in builders.slots(bureau.session, visit):
        builders.proposal(bureau.session, slot, lead if slot.role == "lead" else beside)


def test_a_second_search_leaves_the_very_rows_as_they_are(bureau: Bureau) -> None:
    builders.visit(bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=7))
    first, _ = search(bureau)
    before = [(p.public_id, p.speaker_id, p.created_at) for p in waiting(bureau)]

    second, changes = search(bureau, now=LATER)

    assert (first.kept, first.count) == (0, 4)
    assert (second.kept, second.added, second.dropped) == (4, frozenset(), frozenset())
    assert [(p.public_id, p.speaker_id, p.created_at) for p in waiting(bureau)] == before
    assert changes == []


def test_who_is_not_free_any_more_is_replaced_and_the_others_stay(bureau: Bureau) -> None:
    propose(bureau, bureau.visit, bureau.maria, bureau.daniel)
    builders.away(bureau.session, bureau.maria, starts_on=VISIT_AT.date(), ends_on=VISIT_AT.date())

    stored, (change,) = search(bureau)

    assert (stored.kept, len(stored.added), len(stored.dropped)) == (1, 1, 1)
    assert (change["before"], change["role"]) == (bureau.maria.id, "lead")
    assert change["after"] in {bureau.joy.id, bureau.henry.id}
    assert change["why"]["code"] == "refused"
    assert [each["code"] for each in change["why"]["refusals"]] == ["unavailable"]


def test_an_exclusion_reads_as_any_other_day_somebody_is_not_free(bureau: Bureau) -> None:
    propose(bureau, bureau.visit, bureau.maria, bureau.daniel)
    builders.exclusion(bureau.session, bureau.maria, bureau.world.unit)

    _, (change,) = search(bureau)

    assert change["why"]["refusals"] == [{"code": "unavailable", "params": {}}]


def test_who_left_the_bureau_is_not_proposed_any_more(bureau: Bureau) -> None:
    propose(bureau, bureau.visit, bureau.maria, bureau.daniel)
    bureau.maria.archived_at = NOW
    bureau.session.flush()

    stored, (change,) = search(bureau)

    gone = Wanted(bureau.visit.public_id, bureau.maria.public_id, "lead")
    assert stored.dropped == {gone}
    assert (change["before"], change["why"]["code"]) == (bureau.maria.id, "refused")
    assert change["after"] is not None


@pytest.mark.parametrize(("cut_off_days", "moves"), [(3, False), (2, True), (0, True)])
def test_proposals_nearer_than_the_cut_off_do_not_move(
    bureau: Bureau, cut_off_days: int, moves: bool
) -> None:
    bureau.world.affiliate.cut_off_days = cut_off_days
    bureau.world.affiliate.levels = ["fill", "fairness", "kept"]
    bureau.visit.called_off_at = NOW
    near = builders.visit(bureau.session, bureau.world, starts_at=NEAR)
    for week in range(1, 4):
        past = builders.visit(
            bureau.session, bureau.world, starts_at=NOW - timedelta(weeks=week, hours=week)
        )
        builders.assignment(bureau.session, builders.slots(bureau.session, past)[0], bureau.maria)
    propose(bureau, near, bureau.maria, bureau.daniel)

    stored, changes = search(bureau)

    assert (bureau.maria.id not in who(bureau)) is moves
    assert stored.kept == (1 if moves else 2)
    assert [change["why"]["code"] for change in changes] == (["fairness"] if moves else [])
    if moves:
        assert changes[0]["why"]["recent"] == [3, 0]


def test_a_near_visit_without_a_proposal_is_still_proposed_for(bureau: Bureau) -> None:
    near = builders.visit(bureau.session, bureau.world, starts_at=NEAR)

    search(bureau)

    assert len(waiting(bureau, near)) == 2


def test_a_near_proposal_that_does_not_fit_any_more_does_not_hold(bureau: Bureau) -> None:
    near = builders.visit(bureau.session, bureau.world, starts_at=NEAR)
    propose(bureau, near, bureau.maria, bureau.daniel)
    builders.away(bureau.session, bureau.maria, starts_on=NEAR.date(), ends_on=NEAR.date())

    search(bureau)

    assert bureau.maria.id not in who(bureau, near)
    assert bureau.daniel.id in who(bureau, near)


def test_a_selection_leaves_every_other_proposal_where_it_is(bureau: Bureau) -> None:
    next_day = VISIT_AT + timedelta(days=1)
    other = builders.visit(bureau.session, bureau.world, starts_at=next_day)
    bureau.maria.rest_days = bureau.daniel.rest_days = 2
    propose(bureau, other, bureau.maria, bureau.daniel)
    before = [proposal.public_id for proposal in waiting(bureau)]

    stored, _ = search(bureau, selection=Selection(visit_id=bureau.visit.id))

    assert [p.public_id for p in waiting(bureau, other)] == before
    assert who(bureau, bureau.visit) == {bureau.joy.id, bureau.henry.id}
    assert (stored.kept, len(stored.added)) == (2, 2)


def test_a_span_and_a_hospital_narrow_together(bureau: Bureau) -> None:
    session, world = bureau.session, bureau.world
    elsewhere = builders.hospital(session, world.affiliate, name="Mercy")
    unit = builders.unit(session, elsewhere, world.affiliate)
    there = builders.visit(session, world, at=unit, starts_at=VISIT_AT + timedelta(days=3))
    builders.visit(session, world, at=unit, starts_at=VISIT_AT + timedelta(days=21))
    selection = Selection(until=NOW + timedelta(weeks=4), hospital_id=elsewhere.id)

    search(bureau, selection=selection)

    assert len(waiting(bureau)) == len(waiting(bureau, there)) == 2


def test_only_what_lacks_people_is_looked_at_after_a_change(bureau: Bureau) -> None:
    bureau.world.affiliate.levels = ["fill", "fairness"]
    added = builders.visit(bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=7))
    propose(bureau, bureau.visit, bureau.maria, bureau.daniel)
    before = [proposal.public_id for proposal in waiting(bureau)]

    stored, changes = search(bureau, selection=Selection(only_missing=True))

    assert [p.public_id for p in waiting(bureau, bureau.visit)] == before
    assert len(waiting(bureau, added)) == 2
    assert (stored.kept, {change["visit"] for change in changes}) == (2, {added.id})


def test_after_a_change_who_does_not_fit_any_more_is_replaced(bureau: Bureau) -> None:
    propose(bureau, bureau.visit, bureau.maria, bureau.daniel)
    builders.away(bureau.session, bureau.maria, starts_on=VISIT_AT.date(), ends_on=VISIT_AT.date())

    search(bureau, selection=Selection(only_missing=True))

    assert bureau.maria.id not in who(bureau)
    assert bureau.daniel.id in who(bureau)
    assert len(waiting(bureau)) == 2


def test_a_proposal_made_while_the_search_goes_on_stays(bureau: Bureau) -> None:
    session, affiliate = bureau.session, bureau.world.affiliate
    asked = proposals.read(session, affiliate, now=NOW)
    found = matching.solve(asked.problem)
    made = builders.proposal(session, bureau.slot("lead"), bureau.henry)

    stored = proposals.store(session, affiliate, found, movable=asked.movable, by=SYSTEM, now=NOW)

    assert made.state == "waiting"
    assert stored.kept == 1
    assert len(waiting(bureau)) == 2
