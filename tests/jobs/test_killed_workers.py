"""Kill -9 in the middle of sending, with a provider that errs: nothing is lost, nothing doubled."""

from collections.abc import Iterator

import pytest

from outreach.db import Database
from tests import twilio_standin
from tests.jobs import killed
from tests.jobs.killed import Ended
from tests.twilio_standin import Fault, TwilioStandIn

pytestmark = pytest.mark.both_engines

TEXTS, KILLS = 120, 2
FAULTS = {Fault.TOO_MANY: 0.03, Fault.ERROR_AFTER_ACCEPT: 0.03, Fault.DROP_AFTER_ACCEPT: 0.03}


@pytest.fixture
def at_ten() -> None:
    """Let the clock run: the workers are processes of their own."""


@pytest.fixture
def erring() -> Iterator[TwilioStandIn]:
    with twilio_standin.running() as standin:
        standin.shares, standin.takes_s = FAULTS, 0.01
        yield standin


def test_killed_workers_lose_and_double_nothing(database: Database, erring: TwilioStandIn) -> None:
    killed.plan(database, count=TEXTS)

    assert killed.run(database, erring, kills=KILLS) == Ended(lost=0, doubled=0)
    assert len(erring.taken) == TEXTS


def test_without_looking_up_doubts_the_same_kills_double_texts(
    database: Database, erring: TwilioStandIn
) -> None:
    killed.plan(database, count=TEXTS)

    ended = killed.run(database, erring, kills=KILLS, reconciles=False)

    assert ended.lost == 0
    assert ended.doubled > 0
