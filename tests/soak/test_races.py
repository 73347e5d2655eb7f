import pytest

from outreach.db import Database
from tests import races

pytestmark = pytest.mark.both_engines

RIVALS = 50


@pytest.mark.parametrize("attempt", range(5))
def test_of_fifty_who_say_yes_at_once_one_gets_the_visit(database: Database, attempt: int) -> None:
    del attempt
    with database.transaction() as session:
        offer_ids = races.one_slot(session, rivals=RIVALS)

    ended = races.run(database, offer_ids)

    assert ended == {races.WON: 1, races.CONFLICT: RIVALS - 1}
    with database.reading() as session:
        assert len(races.active(session)) == 1


@pytest.mark.parametrize("attempt", range(5))
def test_a_speaker_who_says_yes_to_fifty_overlapping_visits_gets_one(
    database: Database, attempt: int
) -> None:
    del attempt
    with database.transaction() as session:
        offer_ids = races.one_speaker(session, rivals=RIVALS)

    ended = races.run(database, offer_ids)

    assert ended == {races.WON: 1, races.CONFLICT: RIVALS - 1}
    with database.reading() as session:
        assert len(races.active(session)) == 1
