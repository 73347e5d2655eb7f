"""Buckets: never one more than their size in any span."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.accounts import limits
from outreach.accounts.models import RateBucket
from outreach.accounts.rules import Bucket
from outreach.db import Database
from tests.builders import NOW

FIVE = timedelta(minutes=5)
THREE_TRIES = Bucket("tries", 3, FIVE)

pytestmark = pytest.mark.both_engines


def take(db: Database, *, after: timedelta = timedelta(0), owner: str = "ana") -> bool:
    with db.transaction() as session:
        return limits.take(session, THREE_TRIES, owner, now=NOW + after)


def test_the_fourth_try_of_three_is_refused_and_another_persons_first_is_not(db: Database) -> None:
    assert [take(db) for _ in range(4)] == [True, True, True, False]
    assert take(db, owner="ben")


def test_a_refused_try_does_not_make_the_wait_longer(db: Database) -> None:
    for _ in range(3):
        take(db)

    assert not take(db, after=FIVE - timedelta(seconds=1))
    assert take(db, after=FIVE)


def test_a_trickle_does_not_refill_the_bucket(db: Database) -> None:
    minutes = (0, 2, 4, 6, 8)

    assert [take(db, after=timedelta(minutes=minute)) for minute in minutes] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_right_try_is_given_back(db: Database) -> None:
    for _ in range(5):
        assert take(db)
        with db.transaction() as session:
            limits.give_back(session, THREE_TRIES, "ana")


def test_of_many_tries_at_once_three_come_through(db: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take(db), range(16)))

    assert taken.count(True) == 3


def test_what_was_not_used_for_a_day_is_forgotten(db: Database) -> None:
    take(db, owner="ana")
    take(db, after=timedelta(hours=1), owner="ben")

    with db.transaction() as session:
        limits.forget_old(session, now=NOW + timedelta(days=1, seconds=1))
        left = session.scalars(select(RateBucket.filled_at)).all()

    assert left == [NOW + timedelta(hours=1)]
