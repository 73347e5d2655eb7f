"""Who is told by mail: whoever holds a place at that instant, also one that ends on a known day."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.messaging.models import Message
from outreach.wiring import Wiring
from outreach.workflows import recipients
from tests import builders
from tests import referral_builders as referrals
from tests.builders import NOW

PLACES = [
    ({"ends_at": None}, True),
    ({"ends_at": NOW + timedelta(days=1)}, True),
    ({"ends_at": NOW}, False),
    ({"ends_at": NOW - timedelta(days=1)}, False),
    ({"starts_at": NOW + timedelta(days=1)}, False),
]


@pytest.mark.parametrize(("changes", "is_told"), PLACES)
def test_a_coordinator_is_told_while_the_place_holds(
    session: Session, wired: Wiring, changes: dict[str, object], *, is_told: bool
) -> None:
    ward = referrals.ward(session, wired.desk)
    for name, value in changes.items():
        setattr(ward.coordinator, name, value)
    session.flush()

    found = recipients.coordinators(session, ward.bureau.id, now=NOW)

    assert (ward.coordinator.account_id in {each.id for each in found}) is is_told


@pytest.mark.parametrize(("changes", "is_told"), PLACES)
def test_who_takes_referrals_in_is_told_while_the_place_holds(
    session: Session, wired: Wiring, changes: dict[str, object], *, is_told: bool
) -> None:
    ward = referrals.ward(session, wired.desk)
    ines = builders.intake(session, ward.receiver)
    ward.receiver.intake_by = "account"
    for name, value in changes.items():
        setattr(ines, name, value)
    session.flush()

    referrals.sent(session, ward)

    told = session.scalars(select(Message.kind).where(Message.recipient_id == ines.account_id))
    assert ("item_waits_inside" in told.all()) is is_told
