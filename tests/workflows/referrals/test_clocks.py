"""Clocks as rows, and what the worker does when they run out."""

import multiprocessing
import os
import signal
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.referrals.codes import Cancel, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralClock
from outreach.workflows.referrals import authorizing, telling, ticking, working
from outreach.workflows.referrals.desk import Desk
from tests import builders, races
from tests import referral_builders as referrals
from tests.builders import AUDIT_KEY, NOW
from tests.referral_builders import Ward

EASTERN = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> Traveller:
    """Stand still on Monday, 10 AM Eastern Time, three days before Thanksgiving."""
    time_machine.move_to(NOW, tick=False)
    return time_machine


def clocks(session: Session, of: Referral) -> dict[str, ReferralClock]:
    rows = select(ReferralClock).where(ReferralClock.referral_id == of.id)
    found = {row.kind: row for row in session.scalars(rows)}
    session.commit()  # a session that stays open keeps every other writer out
    return found


def told(database: Database) -> Counter[tuple[str, str]]:
    """Count what is planned: (kind, about or recipient's kind)."""
    with database.reading() as session:
        rows = session.scalars(select(Message)).all()
        return Counter((row.kind, str(row.values.get("about", ""))) for row in rows)


def to_whom(database: Database, about: str) -> list[str]:
    with database.reading() as session:
        rows = session.scalars(select(Message).where(Message.kind == "referral_alert"))
        return [row.to_name for row in rows if row.values["about"] == about]


def state_of(database: Database, of: Referral) -> tuple[str, str]:
    with database.reading() as session:
        row = session.get_one(Referral, of.id)
        return row.state, row.reason


def tick(database: Database, desk: Desk, at: Traveller, to: datetime) -> None:
    at.move_to(to, tick=False)
    jobs.run_clocks(database, desk=desk)


# --- when they are due


@pytest.mark.parametrize(
    ("sent_at", "answer_by"),
    [
        # Wednesday before Thanksgiving, which is no business day; the Friday after it is one.
        (datetime(2026, 11, 25, 17, tzinfo=EASTERN), datetime(2026, 11, 27, 17, tzinfo=EASTERN)),
        # Friday before Labor Day.
        (datetime(2026, 9, 4, 17, tzinfo=EASTERN), datetime(2026, 9, 8, 17, tzinfo=EASTERN)),
        # Friday before the night in which daylight saving ends.
        (datetime(2026, 10, 30, 17, tzinfo=EASTERN), datetime(2026, 11, 2, 17, tzinfo=EASTERN)),
    ],
)
def test_a_row_is_due_after_the_holiday(
    session: Session, ward: Ward, sent_at: datetime, answer_by: datetime
) -> None:
    day, now = sent_at.date(), sent_at.astimezone(UTC)
    form = referrals.signed_form(session, ward, signed_on=day, expires_on=day + timedelta(days=90))

    made = referrals.sent(session, ward, form=form, now=now, discharged_on=day)

    due = {kind: clock.due_at.astimezone(EASTERN) for kind, clock in clocks(session, made).items()}
    assert due[Clock.ACKNOWLEDGE] == answer_by
    assert due[Clock.CONNECT].date() == day + timedelta(days=7)
    assert due[Clock.CONNECT].strftime("%H:%M") == "23:59"
    assert due[Clock.CLOSE].date() == day + timedelta(days=30)


# --- what follows


def sent(session: Session, ward: Ward) -> Referral:
    """Make one that was sent on Monday at ten to somebody who went home on Sunday."""
    made = referrals.sent(session, ward, discharged_on=date(2026, 11, 22))
    session.commit()
    return made


