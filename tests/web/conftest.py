"""What the pages of several audiences look at."""

import pytest
from sqlalchemy.orm import Session

from outreach.wiring import Wiring
from tests import referral_builders
from tests.referral_builders import Ward


@pytest.fixture
def ward(session: Session, wired: Wiring) -> Ward:
    """A hospital that refers, its people, and an affiliate that receives."""
    return referral_builders.ward(session, wired.desk)
