"""An hour of the discharge that nobody gave is kept as not known, and no page says one."""

from datetime import time, timedelta

import pytest
from sqlalchemy.orm import Session

from outreach.directory.models import Affiliate
from outreach.reads import referral_board, referral_words
from outreach.referrals.codes import Decline
from outreach.workflows.referrals import children, drafts, working
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import DISCHARGED_ON, Ward


@pytest.mark.parametrize(("given", "is_known"), [(None, False), (time(12), True), (time(14), True)])
def test_whether_somebody_gave_the_hour_is_kept(
    session: Session, ward: Ward, given: time | None, *, is_known: bool
) -> None:
    row = referrals.draft(session, ward, discharged_time=given)

    assert row.discharge_hour_known is is_known


def test_an_hour_that_is_learned_later_counts_as_known_and_makes_older_pages_old(
    session: Session, ward: Ward
) -> None:
    row = referrals.draft(session, ward, discharged_time=None)
    begins, version = row.discharged_at, row.version

    drafts.describe(
        session,
        row,
        referrals.description(discharged_time=time(12)),
        version=version,
        by=ward.by_liaison,
        now=NOW,
    )

    assert (row.discharge_hour_known, row.discharged_at) == (True, begins)
    assert row.version == version + 1


@pytest.mark.parametrize("given", [None, time(12)])
def test_a_child_knows_as_much_of_the_hour_as_its_parent(
    session: Session, ward: Ward, given: time | None
) -> None:
    parent = referrals.sent(session, ward, discharged_time=given)
    by = referrals.by_helper(referrals.helper(session, ward.receiver))
    working.decline(session, parent, reason=Decline.NO_CAPACITY, by=by, desk=ward.desk, now=NOW)
    other: Affiliate = referrals.receiving(session, "Far Prairie")

    child = children.reroute(
        session,
        parent,
        other,
        key=children.prepare_key(ward.desk),
        by=ward.by_coordinator,
        desk=ward.desk,
        now=NOW,
    )

    assert child.discharge_hour_known is (given is not None)


@pytest.mark.parametrize(("given", "is_before"), [(None, False), (time(12), True)])
def test_on_the_day_itself_nobody_is_said_to_be_still_there_where_the_hour_is_not_known(
    session: Session, ward: Ward, given: time | None, *, is_before: bool
) -> None:
    row = referrals.draft(session, ward, discharged_time=given)
    that_morning = row.discharged_at - timedelta(hours=3)
    the_day_before = row.discharged_at - timedelta(days=1)

    assert referral_board.discharged_on(row) == DISCHARGED_ON
    assert referral_words.is_before_discharge(row, now=that_morning) is is_before
    assert referral_words.is_before_discharge(row, now=the_day_before)
