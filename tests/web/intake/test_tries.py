"""Trying to reach a person: until when, by which ways, and what may be recorded of it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach.accounts.models import Membership
from outreach.errors import RuleBroken
from outreach.referrals.codes import Channel, Result, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralClock
from outreach.web.intake.forms import ONE_TAP
from outreach.workflows.referrals import working
from outreach.workflows.referrals.working import Attempt
from tests import builders
from tests import intake_builders as people
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward
from tests.web.liaison.pages import text_of

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def inside(client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward) -> FlaskClient:
    """A browser in which one of the affiliate's own people is signed in."""
    return sign_in(client, builders.intake(session, ward.receiver, "Ines Castro"))


def at(made: Referral) -> str:
    return f"/intake/referrals/{made.public_id}"


def due(session: Session, made: Referral, clock: Clock, when: datetime) -> None:
    of = ReferralClock.referral_id == made.id, ReferralClock.kind == clock
    session.execute(update(ReferralClock).where(*of).values(due_at=when))
    session.commit()


@pytest.mark.parametrize(
    ("earlier", "later", "words"),
    [
        (Clock.ATTEMPT, Clock.ATTEMPT_RED, "First attempt by tomorrow"),
        (Clock.ATTEMPT_RED, Clock.ATTEMPT, "First attempt at the latest by tomorrow"),
    ],
)
def test_only_the_earlier_of_the_two_clocks_of_the_first_try_is_shown(
    inside: FlaskClient,
    session: Session,
    ward: Ward,
    *,
    earlier: Clock,
    later: Clock,
    words: str,
) -> None:
    made = referrals.accepted(session, ward)
    due(session, made, earlier, NOW + timedelta(days=1))
    due(session, made, later, NOW + timedelta(days=1, hours=5))

    page = text_of(inside.get(at(made)))

    assert words in page
    assert page.count("First attempt") == 1
    assert "Connect by" in page


ALL_WAYS = {"text_ok": True, "voicemail_ok": True, "mail_ok": True}


def offered(page: str) -> set[str]:
    return set(re.findall(r'name="(?:channel|result)"[^>]*? value="([^"]+)"', page))


def sent_form(inside: FlaskClient, made: Referral, **given: str) -> TestResponse:
    carried = people.carried(inside.get(f"{at(made)}/try").text)
    when = {"day": "2026-11-23", "at": "10:00"}
    return inside.post(f"{at(made)}/try", data=carried | when | given)


@pytest.mark.parametrize(
    ("channel", "result"),
    [
        ("call", "text_sent"),
        ("call", "in_person"),
        ("text", "left_voicemail_no_detail"),
        ("mail", "spoke"),
        ("in_person", "email_sent"),
    ],
)
def test_a_result_that_cannot_come_of_the_way_is_refused_beside_its_field(
    inside: FlaskClient, session: Session, ward: Ward, channel: str, result: str
) -> None:
    form = referrals.signed_form(session, ward, **ALL_WAYS)
    made = referrals.accepted(session, ward, form=form)

    page = sent_form(inside, made, channel=channel, result=result)

    assert page.status_code == 422
    assert re.search(
        r'id="result-error".*?does not go with the way you chose', page.text, re.DOTALL
    )
    session.refresh(made)
    assert (made.state, working.attempts(session, made)) == (State.ACCEPTED, [])


@pytest.mark.parametrize(
    ("shut", "not_offered", "sent", "field"),
    [
        (
            "text_ok",
            {"text", "text_sent", "text_replied"},
            {"channel": "text", "result": "text_sent"},
            "channel",
        ),
        ("mail_ok", {"mail", "email_sent"}, {"channel": "mail", "result": "email_sent"}, "channel"),
        (
            "voicemail_ok",
            {"left_voicemail_no_detail"},
            {"channel": "call", "result": "left_voicemail_no_detail"},
            "result",
        ),
    ],
)
def test_what_the_signed_form_does_not_allow_is_neither_offered_nor_recorded(
    inside: FlaskClient,
    session: Session,
    ward: Ward,
    *,
    shut: str,
    not_offered: set[str],
    sent: dict[str, str],
    field: str,
) -> None:
    form = referrals.signed_form(session, ward, **(ALL_WAYS | {shut: False}))
    made = referrals.accepted(session, ward, form=form)
    by = referrals.by_helper(referrals.helper(session, ward.receiver, "Omar Said"))

    page = sent_form(inside, made, **sent)

    every = set(map(str, Channel)) | {str(each) for each in Result if each not in ONE_TAP}
    assert offered(inside.get(f"{at(made)}/try").text) == every - not_offered
    assert (page.status_code, f'id="{field}-error"' in page.text) == (422, True)
    tried = Attempt(request_key="a-key-of-its-own", at=NOW, **sent)
    with pytest.raises(RuleBroken, match="signed form") as refused:
        working.attempt(session, made, tried, by=by, desk=ward.desk, now=NOW)
    assert refused.value.field == field
    session.refresh(made)
    assert (made.state, working.attempts(session, made)) == (State.ACCEPTED, [])


def test_a_text_is_recorded_where_texts_are_allowed(
    inside: FlaskClient, session: Session, ward: Ward
) -> None:
    form = referrals.signed_form(session, ward, **ALL_WAYS)
    made = referrals.accepted(session, ward, form=form)

    assert sent_form(inside, made, channel="text", result="text_sent").status_code == 303

    (kept,) = working.attempts(session, made)
    assert (kept.channel, kept.result) == ("text", "text_sent")


@pytest.mark.parametrize("result", ["they_called", "came_to_group"])
def test_the_buttons_of_one_tap_fit_every_form(
    inside: FlaskClient, session: Session, ward: Ward, result: str
) -> None:
    form = referrals.signed_form(session, ward, **dict.fromkeys(ALL_WAYS, False))
    made = referrals.accepted(session, ward, form=form)
    carried = people.carried(inside.get(at(made)).text)

    inside.post(f"{at(made)}/reached", data=carried | {"result": result})

    session.refresh(made)
    assert made.state == State.CONNECTED
