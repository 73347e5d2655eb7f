from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM
from outreach.messaging import service
from outreach.messaging.models import Consent, InboundMessage, Message
from outreach.messaging.words import Meaning
from outreach.visits.models import Assignment, Offer
from outreach.workflows import asking, inbound, offers
from outreach.workflows.inbound import Received
from tests import builders
from tests.builders import MARIA, NOW
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import agree, may_text, plan

LATER = NOW + timedelta(hours=1)


def text(
    bureau: Bureau, body: str, *, from_phone: str = "", provider_id: str = "", keywords: bool = True
) -> Received:
    """Let Maria send a text."""
    return inbound.receive_sms(
        bureau.session,
        provider_id=provider_id or f"SM-{body}",
        from_phone=from_phone or bureau.maria.phone or "",
        body=body,
        links=LINKS,
        now=LATER,
        replies_to_keywords=keywords,
    )


def row(bureau: Bureau) -> InboundMessage:
    newest = select(InboundMessage).order_by(InboundMessage.id.desc())
    return bureau.session.scalars(newest.execution_options(populate_existing=True)).first()  # type: ignore[return-value] # there is one


def replies(bureau: Bureau) -> list[str]:
    mine = select(Message).where(Message.subject_kind == "inbound").order_by(Message.id)
    return [f"{m.kind} {m.state}" for m in bureau.session.scalars(mine)]


def state_of(bureau: Bureau, offer: Offer) -> str:
    bureau.session.refresh(offer)
    return offer.state


# --- yes and no


def test_a_yes_with_the_number_takes_the_visit(bureau: Bureau) -> None:
    may_text(bureau)
    offer = bureau.ask(bureau.maria)

    received = text(bureau, f"Yes {offer.number}")

    assert received == Received(Meaning.YES, "yes_reply", "en")
    assert state_of(bureau, offer) == "accepted"
    assert replies(bureau) == ["yes_reply pending"]
    assert (row(bureau).meaning, row(bureau).settled_at) == ("yes", LATER)
    assert row(bureau).speaker_id == bureau.maria.id


