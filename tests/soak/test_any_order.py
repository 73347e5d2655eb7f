"""Whatever happens in whatever order: rows, calendars, consent, hours and places stay right.

A seed draws the same events each time. In even ones providers fail and workers die.
"""

import pytest
from time_machine import Traveller

from outreach.db import Database
from tests.soak import invariants
from tests.soak.any_order import Play

EVENTS = 50


@pytest.mark.both_engines
@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_nobody_is_told_what_is_not_so(
    database: Database, present: Traveller, seed: int
) -> None:
    play_through(database, present, seed=seed)


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("seed", range(5, 30))
def test_in_many_more_orders_nobody_is_told_what_is_not_so(
    database: Database, present: Traveller, seed: int
) -> None:
    play_through(database, present, seed=seed)


def play_through(database: Database, present: Traveller, *, seed: int) -> None:
    play = Play(database, present, seed=seed, calm=seed % 2 == 1)

    for number in range(EVENTS):
        event = play.something_happens()
        assert invariants.broken(play) == [], f"Seed {seed}, event {number}: {event}."
    play.comes_to_rest()

    assert invariants.broken(play) == [], f"Seed {seed}, at rest."
    assert invariants.broken_at_rest(play) == [], f"Seed {seed}, at rest."
