"""Taking back: it is as it was, and nobody else has heard of it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from outreach.actor import Actor, Kind
from outreach.errors import Conflict
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot
from outreach.workflows import offers, undo, visits
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau

MINUTES = timedelta(minutes=10)
SOON = NOW + timedelta(minutes=3)


def holder(speaker: Speaker) -> Actor:
    """The one who came by the link of their own question."""
    return Actor(Kind.LINK, speaker_id=speaker.id)


def sent(bureau: Bureau, kind: str, *, to: Speaker) -> None:
    """Let a message have left."""
    mine = (Message.kind == kind, Message.recipient_id == to.id, Message.state == "pending")
    bureau.session.execute(update(Message).where(*mine).values(state="accepted", attempts=1))
    bureau.session.expire_all()


def yes(bureau: Bureau, offer: Offer, *, now: datetime = NOW) -> Assignment:
    speaker = bureau.session.get_one(Speaker, offer.speaker_id)
    return offers.accept(
        bureau.session, offer=offer, by=holder(speaker), via="link", links=LINKS, now=now
    )


def leaves_at(bureau: Bureau, kind: str, *, recipient: str) -> datetime:
    found = select(Message.send_after).where(
        Message.kind == kind, Message.recipient_kind == recipient, Message.state == "pending"
    )
    return bureau.session.scalars(found).one()


def test_who_says_yes_gets_the_invite_at_once_and_the_ward_when_it_stands(bureau: Bureau) -> None:
    yes(bureau, bureau.ask(bureau.maria))

    assert leaves_at(bureau, "invite", recipient="speaker") == NOW
    assert leaves_at(bureau, "invite", recipient="unit") == NOW + MINUTES


def test_within_a_day_of_the_visit_nobody_waits(bureau: Bureau) -> None:
    near = VISIT_AT - timedelta(hours=23)

    yes(bureau, bureau.ask(bureau.maria, now=near), now=near)

    assert leaves_at(bureau, "invite", recipient="unit") == near


def test_an_affiliate_may_let_nobody_wait(bureau: Bureau) -> None:
    bureau.world.affiliate.undo_minutes = 0

    yes(bureau, bureau.ask(bureau.maria))

    assert leaves_at(bureau, "invite", recipient="unit") == NOW


def test_a_yes_taken_back_leaves_the_question_open_and_the_ward_unaware(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    assignment = yes(bureau, offer)

    undo.a_yes(bureau.session, assignment, by=holder(bureau.maria), links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert (offer.state, offer.answered_at) == ("open", None)
    assert bureau.slot("lead").state == "open"
    assert (assignment.active, assignment.ended_because) == (False, "undone")
    waiting = select(Message.kind, Message.recipient_kind).where(Message.state == "pending")
    assert ("invite", "unit") not in {tuple(row) for row in bureau.session.execute(waiting)}


def test_who_lost_the_visit_to_a_yes_that_was_taken_back_is_asked_still(bureau: Bureau) -> None:
    first, other = bureau.ask(bureau.maria), bureau.ask(bureau.daniel)
    sent(bureau, "offer", to=bureau.daniel)
    assignment = yes(bureau, first)
    bureau.session.refresh(other)
    assert other.state == "withdrawn"

    undo.a_yes(bureau.session, assignment, by=holder(bureau.maria), links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert other.state == "open"
    assert bureau.messages(to=bureau.daniel) == []


def test_who_has_heard_that_the_visit_is_gone_is_not_asked_again(bureau: Bureau) -> None:
    first, other = bureau.ask(bureau.maria), bureau.ask(bureau.daniel)
    sent(bureau, "offer", to=bureau.daniel)
    assignment = yes(bureau, first)
    sent(bureau, "offer_gone", to=bureau.daniel)

    undo.a_yes(bureau.session, assignment, by=holder(bureau.maria), links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert other.state == "withdrawn"


def test_whom_the_question_had_not_reached_gets_it_after_all(bureau: Bureau) -> None:
    first, other = bureau.ask(bureau.maria), bureau.ask(bureau.daniel)
    assignment = yes(bureau, first)
    assert bureau.messages(to=bureau.daniel) == []

    undo.a_yes(bureau.session, assignment, by=holder(bureau.maria), links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert other.state == "open"
    assert bureau.messages(to=bureau.daniel) == ["offer mail"]


def test_a_second_yes_after_one_taken_back_tells_the_others_once(bureau: Bureau) -> None:
    first, other = bureau.ask(bureau.maria), bureau.ask(bureau.daniel)
    sent(bureau, "offer", to=bureau.daniel)
    undo.a_yes(bureau.session, yes(bureau, first), by=holder(bureau.maria), links=LINKS, now=SOON)

    yes(bureau, first, now=SOON)

    bureau.session.refresh(other)
    assert other.state == "withdrawn"
    assert bureau.messages(to=bureau.daniel) == ["offer_gone mail"]


def test_a_no_taken_back_opens_the_question_and_takes_back_those_asked_instead(
    bureau: Bureau,
) -> None:
    offer = bureau.ask(bureau.maria)
    by = holder(bureau.maria)
    offers.not_this_time(bureau.session, offer=offer, by=by, via="link", links=LINKS, now=NOW)
    instead = select(Offer).where(Offer.speaker_id != bureau.maria.id, Offer.state == "open")
    asked = bureau.session.scalars(instead).all()
    assert asked
    assert leaves_at_of(bureau, asked[0]) == NOW + MINUTES

    undo.a_no(bureau.session, offer, by=by, links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert offer.state == "open"
    assert {each.state for each in asked if each.slot_id == offer.slot_id} == {"withdrawn"}
    instead_of_maria = [each.id for each in asked if each.slot_id == offer.slot_id]
    heard = select(Message).where(
        Message.subject_kind == "offer", Message.subject_id.in_(instead_of_maria)
    )
    assert {m.state for m in bureau.session.scalars(heard)} == {"cancelled"}


def leaves_at_of(bureau: Bureau, offer: Offer) -> datetime:
    about = (Message.subject_kind == "offer", Message.subject_id == offer.id)
    return bureau.session.scalars(select(Message.send_after).where(*about)).one()


def test_stepping_back_taken_back_gives_the_place_back(bureau: Bureau) -> None:
    assignment = yes(bureau, bureau.ask(bureau.maria))
    by = holder(bureau.maria)
    offers.cannot_come(bureau.session, assignment, by=by, links=LINKS, now=NOW)

    again = undo.a_step_back(bureau.session, assignment, by=by, links=LINKS, now=SOON)
    twice = undo.a_step_back(bureau.session, assignment, by=by, links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert again.active
    assert twice.id == again.id
    assert bureau.slot("lead").state == "filled"
    open_now = select(Offer).where(Offer.slot_id == again.slot_id, Offer.state == "open")
    assert bureau.session.scalars(open_now).all() == []
    assert "reminder mail" in bureau.messages(to=bureau.maria)


def test_a_place_somebody_else_took_meanwhile_stays_theirs(bureau: Bureau) -> None:
    assignment = yes(bureau, bureau.ask(bureau.maria))
    by = holder(bureau.maria)
    offers.cannot_come(bureau.session, assignment, by=by, links=LINKS, now=NOW)
    waiting = select(Offer).where(Offer.slot_id == assignment.slot_id, Offer.state == "open")
    yes(bureau, bureau.session.scalars(waiting).first() or bureau.ask(bureau.henry), now=SOON)

    with pytest.raises(Conflict):
        undo.a_step_back(bureau.session, assignment, by=by, links=LINKS, now=SOON)


def test_a_visit_called_off_by_mistake_takes_place_with_those_who_meant_to_come(
    bureau: Bureau,
) -> None:
    assignment = yes(bureau, bureau.ask(bureau.maria))
    visits.call_off(bureau.session, bureau.visit, by=coordinator(bureau), links=LINKS, now=NOW)

    undo.a_call_off(bureau.session, bureau.visit, by=coordinator(bureau), links=LINKS, now=SOON)

    bureau.session.expire_all()
    assert bureau.visit.called_off_at is None
    assert {slot.state for slot in slots(bureau)} == {"filled", "open"}
    active = bureau.session.scalars(select(Assignment).where(Assignment.active)).one()
    assert (active.speaker_id, active.id) != (assignment.speaker_id, assignment.id)
    assert active.speaker_id == bureau.maria.id
    assert "called_off mail" not in bureau.messages()
    assert "on_again mail" not in bureau.messages()


def coordinator(bureau: Bureau) -> Actor:
    return Actor(Kind.COORDINATOR, account_id=0, affiliate_id=bureau.world.affiliate.id)


def slots(bureau: Bureau) -> list[Slot]:
    return list(bureau.session.scalars(select(Slot).where(Slot.visit_id == bureau.visit.id)))


def test_who_heard_that_the_visit_was_off_hears_that_it_is_on(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    yes(bureau, bureau.ask(bureau.maria))
    by = coordinator(bureau)
    visits.call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=NOW)
    sent(bureau, "called_off", to=bureau.maria)

    undo.a_call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=SOON)

    assert "on_again mail" in bureau.messages(to=bureau.maria)


def liaison(bureau: Bureau) -> Actor:
    return Actor(Kind.LIAISON, account_id=0, hospital_id=bureau.world.hospital.id)


def test_a_visit_the_unit_called_off_is_not_put_back_by_the_bureau_nor_the_other_way_round(
    bureau: Bureau,
) -> None:
    visits.call_off(bureau.session, bureau.visit, by=liaison(bureau), links=LINKS, now=NOW)

    with pytest.raises(Conflict, match="not yours"):
        undo.a_call_off(bureau.session, bureau.visit, by=coordinator(bureau), links=LINKS, now=SOON)

    undo.a_call_off(bureau.session, bureau.visit, by=liaison(bureau), links=LINKS, now=SOON)
    visits.call_off(bureau.session, bureau.visit, by=coordinator(bureau), links=LINKS, now=SOON)
    with pytest.raises(Conflict, match="not yours"):
        undo.a_call_off(bureau.session, bureau.visit, by=liaison(bureau), links=LINKS, now=SOON)


def test_a_coordinator_does_not_take_back_what_a_speaker_said(bureau: Bureau) -> None:
    assignment = yes(bureau, bureau.ask(bureau.maria))
    by = coordinator(bureau)

    with pytest.raises(Conflict, match="not yours"):
        undo.a_yes(bureau.session, assignment, by=by, links=LINKS, now=SOON)
    own = holder(bureau.maria)
    offers.cannot_come(bureau.session, assignment, by=own, links=LINKS, now=NOW)
    with pytest.raises(Conflict, match="not yours"):
        undo.a_step_back(bureau.session, assignment, by=by, links=LINKS, now=SOON)


def test_a_visit_whose_time_was_taken_meanwhile_stays_off(bureau: Bureau) -> None:
    by = coordinator(bureau)
    visits.call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=NOW)
    other = builders.visit(bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=7))
    other.starts_at, other.ends_at = bureau.visit.starts_at, bureau.visit.ends_at
    bureau.session.flush()

    with pytest.raises(Conflict, match="another visit at that time"):
        undo.a_call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=SOON)


def test_after_its_minutes_nothing_is_taken_back(bureau: Bureau) -> None:
    late = NOW + MINUTES
    offer = bureau.ask(bureau.maria)
    assignment = yes(bureau, offer)
    by = coordinator(bureau)

    with pytest.raises(Conflict):
        undo.a_yes(bureau.session, assignment, by=by, links=LINKS, now=late)
    offers.cannot_come(bureau.session, assignment, by=by, links=LINKS, now=NOW)
    with pytest.raises(Conflict):
        undo.a_step_back(bureau.session, assignment, by=by, links=LINKS, now=late)
    visits.call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=NOW)
    with pytest.raises(Conflict):
        undo.a_call_off(bureau.session, bureau.visit, by=by, links=LINKS, now=late)
    with pytest.raises(Conflict):
        undo.a_no(bureau.session, offer, by=by, links=LINKS, now=SOON)


def test_a_yes_entered_by_mistake_is_told_to_who_had_heard_of_it(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    by = coordinator(bureau)
    assignment = offers.record_yes(
        bureau.session, bureau.slot("lead"), speaker=bureau.maria, by=by, links=LINKS, now=NOW
    )
    sent(bureau, "confirmed", to=bureau.maria)

    undo.a_yes(bureau.session, assignment, by=by, links=LINKS, now=SOON)

    assert "taken_back mail" in bureau.messages(to=bureau.maria)


def test_a_yes_entered_by_mistake_that_nobody_heard_of_is_not_mentioned(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    by = coordinator(bureau)
    assignment = offers.record_yes(
        bureau.session, bureau.slot("lead"), speaker=bureau.maria, by=by, links=LINKS, now=NOW
    )

    undo.a_yes(bureau.session, assignment, by=by, links=LINKS, now=SOON)

    told = bureau.messages(to=bureau.maria)
    assert not {"confirmed mail", "taken_back mail"} & set(told)