def test_nobody_acknowledged_so_the_affiliate_is_reminded_and_the_coordinator_told_once(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    sent(session, ward)

    for minutes in (0, 1, 30):
        tick(database, desk, at_ten, NOW + timedelta(days=1, minutes=minutes))

    said = told(database)
    assert said["item_waits", ""] == 2
    assert to_whom(database, "acknowledge:1") == ["Ruth Adler"]


@pytest.mark.both_engines
def test_two_workers_at_once_tell_once(
    session: Session, database: Database, ward: Ward, desk: Desk
) -> None:
    made = sent(session, ward)
    clock, later = clocks(session, made)[Clock.ACKNOWLEDGE], NOW + timedelta(days=1)

    won = races.at_once(
        database,
        [partial(ticking.run_out, clock_id=clock.id, desk=desk, now=later)] * 6,
    )

    assert sorted(won) == [False] * 5 + [True]
    said = told(database)
    assert (said["item_waits", ""], said["referral_alert", "acknowledge:1"]) == (2, 1)


def test_the_deputy_hears_after_two_office_hours_and_once(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    sent(session, ward)
    over = NOW + timedelta(days=1)
    tick(database, desk, at_ten, over)
    tick(database, desk, at_ten, over + timedelta(hours=1, minutes=59))
    before = to_whom(database, "deputy:acknowledge:1")

    for minutes in (0, 5):
        tick(database, desk, at_ten, over + timedelta(hours=2, minutes=minutes))

    assert before == []
    assert to_whom(database, "deputy:acknowledge:1") == ["Samir Haddad"]


def test_while_the_coordinator_is_away_the_deputy_hears_first(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    builders.coordinator(session, ward.bureau, "Ana Bello")
    ward.bureau.away_from, ward.bureau.away_until = date(2026, 11, 24), date(2026, 11, 24)
    sent(session, ward)
    over = NOW + timedelta(days=1)

    tick(database, desk, at_ten, over)
    tick(database, desk, at_ten, over + timedelta(hours=2))

    assert to_whom(database, "acknowledge:1") == ["Samir Haddad"]
    assert to_whom(database, "deputy:acknowledge:1") == ["Ana Bello", "Ruth Adler"]


def test_a_coordinator_who_has_left_or_is_disabled_is_not_told_and_the_deputy_is(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    sent(session, ward)
    ward.coordinator.ends_at = NOW
    session.commit()

    tick(database, desk, at_ten, NOW + timedelta(days=1))

    assert to_whom(database, "acknowledge:1") == ["Samir Haddad"]


def test_what_was_taken_care_of_is_not_told_to_the_deputy(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = sent(session, ward)
    over = NOW + timedelta(days=1)
    tick(database, desk, at_ten, over)
    with database.transaction() as other:
        seen = [clocks(session, made)[Clock.ACKNOWLEDGE].public_id]
        ticking.settle(other, made, seen, by=ward.by_coordinator, now=over)

    tick(database, desk, at_ten, over + timedelta(hours=3))

    assert to_whom(database, "deputy:acknowledge:1") == []


def test_an_answer_that_never_comes_gets_its_grace_and_then_goes_back(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = sent(session, ward)
    accept_by = clocks(session, made)[Clock.ACCEPT].due_at
    tick(database, desk, at_ten, accept_by)
    during = state_of(database, made)
    with database.reading() as reading:
        grace = clocks(reading, made)[Clock.GRACE].due_at

    tick(database, desk, at_ten, grace)

    # Two business days from Monday, ten; Thursday is Thanksgiving, so two more end on Monday.
    assert accept_by.astimezone(EASTERN).strftime("%a %H:%M") == "Wed 10:00"
    assert grace.astimezone(EASTERN).strftime("%a %d %H:%M") == "Mon 30 10:00"
    assert during == (State.SENT, "")
    assert state_of(database, made)[0] == State.EXPIRED
    said = told(database)
    assert said["item_stopped", ""] == 1
    assert to_whom(database, "expired") == ["Ruth Adler"]


def test_an_authorization_that_ends_stops_everything(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    form = referrals.signed_form(session, ward, expires_on=date(2026, 12, 1))
    made = referrals.accepted(session, ward, form=form, discharged_on=date(2026, 11, 22))
    session.commit()
    due = clocks(session, made)
    tick(database, desk, at_ten, due[Clock.EXPIRY_AHEAD].due_at)
    ahead = to_whom(database, "expiry_ahead:1")

    tick(database, desk, at_ten, due[Clock.EXPIRY].due_at)

    assert ahead == ["Ruth Adler"]
    assert state_of(database, made) == (State.CANCELLED, Cancel.AUTHORIZATION_EXPIRED)
    assert told(database)["item_stopped", ""] == 1
    with database.reading() as reading:
        assert clocks(reading, made)[Clock.CONFIRM_STOP].stopped_at is None


def test_what_leaves_at_discharge_leaves_then_and_not_before(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = referrals.ready(session, ward)
    authorizing.send_at_discharge(session, made, version=made.version, now=NOW)
    session.commit()
    tick(database, desk, at_ten, made.discharged_at - timedelta(minutes=1))
    before = state_of(database, made)[0], told(database)

    tick(database, desk, at_ten, made.discharged_at)

    assert before == (State.READY, Counter())
    assert state_of(database, made)[0] == State.SENT
    assert told(database)["item_waits", ""] == 1


def test_what_cannot_leave_at_discharge_is_a_coordinators_to_decide(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = referrals.ready(session, ward)
    authorizing.send_at_discharge(session, made, version=made.version, now=NOW)
    ward.receiver.capacity = "no_capacity"
    session.commit()

    tick(database, desk, at_ten, made.discharged_at)

    assert state_of(database, made)[0] == State.READY
    assert to_whom(database, "send:1") == ["Ruth Adler"]


def test_a_draft_that_rests_is_told_to_who_began_it(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = referrals.draft(session, ward)
    session.commit()

    for minutes in (0, 1):
        due = clocks(session, made)[Clock.DRAFT].due_at
        tick(database, desk, at_ten, due + timedelta(minutes=minutes))

    assert told(database) == Counter({("referral_waits", "draft"): 1})


def test_who_was_reached_in_time_is_on_no_list(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = referrals.connected(session, ward, discharged_on=date(2026, 11, 22))
    session.commit()
    before = told(database)

    tick(database, desk, at_ten, NOW + timedelta(days=8))

    assert told(database) == before
    assert state_of(database, made)[0] == State.CONNECTED


def test_an_acceptance_in_the_same_minute_keeps_the_worker_from_telling(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = sent(session, ward)
    by = referrals.by_helper(referrals.helper(session, ward.receiver))
    working.accept(session, made, by=by, desk=desk, now=NOW + timedelta(days=1))
    session.commit()

    tick(database, desk, at_ten, NOW + timedelta(days=1))

    assert to_whom(database, "acknowledge:1") == []


# --- killed in the middle


@pytest.mark.both_engines
def test_a_worker_that_is_killed_between_state_and_notice_leaves_neither(
    session: Session, database: Database, ward: Ward, desk: Desk, at_ten: Traveller
) -> None:
    made = sent(session, ward)
    tick(database, desk, at_ten, clocks(session, made)[Clock.ACCEPT].due_at)
    with database.reading() as reading:
        grace = clocks(reading, made)[Clock.GRACE]

    died_of = _killed(database, grace, desk)
    after_death = state_of(database, made)[0], told(database)["item_stopped", ""]
    for minutes in (0, 1):
        tick(database, desk, at_ten, grace.due_at + timedelta(minutes=minutes))

    assert died_of == -signal.SIGKILL
    assert after_death == (State.SENT, 0)
    assert state_of(database, made)[0] == State.EXPIRED
    assert told(database)["item_stopped", ""] == 1


def _killed(database: Database, clock: ReferralClock, desk: Desk) -> int | None:
    """Let a process run the clock out, and be killed where the notice would be planned."""
    url = database.url.render_as_string(hide_password=False)
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=_die_at_the_notice, args=(url, clock.id, clock.due_at, desk))
    child.start()
    child.join(60)
    return child.exitcode


def _die_at_the_notice(url: str, clock_id: int, now: datetime, desk: Desk) -> None:
    def die(session: Session, referral: Referral, *, now: datetime) -> None:
        del now
        session.flush()
        assert referral.state == State.EXPIRED  # it stands, in the transaction that dies here
        os.kill(os.getpid(), signal.SIGKILL)

    telling.stop = die  # in this process alone
    with Database(url, audit_key=AUDIT_KEY).transaction() as session:
        ticking.run_out(session, clock_id, desk=desk, now=now)
