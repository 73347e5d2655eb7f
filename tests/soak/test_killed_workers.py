import pytest

from outreach.db import Database
from tests import twilio_standin
from tests.jobs import killed
from tests.jobs.killed import Ended, Team
from tests.jobs.test_killed_workers import FAULTS

pytestmark = pytest.mark.both_engines

TEXTS, KILLS = 20_000, 200
NOTHING = Ended(lost=0, doubled=0)


def test_two_hundred_kills_over_twenty_thousand_texts_lose_and_double_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killed, "LIMIT_S", 3600)
    killed.plan(database, count=TEXTS)
    with twilio_standin.running() as standin:
        standin.shares, standin.takes_s, standin.lags_s = FAULTS, 0.01, 0.5

        assert killed.run(database, standin, strike=Team.kill, blows=KILLS) == NOTHING
        assert len(standin.taken) == TEXTS
