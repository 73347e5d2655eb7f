"""One-time codes: once, in time, in the browser that asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import codes
from outreach.accounts.models import Account, SignInCode
from outreach.db import Database
from tests import builders
from tests.builders import NOW

HERS, ANOTHER = "her browser's secret", "another browser's secret"
DIGITS = "12345678"


@pytest.fixture
def ruth(session: Session) -> Account:
    membership = builders.coordinator(session, builders.affiliate(session))
    account = session.get_one(Account, membership.account_id)
    session.commit()
    return account


def ask(session: Session, email: str, *, digits: str = DIGITS, now: datetime = NOW) -> codes.Asked:
    asked = codes.ask(session, email, browser=HERS, now=now)
    asked.code.code_hash = codes.hashed(digits, browser=HERS)
    session.flush()
    return asked


def test_a_code_signs_in_once(session: Session, ruth: Account) -> None:
    ask(session, ruth.email)

    assert codes.use(session, DIGITS, browser=HERS, now=NOW) == ruth.id
    assert codes.use(session, DIGITS, browser=HERS, now=NOW) is None


def test_a_code_is_of_no_use_in_another_browser(session: Session, ruth: Account) -> None:
    ask(session, ruth.email)

    assert codes.use(session, DIGITS, browser=ANOTHER, now=NOW) is None


def test_a_code_lasts_ten_minutes(session: Session, ruth: Account) -> None:
    ask(session, ruth.email)
    ten = timedelta(minutes=10)

    assert codes.use(session, DIGITS, browser=HERS, now=NOW + ten) is None
    last = NOW + ten - timedelta(microseconds=1)
    assert codes.use(session, DIGITS, browser=HERS, now=last) == ruth.id


def test_using_one_code_uses_up_the_others_of_that_browser(session: Session, ruth: Account) -> None:
    ask(session, ruth.email, digits="11111111")
    ask(session, ruth.email, digits="22222222")

    assert codes.use(session, "11111111", browser=HERS, now=NOW) == ruth.id
    assert codes.use(session, "22222222", browser=HERS, now=NOW) is None


def test_an_address_in_capitals_is_the_same(session: Session, ruth: Account) -> None:
    assert ask(session, f" {ruth.email.upper()} ").account == ruth


@pytest.mark.parametrize("reason", ["nobody", "disabled", "no membership left"])
def test_who_may_not_sign_in_gets_a_row_that_signs_nobody_in(
    session: Session, ruth: Account, reason: str
) -> None:
    email = "nobody@people.example" if reason == "nobody" else ruth.email
    if reason == "disabled":
        ruth.disabled_at = NOW
    now = NOW if reason != "no membership left" else NOW - timedelta(days=60)
    session.flush()

    asked = ask(session, email, now=now)

    assert asked.account is None
    assert codes.asked_for(session, browser=HERS, now=now) == asked.code
    assert codes.use(session, DIGITS, browser=HERS, now=now) is None


def test_codes_of_the_day_before_are_forgotten(session: Session, ruth: Account) -> None:
    ask(session, ruth.email, now=NOW - timedelta(days=1, minutes=11))

    newest = ask(session, ruth.email).code

    assert session.scalars(select(SignInCode)).all() == [newest]


@pytest.mark.both_engines
def test_of_eight_that_type_the_same_code_at_once_one_comes_in(
    db: Database, session: Session, ruth: Account
) -> None:
    ask(session, ruth.email)
    session.commit()

    def use(_: int) -> int | None:
        with db.transaction() as own:
            return codes.use(own, DIGITS, browser=HERS, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        came_in = list(pool.map(use, range(8)))

    assert sorted(came_in, key=str) == [ruth.id, *[None] * 7]
