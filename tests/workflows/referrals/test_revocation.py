"""A withdrawal is one transaction: nothing leaves after it, and nobody opens anything."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import jobs
from outreach.actor import Actor
from outreach.db import Database
from outreach.errors import Conflict, RuleBroken
from outreach.messaging.models import Message
from outreach.referrals.codes import Cancel, Revoked, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import (
    Authorization,
    Disclosure,
    Referral,
    ReferralClock,
    ReferralLink,
)
from outreach.workflows.referrals import authorizing, opening, stopping, working
from outreach.workflows.referrals.desk import Desk
from tests import fakes
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward

ELSEWHERE = "203.0.113.9"


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> Traveller:
    time_machine.move_to(NOW, tick=False)
    return time_machine


def revoke(session: Session, ward: Ward, made: Referral) -> bool:
    return stopping.revoke(
        session,
        referrals.authorization_of(session, made),
        how=Revoked.SPOKEN,
        received_by="Nurse Joy",
        by=ward.by_liaison,
        desk=ward.desk,
        now=NOW,
    )


def kinds(session: Session, state: str = "pending") -> list[str]:
    return list(session.scalars(select(Message.kind).where(Message.state == state)))


def test_between_the_queue_and_the_mail_server_nothing_of_it_leaves(
    session: Session, database: Database, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    waiting = kinds(session)
    revoke(session, ward, made)
    session.commit()
    mailbox = fakes.Mailboxes()

    jobs.deliver_due(fakes.post(database, mailboxes=mailbox), channel="mail")

    assert waiting == ["item_waits"]
    assert len(mailbox.sent) == 1  # the word to stop
    assert kinds(session, "cancelled") == ["item_waits"]


def test_everything_that_rests_on_it_ends_at_once(session: Session, ward: Ward, desk: Desk) -> None:
    made = referrals.accepted(session, ward)
    before = session.scalar(select(func.count()).select_from(Disclosure))

    assert revoke(session, ward, made)

    assert (made.state, made.reason) == (State.CANCELLED, Cancel.AUTHORIZATION_REVOKED)
    assert not referrals.authorization_of(session, made).active
    alive = select(func.count()).where(ReferralLink.closed_at.is_(None))
    assert session.scalar(alive) == 0
    running = select(ReferralClock.kind).where(
        ReferralClock.stopped_at.is_(None), ReferralClock.ran_out_at.is_(None)
    )
    assert session.scalars(running).all() == [Clock.CONFIRM_STOP]
    assert kinds(session) == ["item_stopped"]
    for actor in (ward.by_liaison, ward.by_coordinator, _helper(ward)):
        assert opening.person(session, made, by=actor, desk=desk, now=NOW) is None
    assert session.scalar(select(func.count()).select_from(Disclosure)) == before


def test_it_is_withdrawn_once(session: Session, ward: Ward) -> None:
    made = referrals.sent(session, ward)

    first, second = revoke(session, ward, made), revoke(session, ward, made)

    assert (first, second) == (True, False)
    assert kinds(session) == ["item_stopped"]


def test_what_was_never_sent_is_cancelled_and_nobody_is_told(session: Session, ward: Ward) -> None:
    made = referrals.ready(session, ward)

    revoke(session, ward, made)

    assert made.state == State.CANCELLED
    assert kinds(session) == []
    assert session.scalars(select(Disclosure)).all() == []


def test_nothing_is_sent_or_written_about_somebody_who_withdrew(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.connected(session, ward)
    revoke(session, ward, made)
    by = referrals.by_helper(ward.made["helper"])

    with pytest.raises(Conflict):
        working.attempt(session, made, referrals.tried(), by=by, desk=desk, now=NOW)
    with pytest.raises(Conflict):
        authorizing.send(session, made, version=None, by=ward.by_liaison, desk=desk, now=NOW)


def test_a_withdrawal_found_at_the_last_moment_stops_the_sending(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.ready(session, ward)
    authorization = session.get_one(Authorization, made.authorization_id)
    authorization.active, authorization.revoked_at = False, NOW
    session.flush()

    with pytest.raises(RuleBroken, match="withdrawn"):
        authorizing.send(session, made, version=None, by=ward.by_liaison, desk=desk, now=NOW)

    assert session.scalars(select(Disclosure)).all() == []


def test_an_expired_authorization_opens_and_sends_nothing(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made, later = referrals.ready(session, ward), NOW + timedelta(days=120)

    with pytest.raises(RuleBroken, match="expired"):
        authorizing.send(session, made, version=None, by=ward.by_liaison, desk=desk, now=later)

    assert opening.person(session, made, by=ward.by_liaison, desk=desk, now=later) is None


def test_the_code_of_the_patients_copy_stops_it_and_a_wrong_one_does_not(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    right = desk.links.stop_code(referrals.authorization_of(session, made).public_id)
    wrong = f"{(int(right) + 1) % 10**8:08d}"

    def stop(code: str) -> bool:
        number = f"R-{made.number}"
        return stopping.stop_by_code(session, number, code, address=ELSEWHERE, desk=desk, now=NOW)

    assert (stop(wrong), made.state) == (False, State.SENT)
    assert (stop(right), stop(right)) == (True, True)
    assert made.state == State.CANCELLED


def _helper(ward: Ward) -> Actor:
    return referrals.by_helper(ward.made["helper"]).actor


def test_whether_the_papers_day_is_to_come_is_judged_where_the_referral_is(
    session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    revoke(session, ward, made)
    signed = referrals.authorization_of(session, made)
    late_that_evening = datetime(2026, 11, 24, 2, tzinfo=UTC)
    today, tomorrow = date(2026, 11, 23), date(2026, 11, 24)

    def comes(on: date) -> None:
        stopping.written_revocation(
            session,
            signed,
            on=on,
            witnessed=True,
            zone=made.time_zone,
            by=ward.by_liaison,
            now=late_that_evening,
        )

    with pytest.raises(RuleBroken, match="still to come"):
        comes(tomorrow)
    comes(today)
    assert signed.written_revocation_on == today
