"""Late trouble reaches one coordinator at once, her deputy after half an hour, and stops there."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from outreach.accounts.models import Membership
from outreach.actor import SYSTEM, Actor
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.visits.models import Assignment
from outreach.workflows import offers, trouble
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import builders, fakes
from tests.builders import VISIT_AT
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import prepare

DAY_BEFORE = VISIT_AT - timedelta(hours=30)
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


@pytest.fixture
def ruth(bureau: Bureau) -> Membership:
    """The coordinator on duty; Olivia is her deputy and Carmen is a third."""
    session, affiliate = bureau.session, bureau.world.affiliate
    ruth, olivia, _ = (
        builders.coordinator(session, affiliate, name=name)
        for name in ("Ruth Adler", "Olivia Moss", "Carmen Diaz")
    )
    affiliate.on_duty_id, affiliate.deputy_id = ruth.account_id, olivia.account_id
    session.flush()
    return ruth


def step_back(bureau: Bureau, *, by: Actor = SYSTEM, now: datetime = DAY_BEFORE) -> Assignment:
    assignment = builders.assignment(bureau.session, bureau.slot("lead"), bureau.maria)
    offers.cannot_come(bureau.session, assignment, by=by, links=LINKS, now=now)
    return assignment


def told(bureau: Bureau) -> list[tuple[str, datetime]]:
    rows = select(Message.to_name, Message.send_after).where(Message.kind == trouble.KIND)
    return [(name, at) for name, at in bureau.session.execute(rows.order_by(Message.id))]


@pytest.mark.usefixtures("ruth")
def test_who_is_on_duty_hears_at_once_and_the_deputy_after_half_an_hour(bureau: Bureau) -> None:
    step_back(bureau)

    assert told(bureau) == [
        ("Ruth Adler", DAY_BEFORE),
        ("Olivia Moss", DAY_BEFORE + HALF_AN_HOUR),
    ]


@pytest.mark.usefixtures("ruth")
def test_what_can_wait_for_the_morning_is_told_to_nobody_at_once(bureau: Bureau) -> None:
    step_back(bureau, now=VISIT_AT - timedelta(hours=73))

    assert told(bureau) == []


def test_who_recorded_it_herself_is_not_told_and_nor_is_her_deputy(
    bureau: Bureau, ruth: Membership
) -> None:
    step_back(bureau, by=builders.actor(ruth))

    assert told(bureau) == []


def test_where_nobody_is_on_duty_everybody_hears(bureau: Bureau) -> None:
    for name in ("Ruth Adler", "Olivia Moss"):
        builders.coordinator(bureau.session, bureau.world.affiliate, name=name)

    step_back(bureau)

    assert [(name, at) for name, at in told(bureau) if at == DAY_BEFORE] == [
        ("Olivia Moss", DAY_BEFORE),
        ("Ruth Adler", DAY_BEFORE),
    ]


def test_a_sign_keeps_the_deputy_out_of_it(bureau: Bureau, ruth: Membership, post: Post) -> None:
    step_back(bureau)
    assert trouble.waits(bureau.session, bureau.visit)

    trouble.take_on(bureau.session, bureau.visit, by=builders.actor(ruth), now=DAY_BEFORE)

    assert not trouble.waits(bureau.session, bureau.visit)
    assert prepare_for(bureau, post, "Olivia Moss") is Skipped.SETTLED


@pytest.mark.usefixtures("ruth")
def test_without_a_sign_the_deputy_hears(bureau: Bureau, post: Post) -> None:
    step_back(bureau)

    assert isinstance(prepare_for(bureau, post, "Olivia Moss"), Prepared)


@pytest.mark.usefixtures("ruth")
def test_a_place_that_is_filled_by_then_troubles_nobody(bureau: Bureau, post: Post) -> None:
    step_back(bureau)
    builders.assignment(bureau.session, bureau.slot("lead"), bureau.daniel)

    assert prepare_for(bureau, post, "Olivia Moss") is Skipped.SETTLED


def prepare_for(bureau: Bureau, post: Post, name: str) -> Prepared | Skipped:
    """Prepare the one message to this coordinator, half an hour later."""
    others = update(Message).where(Message.to_name != name, Message.state == "pending")
    bureau.session.execute(others.values(state="cancelled"))
    bureau.session.expire_all()
    return prepare(bureau, post, channel="mail", now=DAY_BEFORE + HALF_AN_HOUR)
