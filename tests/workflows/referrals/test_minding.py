"""Who has a referral today, and notes for the next helper."""

import threading
from multiprocessing.pool import ThreadPool

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.audit import AuditEvent
from outreach.db import Database, retrying
from outreach.errors import Conflict
from outreach.referrals.codes import Cancel, Outcome
from outreach.referrals.models import Referral
from outreach.workflows.referrals import minding, stopping, working
from outreach.workflows.referrals.authorizing import ContactPoint
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward


def by(session: Session, ward: Ward, name: str) -> Actor:
    return referrals.by_helper(referrals.helper(session, ward.receiver, name)).actor


def test_one_takes_it_gives_it_back_and_another_takes_it_over(session: Session, ward: Ward) -> None:
    made = referrals.sent(session, ward)
    lena, omar = by(session, ward, "Lena Ortiz"), by(session, ward, "Omar Reyes")

    minding.take(session, made, seen=None, by=lena, now=NOW)
    minding.take(session, made, seen=None, by=lena, now=NOW)
    assert (made.held_by, made.held_at) == (lena.label, NOW)
    with pytest.raises(Conflict, match="Somebody else"):
        minding.take(session, made, seen=None, by=omar, now=NOW)
    minding.give_back(session, made, by=omar, now=NOW)
    session.refresh(made)
    assert made.held_by == lena.label
    minding.take(session, made, seen=made.held_at, by=omar, now=NOW)
    minding.give_back(session, made, by=omar, now=NOW)
    session.refresh(made)
    assert (made.held_by, made.held_at) == ("", None)
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()[-3:]
    assert actions == ["referral.take_today", "referral.take_today", "referral.give_back"]


def test_nobody_takes_or_writes_about_what_has_ended(session: Session, ward: Ward) -> None:
    made = referrals.accepted(session, ward)
    lena = referrals.by_helper(ward.made["helper"])
    working.close(session, made, outcome=Outcome.MOVED_AWAY, by=lena, desk=ward.desk, now=NOW)

    with pytest.raises(Conflict, match="moved on"):
        minding.take(session, made, seen=None, by=lena.actor, now=NOW)
    with pytest.raises(Conflict, match="moved on"):
        minding.write_note(
            session, made, "Later", request_key="a key", by=lena.actor, desk=ward.desk, now=NOW
        )


def test_a_note_is_opened_for_the_next_and_its_key_belongs_to_one_referral(
    session: Session, ward: Ward
) -> None:
    made = referrals.accepted(session, ward)
    lena = by(session, ward, "Lena Cruz")
    other = referrals.sent(
        session,
        ward,
        who=referrals.person(contacts=(ContactPoint(kind="phone", value="+13125550199"),)),
    )

    for text in ("Ring twice", "Ring twice"):
        minding.write_note(
            session, made, text, request_key="one key", by=lena, desk=ward.desk, now=NOW
        )
    assert minding.notes(session, made, desk=ward.desk) == [
        minding.ShiftNote(lena.label, "Ring twice", NOW)
    ]
    with pytest.raises(Conflict):
        minding.write_note(
            session, other, "Ring", request_key="one key", by=lena, desk=ward.desk, now=NOW
        )


def test_after_a_recall_no_note_is_written(session: Session, ward: Ward) -> None:
    made = referrals.accepted(session, ward)
    stopping.cancel(
        session,
        made,
        reason=Cancel.RECALLED,
        by=ward.by_liaison,
        version=None,
        desk=ward.desk,
        now=NOW,
    )

    with pytest.raises(Conflict):
        minding.write_note(
            session,
            made,
            "Ring twice",
            request_key="one key",
            by=by(session, ward, "Lena Cruz"),
            desk=ward.desk,
            now=NOW,
        )


@pytest.mark.both_engines
def test_of_several_who_take_it_at_once_one_has_it(
    session: Session, ward: Ward, database: Database
) -> None:
    made = referrals.sent(session, ward)
    rivals = [by(session, ward, f"Helper {number}") for number in range(4)]
    session.commit()
    gate = threading.Barrier(len(rivals))

    @retrying
    def take(rival: Actor) -> bool:
        with database.transaction() as own:
            try:
                minding.take(own, own.get_one(Referral, made.id), seen=None, by=rival, now=NOW)
            except Conflict:
                return False
            return True

    def race(rival: Actor) -> bool:
        gate.wait(30)
        return take(rival)

    with ThreadPool(len(rivals)) as pool:
        assert sorted(pool.map(race, rivals, chunksize=1)) == [False, False, False, True]
