"""What an administrator reads of the audit log."""

import pytest
from sqlalchemy.orm import Session

from outreach import audit
from outreach.accounts.models import Membership
from outreach.actor import Actor, Kind
from outreach.reads import setup
from tests import builders
from tests.builders import NOW, World


@pytest.fixture
def here(session: Session) -> World:
    return builders.world(session, "Lakeshore")


@pytest.fixture
def olga(session: Session, here: World) -> Actor:
    return builders.actor(builders.administrator(session, here.affiliate))


def did(session: Session, who: Membership, action: str) -> None:
    audit.record(session, action, actor=builders.actor(who), subject=("visit", 1), now=NOW)


def seen_by(session: Session, olga: Actor) -> list[str]:
    return [row.action for row in setup.last_events(session, olga)]


@pytest.mark.both_engines
def test_what_a_colleague_does_for_another_affiliate_is_not_told(
    session: Session, here: World, olga: Actor
) -> None:
    there = builders.world(session, "Riverbend")
    ruth = builders.coordinator(session, here.affiliate)
    also = builders.also(session, ruth, Kind.COORDINATOR, affiliate_id=there.affiliate.id)
    session.flush()
    did(session, ruth, "visit.move")

    did(session, also, "visit.call_off")

    assert seen_by(session, olga) == ["visit.move"]


@pytest.mark.both_engines
def test_a_liaison_of_two_hospitals_is_seen_at_the_affiliates_own_alone(
    session: Session, here: World, olga: Actor
) -> None:
    there = builders.world(session, "Riverbend")
    priya = builders.liaison(session, here.hospital)
    also = builders.also(session, priya, Kind.LIAISON, hospital_id=there.hospital.id)
    session.flush()

    did(session, also, "visit.request")
    did(session, priya, "visit.move")

    assert seen_by(session, olga) == ["visit.move"]
