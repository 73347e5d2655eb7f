"""Trying to reach a person: until when, by which ways, and what may be recorded of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralClock
from tests import builders
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
    inside: FlaskClient, session: Session, ward: Ward, earlier: Clock, later: Clock, words: str
) -> None:
    made = referrals.accepted(session, ward)
    due(session, made, earlier, NOW + timedelta(days=1))
    due(session, made, later, NOW + timedelta(days=1, hours=5))

    page = text_of(inside.get(at(made)))

    assert words in page
    assert page.count("First attempt") == 1
    assert "Connect by" in page
