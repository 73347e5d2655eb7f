"""One mail in the morning: what happened up to eight, and how much waits; none without either."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.messaging.models import Message
from outreach.visits.models import Offer, VisitRequest
from outreach.workflows import digests, offers
from tests import builders
from tests.builders import NOW
from tests.messaging.test_templates import TEXTS
from tests.workflows.conftest import LINKS, Bureau

EIGHT = datetime(2026, 11, 24, 13, tzinfo=UTC)
"""The morning after NOW, eight o'clock in Detroit."""


def planned(session: Session) -> list[Message]:
    mails = select(Message).where(Message.kind == digests.KIND).order_by(Message.id)
    return list(session.scalars(mails))


def work_there(bureau: Bureau) -> None:
    builders.coordinator(bureau.session, bureau.world.affiliate)


def test_in_the_morning_a_coordinator_reads_what_happened_and_what_waits(bureau: Bureau) -> None:
    assignment = offers.accept(
        bureau.session,
        offer=bureau.ask(bureau.maria),
        by=SYSTEM,
        via="link",
        links=LINKS,
        now=NOW,
    )
    offers.cannot_come(bureau.session, assignment, by=SYSTEM, links=LINKS, now=NOW)

    assert digests.plan_due(bureau.session, now=EIGHT) == 1
    assert digests.plan_due(bureau.session, now=EIGHT + timedelta(hours=3)) == 0

    (mail,) = planned(bureau.session)
    assert (mail.values["yes"], mail.values["stepped_back"]) == (1, 1)
    letter = TEXTS.mail("digest", mail.values, to_name="Ruth", locale="en")
    assert "One speaker said yes.\nOne speaker can’t come after all." in letter.text


def yes_after_eight(bureau: Bureau, offer: Offer) -> None:
    offers.accept(
        bureau.session,
        offer=offer,
        by=SYSTEM,
        via="link",
        links=LINKS,
        now=EIGHT + timedelta(minutes=1),
    )


def test_what_begins_to_wait_in_the_afternoon_is_no_morning_mail(bureau: Bureau) -> None:
    work_there(bureau)
    request = bureau.session.get_one(VisitRequest, bureau.visit.request_id)
    request.created_at = NOW - timedelta(days=30)
    builders.inbound(bureau.session, bureau.world.affiliate)

    assert digests.plan_due(bureau.session, now=EIGHT + timedelta(hours=6)) == 0
    assert digests.plan_due(bureau.session, now=EIGHT + timedelta(minutes=5)) == 1


@pytest.mark.parametrize("now", [EIGHT - timedelta(seconds=1), EIGHT + timedelta(hours=12)])
def test_outside_the_day_there_is_none(bureau: Bureau, now: datetime) -> None:
    work_there(bureau)

    assert digests.plan_due(bureau.session, now=now) == 0


def test_a_quiet_day_has_no_mail(bureau: Bureau) -> None:
    work_there(bureau)
    bureau.visit.called_off_at = bureau.visit.created_at = NOW - timedelta(days=30)
    request = bureau.session.get_one(VisitRequest, bureau.visit.request_id)
    request.created_at = NOW - timedelta(days=30)
    bureau.session.flush()

    assert digests.plan_due(bureau.session, now=EIGHT) == 0


def test_what_happens_after_eight_is_told_the_next_morning(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria, now=EIGHT)
    digests.plan_due(bureau.session, now=EIGHT)
    yes_after_eight(bureau, offer)

    digests.plan_due(bureau.session, now=EIGHT + timedelta(hours=1))
    digests.plan_due(bureau.session, now=EIGHT + timedelta(days=1))

    assert [mail.values["yes"] for mail in planned(bureau.session)] == [0, 1]


def test_two_days_without_a_worker_are_told_in_one_mail(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria, now=EIGHT)
    digests.plan_due(bureau.session, now=EIGHT)
    yes_after_eight(bureau, offer)

    digests.plan_due(bureau.session, now=EIGHT + timedelta(days=3))

    assert [mail.values["yes"] for mail in planned(bureau.session)] == [0, 1]
