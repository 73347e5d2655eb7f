"""What the database refuses of second factors and the right to refer, on both engines."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.accounts.models import (
    Membership,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    TotpFactor,
)
from outreach.db import Base
from tests import builders, factor_builders
from tests.builders import NOW

pytestmark = pytest.mark.both_engines


@pytest.fixture
def ruth(session: Session) -> Membership:
    return builders.coordinator(session, builders.affiliate(session))


def app(**values: object) -> TotpFactor:
    about = {"secret": "sealed", "created_at": NOW, "confirmed_at": NOW, "last_counter": 1}
    return TotpFactor(**(about | values))


def key(**values: object) -> Passkey:
    about = {"credential_id": "one", "public_key": b"key", "sign_count": 0, "created_at": NOW}
    return Passkey(**({"transports": [], "name": "Key"} | about | values))


def challenge(**values: object) -> PasskeyChallenge:
    later = NOW + timedelta(minutes=5)
    about = {"purpose": "show", "challenge": "c", "created_at": NOW, "expires_at": later}
    return PasskeyChallenge(**(about | values))


REFUSED: dict[str, Callable[[int, int], list[Base]]] = {
    "two apps": lambda account, _browser: [app(account_id=account), app(account_id=account)],
    "two that wait": lambda account, _browser: [
        app(account_id=account, confirmed_at=None, last_counter=None) for _ in range(2)
    ],
    "one confirmed by no code": lambda account, _browser: [
        app(account_id=account, last_counter=None)
    ],
    "a key of two": lambda account, _browser: [key(account_id=account), key(account_id=account)],
    "a count below zero": lambda account, _browser: [key(account_id=account, sign_count=-1)],
    "a challenge for anything": lambda _account, browser: [
        challenge(web_session_id=browser, purpose="any")
    ],
    "a challenge that is over at once": lambda _account, browser: [
        challenge(web_session_id=browser, expires_at=NOW)
    ],
    "one challenge twice": lambda _account, browser: [
        challenge(web_session_id=browser) for _ in range(2)
    ],
    "one recovery code twice": lambda account, _browser: [
        RecoveryCode(account_id=account, code_hash="same", created_at=NOW) for _ in range(2)
    ],
}


def refuses(session: Session, rows: list[Base]) -> bool:
    try:
        with session.begin_nested():
            session.add_all(rows)
            session.flush()
    except IntegrityError:
        return True
    return False


def test_the_database_refuses_what_must_never_be(session: Session, ruth: Membership) -> None:
    browser = factor_builders.enter(session, ruth).session_id

    kept = [
        name
        for name, rows in REFUSED.items()
        if not refuses(session, rows(ruth.account_id, browser))
    ]

    assert kept == []


def test_only_liaisons_refer_and_intake_people_are_of_an_affiliate(session: Session) -> None:
    here = builders.world(session)
    account = builders.account(session, "Ines Castro")

    def place(**about: object) -> list[Base]:
        return [Membership(**({"account_id": account.id, "starts_at": NOW} | about))]

    assert refuses(session, place(kind="intake", affiliate_id=here.affiliate.id, may_refer=True))
    assert refuses(session, place(kind="intake"))
    assert refuses(session, place(kind="guest", affiliate_id=here.affiliate.id))
    assert not refuses(session, place(kind="intake", affiliate_id=here.affiliate.id))
    assert not refuses(session, place(kind="liaison", hospital_id=here.hospital.id, may_refer=True))
