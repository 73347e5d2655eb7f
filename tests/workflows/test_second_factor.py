"""The second step of signing in: what is right, what is used up, who may change it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import factors
from outreach.accounts.models import (
    Account,
    Membership,
    RecoveryCode,
    TotpFactor,
)
from outreach.accounts.sessions import SignedIn
from outreach.actor import Kind
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.errors import RuleBroken, TooMany
from outreach.messaging.models import Message
from outreach.sealing import DoesNotOpen
from outreach.workflows import second_factor
from tests import builders, factor_builders, races
from tests.builders import NOW
from tests.factor_builders import RING, SITE, App, enter, fresh, has_shown, told
from tests.software_key import SoftwareKey

HALF_MINUTE = timedelta(seconds=30)
FIVE = timedelta(minutes=5)


@pytest.fixture
def ruth(session: Session) -> Membership:
    return builders.coordinator(session, builders.affiliate(session))


@pytest.fixture
def seen(session: Session, ruth: Membership) -> SignedIn:
    """Ruth's browser after the mailed code."""
    return enter(session, ruth)


def typed(session: Session, seen: SignedIn, code: str, *, after: timedelta = timedelta(0)) -> bool:
    return bool(second_factor.use_typed(session, seen, code, ring=RING, now=NOW + after))


# --- the app


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_a_code_of_this_half_minute_or_one_beside_it_is_right(
    session: Session, ruth: Membership, seen: SignedIn, step: int
) -> None:
    app = factor_builders.app(session, ruth)

    assert typed(session, seen, app.code(step=step))
    assert has_shown(session, seen)
    acts = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert acts[-1] == "second_factor.show"


@pytest.mark.parametrize("step", [-2, 2])
def test_a_code_two_half_minutes_away_is_wrong(
    session: Session, ruth: Membership, seen: SignedIn, step: int
) -> None:
    app = factor_builders.app(session, ruth)

    assert not typed(session, seen, app.code(step=step))
    assert not has_shown(session, seen)


def test_a_code_is_typed_with_a_space(session: Session, ruth: Membership, seen: SignedIn) -> None:
    digits = factor_builders.app(session, ruth).code()

    assert typed(session, seen, f" {digits[:3]} {digits[3:]} ")


