"""A first step that is sent twice at the same instant."""

from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.db import Database
from outreach.directory.models import Affiliate, Unit
from outreach.referrals.models import Referral
from outreach.workflows.referrals import drafts
from tests import races
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward

pytestmark = pytest.mark.both_engines


def begin(session: Session, *, unit_id: int, bureau_id: int, by: Actor) -> bool:
    drafts.begin(
        session,
        unit=session.get_one(Unit, unit_id),
        bureau=session.get_one(Affiliate, bureau_id),
        description=referrals.description(),
        request_key="the same key for both",
        by=by,
        now=NOW,
    )
    return True


def test_a_doubled_first_step_is_one_referral_also_at_the_same_instant(
    session: Session, database: Database, ward: Ward
) -> None:
    session.commit()
    once = partial(begin, unit_id=ward.unit.id, bureau_id=ward.bureau.id, by=ward.by_liaison)

    assert races.at_once(database, [once] * 4) == [True] * 4

    with database.reading() as found:
        assert found.scalar(select(func.count()).select_from(Referral)) == 1
