from collections.abc import Iterator

import pytest
from time_machine import Traveller

from outreach.db import Database
from tests import builders, twilio_standin
from tests.builders import NOW
from tests.jobs.working import PHONE
from tests.twilio_standin import TwilioStandIn


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> Traveller:
    """Stand still on Monday, 10 AM Eastern Time."""
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def speaker_id(database: Database) -> int:
    """Make Maria, who agreed to texts."""
    with database.transaction() as session:
        maria = builders.speaker(session, builders.affiliate(session), phone=PHONE)
        builders.agrees(session, maria)
        return maria.id


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with twilio_standin.running() as standin:
        standin.now = NOW
        yield standin
