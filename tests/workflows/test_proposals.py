"""What speaks against a proposal by the time somebody decides about it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM
from outreach.errors import RuleBroken
from outreach.speakers.models import Certification, Clearance, Speaker
from outreach.visits.models import Offer, Proposal
from outreach.workflows import proposals
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau

WEEK = timedelta(days=7)


def propose(bureau: Bureau, *people: Speaker) -> list[Proposal]:
    """Propose each of these for a visit of its own, a week apart."""
    return [
        builders.proposal(
            bureau.session,
            builders.slots(
                bureau.session,
                builders.visit(bureau.session, bureau.world, starts_at=VISIT_AT + week * WEEK),
            )[0],
            person,
        )
        for week, person in enumerate(people, 1)
    ]


def approve(bureau: Bureau, proposal: Proposal) -> Offer:
    return proposals.approve(bureau.session, proposal, by=SYSTEM, links=LINKS, now=NOW)


def approve_all(bureau: Bureau) -> int:
    return proposals.approve_all(
        bureau.session, bureau.world.affiliate, by=SYSTEM, links=LINKS, now=NOW
    )


def against(bureau: Bureau, proposal: Proposal) -> list[str]:
    found = proposals.objections(
        bureau.session, bureau.world.affiliate, [proposal], together=False, now=NOW
    )
    return [objection.code for objection in found[proposal.id]]


def asked(bureau: Bureau) -> list[int]:
    return list(bureau.session.scalars(select(Offer.speaker_id).order_by(Offer.id)))


def test_a_proposal_against_which_nothing_speaks_is_asked(bureau: Bureau) -> None:
    (proposal,) = propose(bureau, bureau.maria)
    before = against(bureau, proposal)

    offer = approve(bureau, proposal)

    assert before == []
    assert (offer.speaker_id, proposal.state) == (bureau.maria.id, "approved")


def test_all_together_ask_nobody_more_often_than_the_week_allows(bureau: Bureau) -> None:
    bureau.world.affiliate.offers_per_week = 2
    bureau.maria.quota_per_month = 31
    proposed = propose(bureau, bureau.maria, bureau.maria, bureau.maria, bureau.daniel)

    count = approve_all(bureau)

    assert count == 3
    assert asked(bureau) == [bureau.maria.id, bureau.maria.id, bureau.daniel.id]
    assert [p.state for p in proposed] == ["approved", "approved", "waiting", "approved"]
    assert against(bureau, proposed[2]) == ["asked_enough"]


def test_one_alone_is_held_to_the_week_as_well(bureau: Bureau) -> None:
    bureau.world.affiliate.offers_per_week = 1
    first, second = propose(bureau, bureau.maria, bureau.maria)
    approve(bureau, first)

    with pytest.raises(RuleBroken, match="Maria was asked as often this week"):
        approve(bureau, second)

    assert asked(bureau) == [bureau.maria.id]


def test_a_week_later_the_same_speaker_may_be_asked_again(bureau: Bureau) -> None:
    bureau.world.affiliate.offers_per_week = 1
    slot = bureau.slot("lead")
    builders.offer(bureau.session, slot, bureau.maria, state="not_this_time", offered_at=NOW - WEEK)
    (proposal,) = propose(bureau, bureau.maria)

    assert against(bureau, proposal) == []


def test_training_that_ended_meanwhile_speaks_against(bureau: Bureau) -> None:
    (proposal,) = propose(bureau, bureau.maria)
    for held in bureau.session.scalars(
        select(Certification).where(Certification.speaker_id == bureau.maria.id)
    ):
        held.ends_on = NOW.date()

    assert against(bureau, proposal) == ["not_certified"]
    with pytest.raises(RuleBroken, match="Maria does not fit this visit any more"):
        approve(bureau, proposal)
    assert approve_all(bureau) == 0
    assert (asked(bureau), proposal.state) == ([], "waiting")


def test_every_reason_is_told_at_once(bureau: Bureau) -> None:
    (proposal,) = propose(bureau, bureau.maria)
    for model in (Certification, Clearance):
        for held in bureau.session.scalars(
            select(model).where(model.speaker_id == bureau.maria.id)
        ):
            bureau.session.delete(held)
    bureau.maria.languages = []
    bureau.session.flush()

    assert against(bureau, proposal) == ["language", "not_certified", "not_cleared"]


def test_of_two_that_fit_alone_but_not_together_one_is_asked(bureau: Bureau) -> None:
    bureau.maria.quota_per_month = 1
    visit = builders.visit(bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=3))
    near = builders.proposal(bureau.session, bureau.slot("lead"), bureau.maria)
    far = builders.proposal(bureau.session, builders.slots(bureau.session, visit)[0], bureau.maria)
    alone = against(bureau, near), against(bureau, far)

    count = approve_all(bureau)

    assert alone == ([], [])
    assert count == 1
    assert (near.state, far.state) == ("approved", "waiting")
    assert against(bureau, far) == ["quota"]


def test_who_is_being_asked_for_the_other_place_is_not_asked_twice(bureau: Bureau) -> None:
    bureau.ask(bureau.maria, "co-presenter")
    proposal = builders.proposal(bureau.session, bureau.slot("lead"), bureau.maria)

    assert against(bureau, proposal) == ["asked_already"]
    assert approve_all(bureau) == 0


def test_a_speaker_put_aside_meanwhile_is_unavailable(bureau: Bureau) -> None:
    (proposal,) = propose(bureau, bureau.maria)
    bureau.maria.archived_at = NOW

    assert against(bureau, proposal) == ["unavailable"]
