from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from outreach import clock

NOON = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)


@pytest.fixture
def clock_set_right_afterwards() -> Iterator[None]:
    yield
    clock.move_to(datetime.now(UTC))
    clock._offset = timedelta(0)


def test_now_is_aware_and_in_utc() -> None:
    with time_machine.travel(NOON, tick=False):
        assert clock.now() == NOON
        assert clock.now().tzinfo is UTC
        assert not clock.is_moved()


@pytest.mark.usefixtures("clock_set_right_afterwards")
def test_a_moved_clock_goes_on_from_where_it_was_moved_to() -> None:
    with time_machine.travel(NOON, tick=False) as traveller:
        clock.move_to(NOON + timedelta(days=7))
        traveller.shift(timedelta(minutes=5))

        assert clock.now() == NOON + timedelta(days=7, minutes=5)
        assert clock.is_moved()


def test_a_block_has_its_own_present_and_gives_the_old_one_back() -> None:
    with clock.at(datetime(2027, 1, 4, tzinfo=UTC)):
        assert clock.now().date() == date(2027, 1, 4)

    assert not clock.is_moved()
