"""Who prefers calls is on the call list; so is whom no text may reach in time."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from outreach.accounts.models import Membership
from outreach.actor import SYSTEM
from outreach.errors import Conflict
from outreach.messaging import outbox, reconcile
from outreach.messaging.models import Message, MessageAttempt
from outreach.reads import call_list
from outreach.visits.models import Visit
from outreach.workflows import calls, offers, reminders, visits
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import agree, may_text

NIGHT_BEFORE = VISIT_AT - timedelta(hours=11)
"""Eleven in the evening, where everybody lives."""

DAY_OF_VISIT = VISIT_AT - timedelta(hours=20)
"""Two in the afternoon of the day before."""


@pytest.fixture
def ruth(bureau: Bureau) -> Membership:
    return builders.coordinator(bureau.session, bureau.world.affiliate)


def to_call(bureau: Bureau) -> list[Message]:
    found = select(Message).where(Message.channel == "call").order_by(Message.id)
    return list(bureau.session.scalars(found.execution_options(populate_existing=True)))


def call_off(bureau: Bureau, *, now: datetime) -> Visit:
    builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)
    visits.call_off(bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=now)
    return bureau.visit


def test_who_prefers_calls_is_asked_by_a_call_and_a_mail(bureau: Bureau) -> None:
    bureau.maria.channel = "call"

    bureau.ask(bureau.maria)

    assert bureau.messages(to=bureau.maria) == ["offer mail", "offer call"]


def test_who_prefers_calls_is_called_where_others_get_a_text_reminder(bureau: Bureau) -> None:
    bureau.maria.channel = "call"

    builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)
    reminders.sync(bureau.session, bureau.visit, now=NOW)

    plan = bureau.world.affiliate.reminders
    by_text = [each for each in plan if each["channel"] == "sms"]
    assert len(to_call(bureau)) == len(by_text) > 0


@pytest.mark.parametrize(
    ("now", "any_hour", "is_called"),
    [
        (NIGHT_BEFORE, False, True),
        (NIGHT_BEFORE, True, False),
        (DAY_OF_VISIT, False, False),
        (NOW, False, False),
    ],
)
def test_at_night_only_who_agreed_is_texted_and_the_others_are_called(
    bureau: Bureau, now: datetime, any_hour: bool, is_called: bool
) -> None:
    may_text(bureau)
    bureau.maria.any_hour = any_hour

    call_off(bureau, now=now)

    assert [call.kind for call in to_call(bureau)] == (["called_off"] if is_called else [])
    text = bureau.session.scalars(select(Message).where(Message.channel == "sms")).one()
    assert text.urgent == (any_hour and now != NOW)


def test_within_a_day_who_gets_no_texts_is_called(bureau: Bureau) -> None:
    bureau.maria.channel = "mail"

    call_off(bureau, now=DAY_OF_VISIT)

    assert [call.kind for call in to_call(bureau)] == ["called_off"]


def test_no_worker_takes_a_call(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    bureau.ask(bureau.maria)

    for channel in ("sms", "mail"):
        taken = outbox.claim(bureau.session, channel=channel, now=NOW)
        assert to_call(bureau)[0].id not in {each.id for each in taken}


def test_a_call_made_is_done_and_noted(bureau: Bureau, ruth: Membership) -> None:
    bureau.maria.channel = "call"
    bureau.ask(bureau.maria)
    (call,) = to_call(bureau)

    calls.reached(bureau.session, call, by=builders.actor(ruth), now=NOW)

    (call,) = to_call(bureau)
    assert (call.state, call.seen_by_id) == ("delivered", ruth.account_id)
    assert bureau.session.scalars(select(MessageAttempt.outcome)).all() == ["reached"]
    with pytest.raises(Conflict):
        calls.reached(bureau.session, call, by=builders.actor(ruth), now=NOW)


def test_a_call_nobody_answers_comes_again(bureau: Bureau, ruth: Membership) -> None:
    bureau.maria.channel = "call"
    bureau.ask(bureau.maria)
    (call,) = to_call(bureau)
    by = builders.actor(ruth)

    calls.nobody_answered(bureau.session, call, by=by, now=NOW)

    assert call_list.calls(bureau.session, by, now=NOW) == []
    (again,) = call_list.calls(bureau.session, by, now=NOW + calls.AGAIN_AFTER)
    assert (again.tried, again.name, again.is_question) == (1, "Maria Lopez", True)
    assert again.say.startswith("Ask whether Maria can visit on ")


def test_a_call_that_is_answered_otherwise_leaves_the_list(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    offer = bureau.ask(bureau.maria)
    assert calls.tidy(bureau.session, now=NOW) == 0
    offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)

    calls.tidy(bureau.session, now=NOW)

    assert {call.state for call in to_call(bureau) if call.kind == "offer"} == {"cancelled"}


def test_who_is_not_there_any_more_is_not_called(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    bureau.ask(bureau.maria)
    bureau.maria.archived_at = NOW
    bureau.session.flush()

    assert calls.tidy(bureau.session, now=NOW) == 1


def test_a_call_nobody_made_in_time_shows_as_trouble(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    offer = bureau.ask(bureau.maria)

    reconcile.reap(bureau.session, now=offer.expires_at)

    assert [call.state for call in to_call(bureau)] == ["expired"]


def test_a_stop_by_text_leaves_the_calls(bureau: Bureau) -> None:
    bureau.maria.channel = "call"
    bureau.ask(bureau.maria)
    agree(bureau.session, bureau.maria.phone or "", event="opt_out", speaker_id=bureau.maria.id)

    assert [call.state for call in to_call(bureau)] == ["pending"]
