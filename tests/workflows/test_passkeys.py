"""Passkeys as the second step: signed here, now, once, by this key and no other."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import (
    Membership,
    Passkey,
    PasskeyChallenge,
)
from outreach.accounts.passkeys import Purpose
from outreach.accounts.sessions import SignedIn
from outreach.db import Database
from outreach.workflows import second_factor
from tests import builders, factor_builders, races
from tests.builders import NOW
from tests.factor_builders import SITE, enter, fresh, has_shown, told
from tests.software_key import SoftwareKey

FIVE = timedelta(minutes=5)


@pytest.fixture
def ruth(session: Session) -> Membership:
    return builders.coordinator(session, builders.affiliate(session))


@pytest.fixture
def seen(session: Session, ruth: Membership) -> SignedIn:
    """Ruth's browser after the mailed code."""
    return enter(session, ruth)


def challenge(session: Session, seen: SignedIn, purpose: Purpose = "show") -> str:
    return second_factor.challenge(session, seen, purpose, site=SITE, now=NOW)


def shown(
    session: Session, seen: SignedIn, answer: str, *, after: timedelta = timedelta(0)
) -> bool:
    return bool(second_factor.use_passkey(session, seen, answer, site=SITE, now=NOW + after))


@pytest.mark.parametrize("count", [0, None])
def test_a_passkey_is_added_and_shown(
    session: Session, ruth: Membership, seen: SignedIn, count: int | None
) -> None:
    key = SoftwareKey(count=count)
    made = key.make(challenge(session, seen, "add"))

    added = second_factor.add_passkey(session, seen, made, name="Key", site=SITE, now=NOW)
    other = enter(session, ruth)
    is_right = shown(session, other, key.sign(challenge(session, other)))

    assert added
    assert len(added.codes) == 10
    assert is_right
    assert has_shown(session, other)
    row = session.scalars(select(Passkey)).one()
    assert (row.sign_count, row.transports, row.name) == (key.count or 0, ["usb"], "Key")
    assert told(session) == ["passkey_added"]


WRONG: dict[str, Callable[[SoftwareKey], None]] = {
    "at another host": lambda key: setattr(key, "host", "evil.example"),
    "at another origin": lambda key: setattr(key, "origin", "http://localhost:81"),
    "without asking its owner": lambda key: setattr(key, "verifies", False),
    "with a count that does not grow": lambda key: setattr(key, "count", 0),
    "by another secret": lambda key: setattr(key, "secret", SoftwareKey().secret),
    "as another credential": lambda key: setattr(key, "credential_id", b"another"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_passkey_used_wrongly_is_refused(
    session: Session, ruth: Membership, seen: SignedIn, wrong: str
) -> None:
    key = SoftwareKey(count=7)
    factor_builders.passkey(session, ruth, key, browser_id=seen.session_id)

    WRONG[wrong](key)

    assert not shown(session, seen, key.sign(challenge(session, seen)))
    assert not has_shown(session, seen)


@pytest.mark.parametrize(
    "wrong", ["at another host", "at another origin", "without asking its owner"]
)
def test_a_passkey_made_wrongly_is_not_added(session: Session, seen: SignedIn, wrong: str) -> None:
    key = SoftwareKey()
    WRONG[wrong](key)
    made = key.make(challenge(session, seen, "add"))

    assert not second_factor.add_passkey(session, seen, made, name="Key", site=SITE, now=NOW)
    assert session.scalars(select(Passkey)).all() == []


def test_what_a_key_signed_is_of_no_use_twice_nor_in_another_browser_nor_later(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    key, other = SoftwareKey(count=None), enter(session, ruth)
    factor_builders.passkey(session, ruth, key, browser_id=seen.session_id)
    signed = key.sign(challenge(session, seen))
    challenge(session, other)

    elsewhere = shown(session, other, signed)
    first, second = (shown(session, seen, signed) for _ in range(2))
    late = shown(session, seen, key.sign(challenge(session, seen)), after=FIVE)

    assert (elsewhere, first, second, late) == (False, True, False, False)


def test_a_challenge_to_show_a_key_adds_none(session: Session, seen: SignedIn) -> None:
    made = SoftwareKey().make(challenge(session, seen, "show"))

    assert not second_factor.add_passkey(session, seen, made, name="Key", site=SITE, now=NOW)


def test_a_wrong_answer_uses_the_challenge_up(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    key = SoftwareKey()
    factor_builders.passkey(session, ruth, key, browser_id=seen.session_id)
    right = key.sign(challenge(session, seen))

    assert not shown(session, seen, "{}")
    assert not shown(session, seen, right)


def test_a_key_is_added_once(session: Session, ruth: Membership, seen: SignedIn) -> None:
    key = SoftwareKey()
    factor_builders.passkey(session, ruth, key, browser_id=seen.session_id)
    again = key.make(challenge(session, fresh(seen), "add"))

    assert not second_factor.add_passkey(
        session, fresh(seen), again, name="Key", site=SITE, now=NOW
    )


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "{",
        "[]",
        "null",
        '{"id": 7}',
        '{"id": "a\\u0000b"}',
        '{"id": "KNOWN"}',
        '{"id": "KNOWN", "rawId": "KNOWN", "type": "public-key", "response": {}}',
        '{"id": "KNOWN", "rawId": "!", "type": "public-key", "response": {"clientDataJSON": "!"}}',
        "[" * 5000,
    ],
)
def test_garbled_answers_are_wrong_and_no_more(
    session: Session, ruth: Membership, seen: SignedIn, garbled: str
) -> None:
    row = factor_builders.passkey(session, ruth, SoftwareKey(), browser_id=seen.session_id)
    answer = garbled.replace("KNOWN", row.credential_id)
    challenge(session, seen)

    assert not shown(session, seen, answer)
    challenge(session, fresh(seen), "add")
    assert not second_factor.add_passkey(
        session, fresh(seen), answer, name="Key", site=SITE, now=NOW
    )


def test_old_challenges_are_swept_away(session: Session, ruth: Membership, seen: SignedIn) -> None:
    challenge(session, seen)
    later = enter(session, ruth)

    second_factor.challenge(session, later, "show", site=SITE, now=NOW + FIVE)

    assert session.scalars(select(PasskeyChallenge.web_session_id)).all() == [later.session_id]


@pytest.mark.both_engines
def test_of_two_requests_with_the_same_signature_one_comes_through(
    session: Session, database: Database, ruth: Membership, seen: SignedIn
) -> None:
    key = SoftwareKey(count=None)
    factor_builders.passkey(session, ruth, key, browser_id=seen.session_id)
    signed = key.sign(challenge(session, seen))
    session.commit()

    def show(own: Session) -> bool:
        return bool(second_factor.use_passkey(own, seen, signed, site=SITE, now=NOW))

    assert sorted(races.at_once(database, [show] * 4)) == [False, False, False, True]
