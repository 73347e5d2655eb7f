"""A unit is told a week and two days before its visit when somebody is still missing."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.messaging.models import Message
from outreach.visits.models import Visit
from outreach.workflows import unfilled
from tests import builders
from tests.builders import MARIA, NOW, VISIT_AT, World


@pytest.fixture
def here(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def visit(session: Session, here: World) -> Visit:
    """A visit of Tuesday, December 8, that Priya asked for two weeks before."""
    priya = builders.liaison(session, here.hospital)
    asker = session.get_one(Account, priya.account_id)
    return builders.visit(session, here, requested_by=asker)


def told(session: Session) -> list[str]:
    """Return the mark of each message, in order."""
    mails = session.scalars(
        select(Message).where(Message.kind == unfilled.KIND).order_by(Message.id)
    )
    return [mail.values["mark"] for mail in mails]


def run(session: Session, *, before: timedelta) -> None:
    unfilled.tell_units(session, now=VISIT_AT - before)


def test_each_mark_is_told_once(session: Session, visit: Visit) -> None:
    del visit
    for days in (9, 8, 7, 6, 5, 3, 2, 1):
        run(session, before=timedelta(days=days))
        run(session, before=timedelta(days=days, minutes=-5))

    assert told(session) == ["7", "2"]


def test_nobody_is_told_before_the_morning(session: Session, visit: Visit) -> None:
    del visit
    run(session, before=timedelta(days=7, hours=1, minutes=1))
    assert told(session) == []

    run(session, before=timedelta(days=7, hours=1))
    assert told(session) == ["7"]


def test_who_asked_after_the_mark_is_told_at_the_next(session: Session, visit: Visit) -> None:
    visit.created_at = VISIT_AT - timedelta(days=7)
    run(session, before=timedelta(days=7, minutes=-10))
    assert told(session) == []

    run(session, before=timedelta(days=2))
    assert told(session) == ["2"]


def test_a_visit_with_everyone_or_called_off_or_begun_is_not_told(
    session: Session, here: World, visit: Visit
) -> None:
    maria = builders.speaker(session, here.affiliate, MARIA)
    full = builders.visit(session, here, starts_at=VISIT_AT + timedelta(hours=2), roles=["lead"])
    builders.assignment(session, builders.slots(session, full)[0], maria)
    visit.called_off_at = NOW
    session.flush()

    run(session, before=timedelta(days=1))
    assert told(session) == []

    visit.called_off_at = None
    run(session, before=timedelta(minutes=-1))
    assert told(session) == []