def test_a_code_is_taken_once_and_none_before_it_any_more(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    app = factor_builders.app(session, ruth)

    assert typed(session, seen, app.code())
    assert not typed(session, seen, app.code())
    assert not typed(session, seen, app.code(step=-1))
    assert typed(session, seen, app.code(step=1))


def test_another_accounts_code_is_wrong(session: Session, ruth: Membership, seen: SignedIn) -> None:
    factor_builders.app(session, ruth)
    other = builders.coordinator(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")
    rosas = factor_builders.app(session, other)

    assert not typed(session, seen, rosas.code())


def test_who_has_no_app_shows_nothing(session: Session, seen: SignedIn) -> None:
    assert not typed(session, seen, "000000")
    assert not typed(session, seen, "")


def test_the_secret_is_sealed_for_its_row(session: Session, ruth: Membership) -> None:
    secret = factor_builders.app(session, ruth).secret
    row = session.scalars(select(TotpFactor)).one()

    assert secret not in row.secret
    assert row.secret.startswith("v1.")
    row.public_id = crypto.public_id()
    with pytest.raises(DoesNotOpen):
        factors.secret_of(row, ring=RING)


# --- limits


def test_the_sixth_wrong_try_is_refused_for_five_minutes_and_no_longer(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    app = factor_builders.app(session, ruth)
    tries = [typed(session, seen, "000000") for _ in range(5)]

    with pytest.raises(TooMany, match="wait five minutes"):
        typed(session, seen, app.code())
    with pytest.raises(TooMany):
        typed(session, seen, app.code(NOW + FIVE), after=FIVE - timedelta(seconds=1))

    assert tries == [False] * 5
    assert typed(session, seen, app.code(NOW + FIVE), after=FIVE)


def test_every_kind_of_factor_and_every_browser_counts_against_one_limit(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    factor_builders.app(session, ruth)
    other = enter(session, ruth)
    for _ in range(3):
        typed(session, seen, "000000")
    for _ in range(2):
        second_factor.use_passkey(session, other, "{}", site=SITE, now=NOW)

    with pytest.raises(TooMany):
        typed(session, other, "abcd-abcd-abcd-abcd")


@pytest.mark.both_engines
def test_the_fifth_wrong_try_is_told_to_the_owner_and_written_down(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    factor_builders.app(session, ruth)
    for wrong in ("000000", "abcd-efgh", "000000", "abcd-efgh"):
        typed(session, seen, wrong)
    before = tries_told(session)

    typed(session, seen, "abcd-efgh-jkmn-pqrs")
    with pytest.raises(TooMany):
        typed(session, seen, "000000")

    mail = session.scalars(select(Message).where(Message.kind == "sign_in_tries")).one()
    account = session.get_one(Account, ruth.account_id)
    assert (before, mail.to_address, mail.recipient_id) == ((0, 0), account.email, account.id)
    assert tries_told(session) == (1, 1)


def test_the_owner_is_told_once_an_hour_and_every_limit_is_written_down(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    def try_until_the_limit(after: timedelta) -> None:
        for _ in range(5):
            typed(session, seen, "000000", after=after)

    factor_builders.app(session, ruth)
    for after in (timedelta(0), FIVE, timedelta(minutes=59)):
        try_until_the_limit(after)
    assert tries_told(session) == (1, 3)

    try_until_the_limit(timedelta(hours=1, minutes=4))
    assert tries_told(session) == (2, 4)


def tries_told(session: Session) -> tuple[int, int]:
    """Return how often the owner was told, and how often it was written down."""
    told_of = select(Message.id).where(Message.kind == "sign_in_tries")
    written = select(AuditEvent.id).where(AuditEvent.action == "second_factor.limit")
    return len(session.scalars(told_of).all()), len(session.scalars(written).all())


def test_right_codes_do_not_count(session: Session, ruth: Membership, seen: SignedIn) -> None:
    app = factor_builders.app(session, ruth)
    for _ in range(4):
        typed(session, seen, "000000")

    shown = [
        typed(session, seen, app.code(NOW + HALF_MINUTE * n), after=HALF_MINUTE * n)
        for n in range(4)
    ]

    assert shown == [True] * 4


# --- recovery codes


def test_a_recovery_code_stands_in_once_and_a_mail_tells(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    factor_builders.app(session, ruth)
    first, second, *_others = factor_builders.codes(session, ruth)

    assert typed(session, seen, first.upper().replace("-", " "))
    assert not typed(session, seen, first)
    assert typed(session, seen, second)
    assert factors.held(session, ruth.account_id).codes_left == 8
    assert told(session) == ["code_used", "code_used"]


def test_ten_codes_differ_and_only_their_hashes_are_kept(
    session: Session, ruth: Membership
) -> None:
    made = factor_builders.codes(session, ruth)
    kept = session.scalars(select(RecoveryCode.code_hash)).all()

    assert len(set(made)) == len(set(kept)) == 10
    assert not [code for code in made if any(code.replace("-", "") in each for each in kept)]


def test_new_codes_replace_the_old_and_need_a_fresh_factor(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    factor_builders.app(session, ruth)
    old = factor_builders.codes(session, ruth)[0]

    with pytest.raises(second_factor.NotFresh):
        second_factor.make_codes(session, seen, now=NOW)
    made = second_factor.make_codes(session, fresh(seen), now=NOW)

    assert not typed(session, seen, old)
    assert typed(session, seen, made[0])
    assert told(session) == ["codes_made", "code_used"]


def test_codes_stand_in_for_something_or_are_not_made(session: Session, seen: SignedIn) -> None:
    with pytest.raises(RuleBroken, match="Set up an app or a passkey first"):
        second_factor.make_codes(session, fresh(seen), now=NOW)


def test_anothers_recovery_code_is_wrong(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    other = builders.coordinator(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")

    assert not typed(session, seen, factor_builders.codes(session, other)[0])
    assert factors.held(session, ruth.account_id).codes_left == 0


# --- setting up and changing


def begin(session: Session, seen: SignedIn) -> App:
    begun = second_factor.begin_app(session, seen, ring=RING, now=NOW)
    return App(factors.secret_of(begun, ring=RING))


def confirm(
    session: Session, seen: SignedIn, code: str, *, after: timedelta = timedelta(0)
) -> second_factor.Added | None:
    return second_factor.confirm_app(session, seen, code, ring=RING, now=NOW + after)


def test_the_first_app_is_set_up_with_ten_recovery_codes(session: Session, seen: SignedIn) -> None:
    app = begin(session, seen)

    wrong = confirm(session, seen, "000000")
    added = confirm(session, seen, app.code())

    assert wrong is None
    assert added
    assert len(added.codes) == 10
    assert has_shown(session, seen)
    assert told(session) == ["app_added"]


def test_the_code_that_set_an_app_up_is_of_no_use_afterwards(
    session: Session, seen: SignedIn
) -> None:
    app = begin(session, seen)
    confirm(session, seen, app.code())

    assert not typed(session, seen, app.code())


def test_a_set_up_lasts_half_an_hour(session: Session, seen: SignedIn) -> None:
    app, late = begin(session, seen), timedelta(minutes=30)

    assert confirm(session, seen, app.code(NOW + late), after=late) is None


def test_a_second_begin_makes_the_first_picture_worthless(session: Session, seen: SignedIn) -> None:
    first, second = begin(session, seen), begin(session, seen)

    assert confirm(session, seen, first.code()) is None
    assert confirm(session, seen, second.code())


def test_of_two_browsers_that_set_up_the_first_factor_the_later_is_asked_for_it(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    thief = enter(session, ruth)
    app = begin(session, seen)
    confirm(session, seen, app.code())

    with pytest.raises(second_factor.NotFresh):
        confirm(session, thief, app.code(step=1))
    with pytest.raises(second_factor.NotFresh):
        second_factor.challenge(session, thief, "add", site=SITE, now=NOW)


def test_a_new_app_replaces_the_old_one_and_keeps_the_codes(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    old = factor_builders.app(session, ruth)
    factor_builders.codes(session, ruth)
    new = begin(session, fresh(seen))

    added = confirm(session, fresh(seen), new.code())

    assert added
    assert added.codes == []
    assert not typed(session, seen, old.code(step=1))
    assert typed(session, seen, new.code(step=1))
    assert factors.held(session, ruth.account_id).codes_left == 10


def test_a_change_ten_minutes_after_the_last_showing_asks_for_it_again(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    factor_builders.app(session, ruth)
    shown_then = replace(seen, second_factor_at=NOW - timedelta(minutes=10))

    assert not second_factor.may_change(session, shown_then, now=NOW)
    for change in (second_factor.make_codes, second_factor.remove_app):
        with pytest.raises(second_factor.NotFresh):
            change(session, shown_then, now=NOW)
    with pytest.raises(second_factor.NotFresh):
        second_factor.begin_app(session, shown_then, ring=RING, now=NOW)
    assert told(session) == []


def test_the_only_factor_stays_and_one_of_two_may_go(
    session: Session, ruth: Membership, seen: SignedIn
) -> None:
    factor_builders.app(session, ruth)
    with pytest.raises(RuleBroken, match="your only second step"):
        second_factor.remove_app(session, fresh(seen), now=NOW)
    key = factor_builders.passkey(session, ruth, SoftwareKey(), browser_id=seen.session_id)

    second_factor.remove_app(session, fresh(seen), now=NOW)
    second_factor.remove_app(session, fresh(seen), now=NOW)
    with pytest.raises(RuleBroken, match="your only second step"):
        second_factor.remove_passkey(session, fresh(seen), key, now=NOW)

    assert told(session) == ["app_removed"]
    assert factors.held(session, ruth.account_id).count == 1


def test_who_needs_none_any_more_may_remove_the_last(session: Session) -> None:
    here = builders.world(session)
    priya = builders.liaison(session, here.hospital)
    seen = enter(session, priya)
    key = factor_builders.passkey(session, priya, SoftwareKey(), browser_id=seen.session_id)
    codes = factor_builders.codes(session, priya)

    second_factor.remove_passkey(session, fresh(seen), key, now=NOW)
    second_factor.remove_passkey(session, fresh(seen), key, now=NOW)

    assert factors.held(session, priya.account_id) == factors.Held(None, [], 0)
    assert not typed(session, seen, codes[0])
    assert told(session) == ["passkey_removed"]


def test_every_change_is_in_the_audit_log_without_a_persons_data(
    session: Session, seen: SignedIn
) -> None:
    app = begin(session, seen)
    confirm(session, seen, app.code())
    second_factor.make_codes(session, fresh(seen), now=NOW)

    changes = select(AuditEvent).where(AuditEvent.action == "second_factor.change")
    rows = session.scalars(changes.order_by(AuditEvent.id)).all()
    assert [row.details["what"] for row in rows] == ["app_added", "codes_made"]
    assert {row.actor for row in rows} == {f"{Kind.COORDINATOR}:{seen.account_id}"}


# --- races


@pytest.mark.both_engines
def test_of_two_requests_with_the_same_code_one_comes_through(
    session: Session, database: Database, ruth: Membership, seen: SignedIn
) -> None:
    app, codes = factor_builders.app(session, ruth), factor_builders.codes(session, ruth)
    session.commit()

    def show(code: str) -> Callable[[Session], bool]:
        return lambda own: bool(second_factor.use_typed(own, seen, code, ring=RING, now=NOW))

    by_app = races.at_once(database, [show(app.code())] * 3)
    by_paper = races.at_once(database, [show(codes[0])] * 3)

    assert sorted(by_app) == sorted(by_paper) == [False, False, True]


@pytest.mark.both_engines
def test_of_two_who_set_up_the_first_factor_at_once_one_comes_through(
    session: Session, database: Database, ruth: Membership, seen: SignedIn
) -> None:
    thief, app = enter(session, ruth), begin(session, seen)
    session.commit()

    def set_up(browser: SignedIn, step: int) -> Callable[[Session], bool]:
        def confirmed(own: Session) -> bool:
            try:
                code = app.code(step=step)
                return second_factor.confirm_app(own, browser, code, ring=RING, now=NOW) is not None
            except second_factor.NotFresh:
                return False

        return confirmed

    ended = races.at_once(database, [set_up(seen, 0), set_up(thief, 1)])

    assert sorted(ended) == [False, True]
