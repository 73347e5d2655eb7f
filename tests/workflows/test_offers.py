from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from outreach import crypto
from outreach.actor import SYSTEM
from outreach.audit import AuditEvent
from outreach.errors import Conflict, RuleBroken
from outreach.messaging.models import Message
from outreach.visits import service
from outreach.visits.models import Assignment, Offer, Proposal
from outreach.workflows import asking, offers, proposals
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau


def accept(bureau: Bureau, offer: Offer, **values: object) -> Assignment:
    arguments = {"by": SYSTEM, "via": "link", "links": LINKS, "now": NOW} | values
    return offers.accept(bureau.session, offer=offer, **arguments)  # type: ignore[arg-type] # mixed


def refuse(bureau: Bureau, offer: Offer) -> None:
    offers.not_this_time(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)


def step_back(bureau: Bureau, assignment: Assignment) -> None:
    offers.cannot_come(bureau.session, assignment, by=SYSTEM, links=LINKS, now=NOW)


def open_to(bureau: Bureau, slot_id: int) -> list[int]:
    waiting = select(Offer.speaker_id).where(Offer.slot_id == slot_id, Offer.state == "open")
    return list(bureau.session.scalars(waiting))


def test_an_offer_goes_out_by_mail_with_a_link_that_is_stored_hashed(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    token = LINKS.answer_token(
        offer.public_id, speaker_id=bureau.maria.public_id, expires_at=offer.expires_at
    )
    assert offer.token_hash == crypto.digest(token)
    assert bureau.messages(to=bureau.maria) == ["offer mail"]
    stored = bureau.session.scalars(select(Message)).one()
    assert token not in str(stored.values)


def test_a_speaker_who_agreed_to_texts_gets_one_too(bureau: Bureau) -> None:
    bureau.maria.channel = "sms"
    builders.agrees(bureau.session, bureau.maria)

    bureau.ask(bureau.maria)

    assert sorted(bureau.messages(to=bureau.maria)) == ["offer mail", "offer sms"]


def test_nobody_is_texted_without_a_row_in_the_ledger(bureau: Bureau) -> None:
    bureau.maria.channel = "sms"

    bureau.ask(bureau.maria)

    assert bureau.messages(to=bureau.maria) == ["offer mail"]


def test_the_same_person_is_not_asked_twice_for_a_slot(bureau: Bureau) -> None:
    bureau.ask(bureau.maria)

    with pytest.raises(Conflict, match="asked already"):
        bureau.ask(bureau.maria)


def test_a_yes_fills_the_slot_invites_and_plans_reminders(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    assignment = accept(bureau, offer)

    bureau.session.expire_all()
    assert assignment.active
    assert bureau.slot("lead").state == "filled"
    assert (offer.state, offer.answered_by) == ("accepted", "link")
    told = bureau.messages(to=bureau.maria)
    assert told.count("invite mail") == 1
    assert told.count("reminder mail") == 3
    ward = select(Message.kind).where(Message.recipient_kind == "unit")
    assert bureau.session.scalars(ward).all() == ["invite"]


def test_a_second_tap_gives_the_same_assignment(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    assert accept(bureau, offer) is accept(bureau, offer)


def test_the_second_speaker_to_accept_is_told_the_visit_is_taken(bureau: Bureau) -> None:
    to_maria, to_daniel = bureau.ask(bureau.maria), bureau.ask(bureau.daniel)
    bureau.session.execute(update(Message).values(state="accepted"))
    accept(bureau, to_maria)

    with pytest.raises(Conflict, match="has just taken"):
        accept(bureau, to_daniel)
    assert (to_maria.state, to_daniel.state) == ("accepted", "withdrawn")
    assert "offer_gone mail" in bureau.messages(to=bureau.daniel)
    assert "offer mail" not in bureau.messages(to=bureau.daniel)


def test_an_expired_offer_is_answered_too_late(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    with pytest.raises(Conflict, match="no longer open"):
        accept(bureau, offer, now=offer.expires_at)
    assert accept(bureau, offer, now=offer.expires_at - timedelta(seconds=1)).active


def test_a_speaker_with_another_visit_then_is_refused(bureau: Bureau) -> None:
    elsewhere = builders.visit(
        bureau.session,
        bureau.world,
        at=builders.unit(
            bureau.session, bureau.world.hospital, bureau.world.affiliate, name="Unit 6"
        ),
    )
    offer = bureau.ask(bureau.maria)
    builders.assignment(bureau.session, builders.slots(bureau.session, elsewhere)[0], bureau.maria)

    with pytest.raises(Conflict, match="too close"):
        accept(bureau, offer)


def test_rest_days_are_looked_at_again_when_the_yes_comes(bureau: Bureau) -> None:
    bureau.maria.rest_days = 2
    day_before = builders.visit(
        bureau.session, bureau.world, starts_at=VISIT_AT - timedelta(days=1)
    )
    offer = bureau.ask(bureau.maria)
    builders.assignment(bureau.session, builders.slots(bureau.session, day_before)[0], bureau.maria)

    with pytest.raises(Conflict, match="too close"):
        accept(bureau, offer)


def test_not_this_time_asks_the_next_speaker(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    refuse(bureau, offer)
    refuse(bureau, offer)

    assert offer.state == "not_this_time"
    (next_asked,) = open_to(bureau, offer.slot_id)
    assert next_asked != bureau.maria.id


def test_not_this_time_after_a_yes_points_to_stepping_back(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    accept(bureau, offer)

    with pytest.raises(Conflict, match="can't make it"):
        refuse(bureau, offer)


def test_lapsed_offers_are_closed_and_the_next_speaker_is_asked(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    early = asking.lapse_due(
        bureau.session, links=LINKS, now=offer.expires_at - timedelta(seconds=1)
    )
    count = asking.lapse_due(bureau.session, links=LINKS, now=offer.expires_at)

    assert (early, count) == (0, 1)
    bureau.session.refresh(offer)
    assert offer.state == "lapsed"
    (next_asked,) = open_to(bureau, offer.slot_id)
    assert next_asked != bureau.maria.id


def test_nobody_is_asked_more_often_a_week_than_the_affiliate_allows(bureau: Bureau) -> None:
    bureau.world.affiliate.offers_per_week = 1
    offer = bureau.ask(bureau.maria)
    other = builders.visit(
        bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=2), roles=("lead",)
    )

    (made,) = asking.ask_next(bureau.session, other, links=LINKS, now=NOW)

    assert made.speaker_id != offer.speaker_id


def test_stepping_back_opens_the_slot_and_asks_others(bureau: Bureau) -> None:
    assignment = accept(bureau, bureau.ask(bureau.maria))
    invited = Message.kind == "invite"
    bureau.session.execute(update(Message).where(invited).values(state="accepted"))

    step_back(bureau, assignment)
    step_back(bureau, assignment)

    bureau.session.expire_all()
    assert bureau.slot("lead").state == "open"
    assert not assignment.active
    asked = open_to(bureau, assignment.slot_id)
    assert len(asked) == 1
    assert bureau.maria.id not in asked
    told = bureau.messages(to=bureau.maria)
    assert told.count("invite_cancel mail") == 1
    assert "reminder mail" not in told


def test_the_ward_reads_in_one_mail_that_somebody_is_still_being_found(bureau: Bureau) -> None:
    step_back(bureau, accept(bureau, bureau.ask(bureau.maria)))

    waiting = (Message.recipient_kind == "unit", Message.state == "pending")
    told = bureau.session.scalars(select(Message).where(*waiting)).one()
    assert "lead: still being found" in told.values["beside"]


def test_a_ward_without_an_entry_is_written_to(bureau: Bureau) -> None:
    assignment = builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)

    step_back(bureau, assignment)

    told = bureau.session.scalars(select(Message.kind).where(Message.recipient_kind == "unit"))
    assert told.all() == ["reopened"]


def test_stepping_back_after_the_visit_has_begun_is_refused(bureau: Bureau) -> None:
    assignment = accept(bureau, bureau.ask(bureau.maria))

    with pytest.raises(Conflict, match="begun"):
        offers.cannot_come(
            bureau.session, assignment, by=SYSTEM, links=LINKS, now=bureau.visit.starts_at
        )


def test_a_phoned_yes_is_recorded_without_an_offer(bureau: Bureau) -> None:
    assignment = offers.record_yes(
        bureau.session,
        bureau.slot("lead"),
        speaker=bureau.maria,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    assert assignment.active
    assert bureau.session.scalar(select(func.count()).select_from(Offer)) == 0


def test_a_phoned_yes_settles_the_offer_that_waits(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    offers.record_yes(
        bureau.session, bureau.slot("lead"), speaker=bureau.maria, by=SYSTEM, links=LINKS, now=NOW
    )

    bureau.session.refresh(offer)
    assert (offer.state, offer.answered_by) == ("accepted", "phone")


def test_a_coordinator_cannot_overrule_a_hard_rule(bureau: Bureau) -> None:
    bureau.maria.languages = ["es"]
    bureau.session.flush()

    with pytest.raises(RuleBroken, match="cannot be booked"):
        offers.record_yes(
            bureau.session,
            bureau.slot("lead"),
            speaker=bureau.maria,
            by=SYSTEM,
            links=LINKS,
            now=NOW,
        )


def test_the_rules_hold_for_who_is_proposed_too(bureau: Bureau) -> None:
    slot = bureau.slot("lead")
    bureau.session.add(
        Proposal(
            slot_id=slot.id,
            speaker_id=bureau.maria.id,
            reasons=[],
            distance_km=3.0,
            created_at=NOW,
        )
    )
    bureau.maria.languages = ["es"]
    bureau.session.flush()

    with pytest.raises(RuleBroken, match="cannot be booked"):
        offers.record_yes(
            bureau.session, slot, speaker=bureau.maria, by=SYSTEM, links=LINKS, now=NOW
        )


def test_a_yes_by_telephone_may_follow_a_not_this_time(bureau: Bureau) -> None:
    refuse(bureau, bureau.ask(bureau.maria))
    asking.withdraw_open(bureau.session, bureau.visit, by=SYSTEM, now=NOW)

    assignment = offers.record_yes(
        bureau.session, bureau.slot("lead"), speaker=bureau.maria, by=SYSTEM, links=LINKS, now=NOW
    )

    assert assignment.active


def test_a_called_off_visit_is_offered_to_nobody(bureau: Bureau) -> None:
    bureau.visit.called_off_at = NOW

    assert asking.ask_next(bureau.session, bureau.visit, links=LINKS, now=NOW) == []
    with pytest.raises(Conflict, match="called off"):
        bureau.ask(bureau.maria)


def test_every_answer_is_in_the_audit_log(bureau: Bureau) -> None:
    step_back(bureau, accept(bureau, bureau.ask(bureau.maria)))

    actions = bureau.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    # The lead's slot and the co-presenter's, which nobody had been asked for yet.
    assert actions == [
        "offer.make",
        "offer.accept",
        "assignment.step_back",
        "offer.make",
        "offer.make",
    ]


def test_every_open_slot_is_asked_for_and_nobody_twice(bureau: Bureau) -> None:
    made = asking.ask_next(bureau.session, bureau.visit, links=LINKS, now=NOW)

    assert len({offer.slot_id for offer in made}) == 2
    assert len({offer.speaker_id for offer in made}) == 2
    assert asking.ask_next(bureau.session, bureau.visit, links=LINKS, now=NOW) == []


@pytest.mark.parametrize(("approval", "asked"), [("review", 0), ("automatic", 2)])
def test_proposals_are_asked_by_themselves_only_where_nobody_wants_to_look(
    bureau: Bureau, approval: str, asked: int
) -> None:
    bureau.world.affiliate.approval = approval
    for role, speaker in (("lead", bureau.maria), ("co-presenter", bureau.daniel)):
        bureau.session.add(
            Proposal(
                slot_id=bureau.slot(role).id,
                speaker_id=speaker.id,
                reasons=[],
                distance_km=3.0,
                created_at=NOW,
            )
        )
    bureau.session.flush()

    count = proposals.ask_by_itself(
        bureau.session, bureau.world.affiliate, by=SYSTEM, links=LINKS, now=NOW
    )

    assert count == asked
    assert len(service.open_offers(bureau.session, bureau.visit.id)) == asked
