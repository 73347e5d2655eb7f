"""The whole loop by its workflows: from a conversation on a unit until the person was reached."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.directory import agreements
from outreach.directory.models import HospitalAgreement
from outreach.errors import Conflict, Forbidden, RuleBroken
from outreach.messaging.models import Message
from outreach.referrals.codes import Outcome, State
from outreach.referrals.models import Disclosure, ReferralClock, ReferralEvent
from outreach.workflows.referrals import authorizing, disclosing, working
from outreach.workflows.referrals.desk import Desk
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import PATIENT, Ward


def states(session: Session) -> list[str]:
    return list(session.scalars(select(ReferralEvent.to_state).order_by(ReferralEvent.id)))


def running(session: Session) -> set[str]:
    found = select(ReferralClock.kind).where(
        ReferralClock.stopped_at.is_(None), ReferralClock.ran_out_at.is_(None)
    )
    return set(session.scalars(found))


def test_a_referral_goes_all_the_way_until_the_person_was_reached(
    session: Session, ward: Ward
) -> None:
    made = referrals.closed(session, ward)

    assert states(session) == [
        State.AWAITING,
        State.READY,
        State.SENT,
        State.ACCEPTED,
        State.CONNECTED,
        State.CLOSED,
    ]
    assert (made.outcome, made.evidence) == (Outcome.MET, "affiliate_says")
    assert running(session) == set()


def test_sending_starts_the_clocks_writes_the_disclosure_and_tells_without_a_name(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)

    disclosure = session.scalars(select(Disclosure)).one()
    assert disclosure.affiliate_id == ward.receiver.id
    snapshot = disclosing.last_snapshot(session, made, vault=desk.vault)
    assert snapshot["name"] == PATIENT
    told = session.scalars(select(Message)).one()
    assert (told.kind, told.to_address) == ("item_waits", ward.receiver.intake_email)
    assert set(told.values) == {"number", "link_id", "expires_at", "round"}
    assert running(session) == {
        "acknowledge",
        "accept",
        "connect",
        "close",
        "expiry_ahead",
        "expiry",
    }


def test_nothing_is_sent_once_the_hospitals_agreement_has_ended(
    session: Session, ward: Ward
) -> None:
    made = referrals.ready(session, ward)
    agreement = session.scalars(select(HospitalAgreement)).one()
    agreements.end(session, agreement, by=ward.by_coordinator, now=NOW)

    with pytest.raises(RuleBroken, match="Referrals are off"):
        authorizing.send(
            session, made, version=made.version, by=ward.by_liaison, desk=ward.desk, now=NOW
        )

    assert made.state == State.READY
    assert session.scalars(select(Disclosure)).all() == []


def test_what_is_kept_of_the_person_is_sealed(session: Session, ward: Ward) -> None:
    made = referrals.ready(session, ward)

    kept = f"{made.sealed_name}{made.sealed_contacts}{made.sealed_note}{made.person_key}"
    assert not [canary for canary in referrals.CANARIES if canary in kept]


def test_of_two_helpers_who_accept_the_second_is_told_it_has_moved_on(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)
    lena = referrals.by_helper(referrals.helper(session, ward.receiver))
    seen = working.By(actor=lena.actor, version=made.version)
    working.accept(session, made, by=seen, desk=desk, now=NOW)

    with pytest.raises(Conflict, match="moved on"):
        working.accept(session, made, by=seen, desk=desk, now=NOW)


def test_a_liaison_cannot_accept_for_the_affiliate(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.sent(session, ward)

    with pytest.raises(Forbidden):
        working.accept(session, made, by=working.By(actor=ward.by_liaison), desk=desk, now=NOW)


def test_one_open_referral_per_person_and_affiliate(session: Session, ward: Ward) -> None:
    referrals.sent(session, ward)

    with pytest.raises(Conflict, match="second referral"):
        referrals.ready(session, ward)


def test_unable_to_reach_needs_three_attempts_on_two_days(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.accepted(session, ward)
    by = referrals.by_helper(ward.made["helper"])
    for hours in (0, 1):
        then = NOW + timedelta(hours=hours)
        tried = referrals.tried(at=then, result="no_answer")
        working.attempt(session, made, tried, by=by, desk=desk, now=then)

    with pytest.raises(RuleBroken, match="three attempts"):
        working.close(session, made, outcome=Outcome.UNABLE_TO_REACH, by=by, desk=desk, now=NOW)


def test_a_try_from_before_the_sending_is_refused_and_counts_for_nothing(
    session: Session, ward: Ward, desk: Desk
) -> None:
    made = referrals.accepted(session, ward)
    by = referrals.by_helper(ward.made["helper"])
    same_minute, day_before = NOW.replace(second=0, microsecond=0), NOW - timedelta(days=1)

    early = referrals.tried(at=day_before, result="no_answer")
    with pytest.raises(RuleBroken, match="before the referral was sent") as refused:
        working.attempt(session, made, early, by=by, desk=desk, now=NOW)
    at_once = referrals.tried(at=same_minute, result="no_answer")
    working.attempt(session, made, at_once, by=by, desk=desk, now=NOW)

    assert refused.value.field == "at"
    assert [each.at for each in working.attempts(session, made)] == [same_minute]


def test_a_form_that_lacks_elements_records_nothing_and_names_them_all(
    session: Session, ward: Ward
) -> None:
    form = referrals.signed_form(session, ward, witnessed=False, signed_on=None, statements=())

    with pytest.raises(authorizing.Incomplete) as refused:
        referrals.ready(session, ward, form=form)

    assert set(refused.value.missing) == {
        "signed_on",
        "witness",
        "right_to_revoke",
        "no_condition",
        "redisclosure",
        "right_to_inspect",
        "refusal",
    }
