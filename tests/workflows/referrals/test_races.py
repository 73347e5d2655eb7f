"""Referrals raced for: one wins, the others are told, whichever engine keeps the rows."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.db import Database
from outreach.errors import Conflict, OutreachError
from outreach.messaging.models import Message
from outreach.referrals.codes import Revoked, State
from outreach.referrals.models import (
    Authorization,
    Disclosure,
    Referral,
    ReferralAttempt,
    ReferralLink,
)
from outreach.workflows.referrals import (
    authorizing,
    children,
    correcting,
    disclosing,
    stopping,
    working,
)
from outreach.workflows.referrals.correcting import Correction
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.working import By
from tests import builders, races
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward

pytestmark = pytest.mark.both_engines

Unit = Callable[[Session], bool]


def told_off(act: Callable[[Session], object], session: Session) -> bool:
    """Do something; False where it had moved on, and nothing of it is kept."""
    try:
        with session.begin_nested():
            act(session)
    except (Conflict, OutreachError):
        return False
    return True


def race(database: Database, acts: list[Callable[[Session], object]]) -> list[bool]:
    return races.at_once(database, [partial(told_off, act) for act in acts])


def count(database: Database, model: type, *conditions: object) -> int:
    with database.reading() as session:
        wanted = select(func.count()).select_from(model).where(*conditions)  # type: ignore[arg-type] # columns
        return session.scalar(wanted) or 0


def state_of(database: Database, of: Referral) -> str:
    with database.reading() as session:
        return session.get_one(Referral, of.id).state


def test_of_two_helpers_who_accept_at_once_one_has_it(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    seen = made.version
    both = [
        referrals.by_helper(referrals.helper(session, ward.receiver, name)).actor
        for name in ("Lena Ortiz", "Omar Diaz")
    ]
    session.commit()

    def accept(actor: Actor, own: Session) -> None:
        row = own.get_one(Referral, made.id)
        working.accept(own, row, by=By(actor=actor, version=seen), desk=desk, now=NOW)

    won = race(database, [partial(accept, actor) for actor in both])

    assert Counter(won) == {True: 1, False: 1}
    assert state_of(database, made) == State.ACCEPTED


def test_a_doubled_attempt_is_one(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.accepted(session, ward)
    by = referrals.by_helper(ward.made["helper"])
    tried = referrals.tried(result="no_answer", request_key="the same")
    session.commit()

    def attempt(own: Session) -> None:
        row = own.get_one(Referral, made.id)
        working.attempt(own, row, tried, by=by, desk=desk, now=NOW)

    race(database, [attempt, attempt])

    assert count(database, ReferralAttempt) == 1


def test_a_withdrawal_and_a_sending_at_once_leave_nothing_with_the_affiliate(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.ready(session, ward)
    session.commit()

    def send(own: Session) -> None:
        row = own.get_one(Referral, made.id)
        authorizing.send(own, row, version=None, by=ward.by_liaison, desk=desk, now=NOW)

    def revoke(own: Session) -> None:
        authorization = own.get_one(Authorization, made.authorization_id)
        stopping.revoke(
            own,
            authorization,
            how=Revoked.SPOKEN,
            received_by="Nurse Joy",
            by=ward.by_liaison,
            desk=desk,
            now=NOW,
        )

    race(database, [send, revoke])

    assert state_of(database, made) == State.CANCELLED
    waits = (Message.kind == "item_waits", Message.state == "pending")
    assert count(database, Message, *waits) == 0
    assert count(database, ReferralLink, ReferralLink.closed_at.is_(None)) == 0
    # If the sending was first the affiliate was told to begin, and hears that it stops.
    disclosed = count(database, Disclosure)
    assert count(database, Message, Message.kind == "item_stopped") == disclosed


def correcting_it(
    made: Referral, desk: Desk, *, name: str, by: Actor
) -> Callable[[Session], object]:
    """Return a correction as it is sent from a page of how the referral stands now."""
    seen, row_id = made.version, made.id

    def correct(own: Session) -> None:
        correcting.correct(
            own,
            own.get_one(Referral, row_id),
            Correction(name=name),
            version=seen,
            by=by,
            desk=desk,
            now=NOW,
        )

    return correct


def test_of_two_corrections_at_once_one_stands_and_the_other_is_told(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    acts = [
        correcting_it(made, desk, name="Wren", by=ward.by_liaison),
        correcting_it(made, desk, name="Robin", by=ward.by_coordinator),
    ]
    session.commit()

    won = race(database, acts)

    assert Counter(won) == {True: 1, False: 1}
    assert count(database, Disclosure) == 2
    assert count(database, Message, Message.kind == "item_changed") == 1
    with database.reading() as own:
        kept = own.get_one(Referral, made.id)
        shown = disclosing.last_snapshot(own, kept, vault=desk.vault)
    assert shown["name"] == ("Wren" if won[0] else "Robin")


def test_a_correction_and_a_withdrawal_at_once_leave_nothing_that_goes_out(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.accepted(session, ward)
    correct = correcting_it(made, desk, name="Wren", by=ward.by_liaison)
    session.commit()

    def revoke(own: Session) -> None:
        stopping.revoke(
            own,
            own.get_one(Authorization, made.authorization_id),
            how=Revoked.SPOKEN,
            received_by="Nurse Joy",
            by=ward.by_liaison,
            desk=desk,
            now=NOW,
        )

    corrected, revoked = race(database, [correct, revoke])

    assert revoked
    assert state_of(database, made) == State.CANCELLED
    waits = (Message.kind == "item_changed", Message.state == "pending")
    assert count(database, Message, *waits) == 0
    assert count(database, ReferralLink, ReferralLink.closed_at.is_(None)) == 0
    # Where the correction was first it is in the log, with the sending.
    assert count(database, Disclosure) == 1 + corrected


def test_two_coordinators_who_reroute_at_once_make_one_child(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    north = referrals.receiving(session, "North Shore")
    lena = referrals.by_helper(referrals.helper(session, ward.receiver))
    working.decline(session, made, reason="no_capacity", by=lena, desk=desk, now=NOW)
    keys = [children.prepare_key(desk) for _ in range(2)]
    session.commit()

    def reroute(key: tuple[str, str], own: Session) -> None:
        row = own.get_one(Referral, made.id)
        children.reroute(own, row, north, key=key, by=ward.by_coordinator, desk=desk, now=NOW)

    won = race(database, [partial(reroute, key) for key in keys])

    assert Counter(won) == {True: 1, False: 1}
    assert count(database, Referral, Referral.parent_id == made.id) == 1


def test_of_a_unit_and_a_coordinator_who_record_a_childs_form_at_once_one_does(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    north = referrals.receiving(session, "North Shore")
    lena = referrals.by_helper(referrals.helper(session, ward.receiver))
    working.decline(session, made, reason="no_capacity", by=lena, desk=desk, now=NOW)
    ruth, priya = ward.by_coordinator, ward.by_liaison
    key = children.prepare_key(desk)
    child = children.reroute(session, made, north, key=key, by=ruth, desk=desk, now=NOW)
    form, seen = referrals.signed_form(session, ward), child.version
    keys = {by.kind: authorizing.prepare_key(desk, child) for by in (ruth, priya)}
    before = len(session.scalars(select(Authorization)).all())
    session.commit()

    def record(by: Actor, own: Session) -> None:
        authorizing.record(
            own,
            own.get_one(Referral, child.id),
            form,
            referrals.person(name=f"Written by the {by.kind}"),
            operator=ward.bureau.name,
            data_key_id=keys[by.kind],
            version=seen,
            by=by,
            desk=desk,
            now=NOW,
        )

    won = race(database, [partial(record, by) for by in (ruth, priya)])

    assert Counter(won) == {True: 1, False: 1}
    assert count(database, Authorization) == before + 1
    with database.reading() as own:
        row = own.get_one(Referral, child.id)
        assert (row.state, row.data_key_id) == (
            State.READY,
            keys[(ruth, priya)[won.index(True)].kind],
        )


def test_two_coordinators_take_back_what_was_sent_and_one_alone_cannot(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    ruth, samir = (builders.actor(each) for each in (ward.coordinator, ward.deputy))
    stopping.ask_take_back(session, made, by=ruth, now=NOW)
    seen = made.version
    session.commit()

    def take_back(actor: Actor, own: Session) -> None:
        row = own.get_one(Referral, made.id)
        stopping.take_back(own, row, version=seen, by=actor, desk=desk, now=NOW)

    alone = race(database, [partial(take_back, ruth)])
    together = race(database, [partial(take_back, samir), partial(take_back, samir)])

    assert alone == [False]
    assert Counter(together) == {True: 1, False: 1}
    assert state_of(database, made) == State.ERROR
    assert count(database, Message, Message.kind == "item_stopped") == 1