def test_a_bare_yes_is_enough_when_one_offer_is_open(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    text(bureau, "SÍ")

    assert state_of(bureau, offer) == "accepted"


def test_a_bare_yes_to_two_offers_asks_which(bureau: Bureau) -> None:
    may_text(bureau)
    first, second = bureau.ask(bureau.maria), bureau.ask(bureau.maria, "co-presenter")

    received = text(bureau, "yes")

    assert received.reply == "unclear_reply"
    assert (state_of(bureau, first), state_of(bureau, second)) == ("open", "open")
    assert (row(bureau).meaning, row(bureau).settled_at) == ("", None)


def test_the_number_tells_two_offers_apart(bureau: Bureau) -> None:
    first, second = bureau.ask(bureau.maria), bureau.ask(bureau.maria, "co-presenter")

    text(bureau, f"NO {second.number}")

    assert (state_of(bureau, first), state_of(bureau, second)) == ("open", "not_this_time")


def test_a_no_needs_no_reason(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    received = text(bureau, f"no {offer.number}")

    assert received.reply == "no_reply"
    assert state_of(bureau, offer) == "not_this_time"


def test_a_late_yes_is_told_the_truth(bureau: Bureau) -> None:
    mine, daniels = bureau.ask(bureau.maria), bureau.ask(bureau.daniel)
    offers.accept(
        bureau.session,
        offer=daniels,
        by=builders.actor(builders.speaker_member(bureau.session, bureau.daniel)),
        via="link",
        links=LINKS,
        now=NOW,
    )

    received = text(bureau, f"YES {mine.number}")

    assert received == Received(Meaning.YES, "too_late_reply", "en")
    assert row(bureau).settled_at == LATER
    assert len(bureau.session.scalars(select(Assignment)).all()) == 1


def test_a_yes_to_a_lapsed_offer_is_too_late(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    offer.expires_at = LATER
    bureau.session.flush()

    assert text(bureau, "yes").reply == "too_late_reply"
    assert state_of(bureau, offer) == "open"


def test_a_bare_yes_after_the_place_was_taken_is_told_the_truth(bureau: Bureau) -> None:
    may_text(bureau)
    offer = bureau.ask(bureau.maria)
    asking.withdraw_open(bureau.session, bureau.visit, by=SYSTEM, now=NOW)

    received = text(bureau, "yes")

    assert received == Received(Meaning.YES, "too_late_reply", "en")
    assert state_of(bureau, offer) == "withdrawn"


def test_a_bare_yes_long_after_the_visit_is_left_to_a_person(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    offer.state = "lapsed"
    bureau.visit.starts_at = LATER - timedelta(days=3)
    bureau.session.flush()

    assert text(bureau, "yes").reply == "unclear_reply"


def test_a_second_yes_is_welcome(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    text(bureau, f"YES {offer.number}")

    assert text(bureau, f"yes, {offer.number}!").reply == "yes_reply"
    assert len(bureau.session.scalars(select(Assignment)).all()) == 1


def test_a_no_after_a_yes_goes_to_a_person(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    text(bureau, f"YES {offer.number}")

    text(bureau, f"NO {offer.number}")

    assert state_of(bureau, offer) == "accepted"
    assert (row(bureau).meaning, row(bureau).settled_at) == ("", None)


def test_a_number_of_somebody_else_answers_nothing(bureau: Bureau) -> None:
    daniels = bureau.ask(bureau.daniel)

    received = text(bureau, f"YES {daniels.number}")

    assert received.reply == "unclear_reply"
    assert state_of(bureau, daniels) == "open"


def test_the_same_text_twice_is_one_text(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    first = text(bureau, f"YES {offer.number}", provider_id="SM1")
    again = text(bureau, f"YES {offer.number}", provider_id="SM1")

    assert (first.reply, again.reply) == ("yes_reply", "")
    assert replies(bureau) == ["yes_reply pending"]
    assert len(bureau.session.scalars(select(InboundMessage)).all()) == 1


# --- stop, start, help


def test_a_stop_silences_everything_in_one_transaction(bureau: Bureau) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")

    received = text(bureau, "STOP", keywords=False)

    waiting = bureau.session.scalars(select(Message).order_by(Message.id)).all()
    assert received == Received(Meaning.STOP, "stop_reply", "en")
    assert not service.agreed(bureau.session, bureau.maria.phone or "")
    assert [(m.channel, m.state) for m in waiting] == [("sms", "cancelled"), ("mail", "pending")]
    assert (row(bureau).meaning, row(bureau).settled_at) == ("stop", LATER)


@pytest.mark.parametrize("body", ["Alto", "parar", "unsubscribe", "stop texting me"])
def test_a_stop_in_other_words_is_a_stop(bureau: Bureau, body: str) -> None:
    may_text(bureau)

    text(bureau, body)

    assert not service.agreed(bureau.session, bureau.maria.phone or "")


def test_a_stop_says_how_it_came(bureau: Bureau) -> None:
    may_text(bureau)

    text(bureau, "STOP", provider_id="SM9")

    last = bureau.session.scalars(select(Consent).order_by(Consent.id.desc())).first()
    assert last is not None
    assert (last.event, last.source, last.evidence) == ("opt_out", "inbound", "SM9")
    assert (last.speaker_id, last.actor) == (bureau.maria.id, f"speaker:{bureau.maria.id}")


def test_a_stop_of_a_number_nobody_knows_counts_too(bureau: Bureau) -> None:
    text(bureau, "STOP", from_phone="(313) 555-0147")

    (event,) = bureau.session.scalars(select(Consent))
    assert (event.phone, event.event, event.speaker_id) == ("+13135550147", "opt_out", None)


def test_a_start_brings_back_only_who_had_agreed(bureau: Bureau) -> None:
    may_text(bureau)
    text(bureau, "STOP")

    received = text(bureau, "START")

    assert received.reply == "start_reply"
    assert service.agreed(bureau.session, bureau.maria.phone or "", speaker_id=bureau.maria.id)


def test_a_start_of_who_never_agreed_is_no_consent(bureau: Bureau) -> None:
    received = text(bureau, "START")

    assert received.reply == "help_reply"
    assert not service.agreed(bureau.session, bureau.maria.phone or "")


def test_help_is_answered_in_the_speakers_language(bureau: Bureau) -> None:
    bureau.maria.locale = "es"
    bureau.session.flush()

    assert text(bureau, "ayuda") == Received(Meaning.HELP, "help_reply", "es")
    assert replies(bureau) == ["help_reply pending"]


def test_a_webhook_that_answers_itself_leaves_nothing_in_the_outbox(bureau: Bureau) -> None:
    text(bureau, "STOP", keywords=False)
    text(bureau, "HELP", keywords=False)

    assert replies(bureau) == []


def test_a_repeated_keyword_gets_its_answer_again(bureau: Bureau) -> None:
    text(bureau, "HELP", provider_id="SM1", keywords=False)

    assert text(bureau, "HELP", provider_id="SM1", keywords=False).reply == "help_reply"


# --- anything else


def test_what_nobody_understands_waits_for_a_coordinator(bureau: Bureau) -> None:
    received = text(bureau, "Which door is it?")

    assert received == Received(Meaning.UNCLEAR, "unclear_reply", "en")
    assert row(bureau).affiliate_id == bureau.world.affiliate.id
    assert (row(bureau).body, row(bureau).settled_at) == ("Which door is it?", None)


def test_one_helpful_answer_is_enough(bureau: Bureau) -> None:
    text(bureau, "Which door is it?")

    assert text(bureau, "Hello?").reply == ""
    assert len(replies(bureau)) == 1


def test_a_stranger_gets_no_answer(bureau: Bureau) -> None:
    received = text(bureau, "Who is this?", from_phone="+13135550147")

    assert received.reply == ""
    assert row(bureau).affiliate_id is None


def test_a_sender_that_is_no_number_is_kept_as_it_came(bureau: Bureau) -> None:
    text(bureau, "Your parcel is here", from_phone="PARCELS")

    assert row(bureau).from_phone == "PARCELS"


def test_two_people_with_one_phone_are_told_apart_by_the_number(bureau: Bureau) -> None:
    bureau.daniel.phone = bureau.maria.phone
    bureau.session.flush()
    agree(bureau.session, bureau.maria.phone or "", speaker_id=bureau.daniel.id)
    bureau.ask(bureau.maria)
    daniels = bureau.ask(bureau.daniel, "co-presenter")

    text(bureau, f"YES {daniels.number}")

    assert state_of(bureau, daniels) == "accepted"
    reply = bureau.session.scalars(select(Message).where(Message.kind == "yes_reply")).one()
    assert reply.recipient_id == bureau.daniel.id
    assert MARIA.first_name != reply.to_name
