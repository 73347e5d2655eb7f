"""What no affiliate took on waits for a decision, and a reminder is given once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.errors import Conflict
from outreach.messaging.models import Message
from outreach.referrals.codes import Decline
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralClock
from outreach.workflows.referrals import children, ticking, working
from outreach.workflows.referrals.authorizing import ContactPoint
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import SecondReferral
from tests import builders
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward

ANOTHER = (ContactPoint(kind="phone", value="+12165550188"),)


def running(session: Session, referral: Referral) -> set[str]:
    found = select(ReferralClock.kind).where(
        ReferralClock.referral_id == referral.id,
        ReferralClock.stopped_at.is_(None),
        ReferralClock.ran_out_at.is_(None),
    )
    return set(session.scalars(found))


def declined(session: Session, ward: Ward) -> Referral:
    made = referrals.sent(session, ward)
    by = referrals.by_helper(referrals.helper(session, ward.receiver))
    reason = Decline.NO_CAPACITY
    working.decline(session, made, reason=reason, by=by, desk=ward.desk, now=NOW)
    return made


def told(session: Session, action: str) -> int:
    found = select(func.count()).where(AuditEvent.action == action)
    return session.scalar(found) or 0


def test_what_an_affiliate_could_not_take_waits_for_a_decision(
    session: Session, ward: Ward
) -> None:
    made = declined(session, ward)

    assert running(session, made) == {Clock.DECIDE}


def test_another_affiliate_is_a_decision_and_its_draft_is_remembered(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = declined(session, ward)
    north = referrals.receiving(session, "North Shore")

    child = children.reroute(
        session,
        made,
        north,
        key=children.prepare_key(desk),
        by=ward.by_coordinator,
        desk=desk,
        now=NOW,
    )

    assert running(session, made) == set()
    assert running(session, child) == {Clock.DRAFT}


def test_leaving_it_is_a_decision_too_and_is_made_once(session: Session, ward: Ward) -> None:
    made = declined(session, ward)

    for _ in range(2):
        children.leave(session, made, by=ward.by_coordinator, now=NOW)

    assert running(session, made) == set()
    assert told(session, "referral.leave") == 1


def test_what_was_taken_on_cannot_be_left(session: Session, ward: Ward) -> None:
    made = referrals.accepted(session, ward)

    with pytest.raises(Conflict, match="moved on"):
        children.leave(session, made, by=ward.by_coordinator, now=NOW)


def test_a_doubled_reminder_is_one(session: Session, ward: Ward, desk: Desk) -> None:
    made, later = referrals.sent(session, ward), NOW + timedelta(hours=1)

    first, second = (
        ticking.remind_again(session, made, by=ward.by_coordinator, desk=desk, now=later)
        for _ in range(2)
    )

    assert (first, second) == (True, False)
    assert session.scalar(select(func.count()).select_from(Message)) == 2
    assert told(session, "referral.remind") == 1


def test_right_after_the_notice_nobody_is_reminded(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)

    assert not ticking.remind_again(session, made, by=ward.by_coordinator, desk=desk, now=NOW)


def test_who_has_answered_is_not_reminded(session: Session, ward: Ward, desk: Desk) -> None:
    made = referrals.accepted(session, ward)

    with pytest.raises(Conflict, match="moved on"):
        ticking.remind_again(session, made, by=ward.by_coordinator, desk=desk, now=NOW)


def test_a_clock_is_settled_once_and_by_somebody(session: Session, ward: Ward) -> None:
    made = referrals.sent(session, ward)
    running = session.scalars(
        select(ReferralClock).where(ReferralClock.referral_id == made.id)
    ).all()
    clock = next(each for each in running if each.kind == Clock.ACKNOWLEDGE)
    clock.ran_out_at = NOW
    ids = [each.public_id for each in running]

    for _ in range(2):
        ticking.settle(session, made, ids, by=ward.by_coordinator, now=NOW)

    session.expire_all()
    assert told(session, "referral.settle") == 1
    assert [each.kind for each in running if each.settled_at] == [Clock.ACKNOWLEDGE]


def test_one_press_settles_all_that_was_seen_to_run_out_of_that_referral_alone(
    session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    another = referrals.sent(session, ward, who=referrals.person(contacts=ANOTHER))
    seen = [_over(session, made, kind) for kind in (Clock.ATTEMPT, Clock.CONNECT)]
    decision, stop = (_over(session, made, kind) for kind in (Clock.DECIDE, Clock.CONFIRM_STOP))
    unseen, of_another = _over(session, made, Clock.CLOSE), _over(session, another, Clock.CLOSE)

    ids = [each.public_id for each in (*seen, decision, stop, of_another)]
    ticking.settle(session, made, ids, by=ward.by_coordinator, now=NOW)

    session.expire_all()
    assert [each.settled_at for each in seen] == [NOW, NOW]
    assert [each.settled_at for each in (decision, stop, unseen, of_another)] == [None] * 4
    assert told(session, "referral.settle") == len(seen)


def _over(session: Session, of: Referral, kind: Clock) -> ReferralClock:
    clock = ReferralClock(referral_id=of.id, kind=kind, cycle=9, due_at=NOW, ran_out_at=NOW)
    session.add(clock)
    session.flush()
    return clock


@pytest.mark.both_engines
def test_who_was_referred_anew_since_is_not_opened_a_second_time(
    session: Session, ward: Ward, desk: Desk
) -> None:
    before = referrals.closed(session, ward)
    referrals.sent(session, ward)
    key, by = children.prepare_key(desk), builders.actor(ward.coordinator)

    with pytest.raises(SecondReferral), session.begin_nested():
        children.reopen(session, before, key=key, by=by, desk=desk, now=NOW)
    assert children.child_of(session, before) is None
