"""Kill -9 in the middle of sending, with a provider that errs: nothing is lost, nothing doubled."""

from collections.abc import Iterator

import pytest

from outreach import migrations
from outreach.db import Database
from tests import postgres, twilio_standin
from tests.builders import AUDIT_KEY
from tests.jobs import killed
from tests.jobs.killed import Ended, Team
from tests.twilio_standin import Fault, TwilioStandIn

TEXTS, KILLS = 120, 2
FAULTS = {Fault.TOO_MANY: 0.03, Fault.ERROR_AFTER_ACCEPT: 0.03, Fault.DROP_AFTER_ACCEPT: 0.03}


@pytest.fixture
def at_ten() -> None:
    """Let the clock run: the workers are processes of their own."""


@pytest.fixture
def slow() -> Iterator[TwilioStandIn]:
    """A provider that has taken a text for a while before it says so, and lists it still later."""
    with twilio_standin.running() as standin:
        standin.takes_s, standin.lags_s = 0.03, 0.5
        yield standin


def test_killed_workers_lose_and_double_nothing(database: Database, slow: TwilioStandIn) -> None:
    slow.shares = FAULTS
    killed.plan(database, count=TEXTS)

    assert killed.run(database, slow, strike=Team.kill, blows=KILLS) == Ended(lost=0, doubled=0)
    assert len(slow.taken) == TEXTS


def test_without_looking_up_doubts_the_same_kills_alone_double_texts(
    database: Database, slow: TwilioStandIn
) -> None:
    slow.takes_s = 0.2  # nearly all of the time a text is taken, and its worker does not know it
    killed.plan(database, count=TEXTS // 2)

    ended = killed.run(database, slow, strike=Team.kill, blows=KILLS, reconciles=False)

    assert ended.lost == 0
    assert ended.doubled > 0


def test_a_worker_that_stands_still_past_its_lease_doubles_nothing(
    database: Database, slow: TwilioStandIn
) -> None:
    killed.plan(database, count=TEXTS)

    assert killed.run(database, slow, strike=Team.stop_one) == Ended(lost=0, doubled=0)


@pytest.mark.all
def test_a_database_that_crashes_and_recovers_loses_and_doubles_nothing(
    slow: TwilioStandIn,
) -> None:
    slow.shares = FAULTS
    with postgres.server(None) as server:  # of its own, for it will be killed
        database = Database(server.render_as_string(hide_password=False), audit_key=AUDIT_KEY)
        migrations.bring_up_to_date(database)
        killed.plan(database, count=TEXTS)

        ended = killed.run(database, slow, strike=Team.crash_database, blows=2)
        database.dispose()

    assert ended == Ended(lost=0, doubled=0)
    assert len(slow.taken) == TEXTS
