"""A ward that refers, for every test of the affiliate's pages."""

import pytest
from sqlalchemy.orm import Session

from outreach.wiring import Wiring
from outreach.workflows.referrals.desk import Desk
from tests import referral_builders
from tests.referral_builders import Ward


@pytest.fixture
def desk(wired: Wiring) -> Desk:
    return wired.desk


@pytest.fixture
def ward(session: Session, desk: Desk) -> Ward:
    return referral_builders.ward(session, desk)
