"""Asking the people of a visit that is over, and taking what they tell."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.messaging.models import Message
from outreach.visits import afterwards
from outreach.visits.models import Attendance, Audience, Debrief, IncidentReport, WardReport
from outreach.visits.telling import HowAreYou, HowWasIt, Incident, Outcome
from outreach.workflows import after_visit, incidents, problems
from outreach.workflows.after_visit import Told, UnitsWord
from tests import builders
from tests.after_visit_builders import ENDED, Past, debriefing, past
from tests.builders import NOW
from tests.workflows.sending import agree

ALL_CAME = UnitsWord(outcome=Outcome.ALL_CAME, people=9)
Tell = Callable[..., Told]


@pytest.fixture
def over(session: Session) -> Past:
    return past(session)


def asked(session: Session) -> list[tuple[str, str, int]]:
    """Return each question: its kind, whom it goes to."""
    rows = session.scalars(select(Message).order_by(Message.id))
    return [(m.kind, m.recipient_kind, m.recipient_id) for m in rows]


def attendance(session: Session, over: Past) -> list[tuple[str, int | None, int | None]]:
    """Return what is known of Maria's and of Daniel's coming."""
    found = [afterwards.attendance(session, each) for each in (over.of_maria, over.of_daniel)]
    return [(row.came, row.minutes, row.miles) if row else ("", None, None) for row in found]


def done(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.fixture
def tell(session: Session, over: Past) -> Tell:
    def say(*words: HowWasIt | HowAreYou, after: timedelta = ENDED, **numbers: int | str) -> Told:
        return after_visit.tell(
            session,
            over.of_maria,
            debriefing(*words, **numbers),  # type: ignore[arg-type] # as the builder takes them
            by=over.as_maria,
            now=over.visit.ends_at + after,
        )

    return say


# --- asking


def test_each_speaker_and_the_unit_are_asked_once_however_often_one_looks(
    session: Session, over: Past
) -> None:
    counts = [after_visit.ask(session, now=NOW + timedelta(minutes=5 * n)) for n in range(3)]

    assert counts == [1, 0, 0]
    assert asked(session) == [
        ("debrief", "speaker", over.maria.id),
        ("debrief", "speaker", over.daniel.id),
        ("they_came", "account", over.priya.account_id),
    ]


def test_nobody_is_asked_too_early_too_late_or_about_what_was_called_off(
    session: Session, over: Past
) -> None:
    ends_at = over.visit.ends_at

    assert after_visit.ask(session, now=ends_at + timedelta(minutes=59)) == 0
    assert after_visit.ask(session, now=ends_at + timedelta(days=7, seconds=1)) == 0
    over.visit.called_off_at = ends_at
    assert after_visit.ask(session, now=ends_at + timedelta(hours=1)) == 0
    assert asked(session) == []


def test_who_was_let_go_before_is_not_asked_and_a_visit_without_anyone_neither(
    session: Session, over: Past
) -> None:
    over.of_maria.active = False
    over.of_maria.ended_because = "cannot_come"
    after_visit.ask(session, now=NOW)
    assert [who for kind, _, who in asked(session) if kind == "debrief"] == [over.daniel.id]

    nobody = past(session, "Hillside")
    nobody.of_maria.active = nobody.of_daniel.active = False
    assert after_visit.ask(session, now=NOW) == 0


def test_a_unit_without_an_address_is_left_in_peace(session: Session, over: Past) -> None:
    over.priya.ends_at = NOW

    assert after_visit.ask(session, now=NOW) == 1
    assert after_visit.ask(session, now=NOW) == 0
    assert {kind for kind, *_ in asked(session)} == {"debrief"}


def test_a_text_waits_for_the_morning_and_names_no_place(session: Session, over: Past) -> None:
    over.maria.channel = "sms"
    agree(session, over.maria.phone or "", speaker_id=over.maria.id)
    night = over.visit.ends_at.replace(hour=3) + timedelta(days=1)  # 10:00 PM

    after_visit.ask(session, now=night)

    text, mail = session.scalars(select(Message).where(Message.kind == "debrief")).all()
    assert (text.channel, mail.channel) == ("sms", "mail")
    assert text.send_after == night.replace(hour=14)  # 9:00 AM
    assert "hospital" not in text.values
    assert mail.send_after == night


# --- the debrief


def test_a_debrief_keeps_how_it_went_and_what_it_took(
    session: Session, over: Past, tell: Tell
) -> None:
    assert tell(HowWasIt.HARD, HowAreYou.NOT_SO_WELL, words="Long.") is Told.NEW

    row = session.scalars(select(Debrief)).one()
    assert (row.how_was_it, row.how_are_you, row.words) == ("hard", "not_so_well", "Long.")
    assert attendance(session, over) == [("yes", 90, 12), ("", None, None)]
    audience = session.scalars(select(Audience)).one()
    assert (audience.people, audience.said_by) == (8, "speaker")
    assert done(session) == ["debrief.tell"]


def test_the_same_answer_again_changes_nothing_and_another_replaces_it(
    session: Session, over: Past, tell: Tell
) -> None:
    assert [tell(), tell(), tell(after=timedelta(days=3))] == [Told.NEW, Told.SAME, Told.SAME]
    assert tell(HowWasIt.MIXED, minutes=120, people=9) is Told.CHANGED

    assert attendance(session, over)[0] == ("yes", 120, 12)
    assert session.scalars(select(Audience.people)).all() == [9]
    assert done(session) == ["debrief.tell", "debrief.tell"]


@pytest.mark.parametrize(
    ("how", "known"),
    [(HowWasIt.NOT_THERE, ("no", 0, 0)), (HowWasIt.NOT_HELD, ("no", 90, 12))],
)
def test_time_counts_for_the_way_to_a_visit_that_did_not_take_place(
    session: Session, over: Past, tell: Tell, how: HowWasIt, known: tuple[str, int, int]
) -> None:
    tell(how)

    assert attendance(session, over)[0] == known


def test_what_is_left_empty_stays_as_it_was(session: Session, over: Past, tell: Tell) -> None:
    tell()
    tell(HowWasIt.HARD, minutes=None, miles=None, people=None)

    assert attendance(session, over)[0] == ("yes", 90, 12)
    assert session.scalars(select(Audience.people)).all() == [8]


def test_a_new_wish_for_a_call_waits_although_there_was_a_call(
    session: Session, over: Past, tell: Tell
) -> None:
    tell(HowWasIt.WELL, HowAreYou.CALL)
    row = session.scalars(select(Debrief)).one()
    for _twice in range(2):
        after_visit.have_called(session, row, by=over.as_ruth, now=NOW)
    session.refresh(row)
    called = [(row.called_at, row.called_by_id)]

    for word in (HowAreYou.CALL, HowAreYou.NOT_SO_WELL):
        tell(HowWasIt.HARD, word)
        called.append((row.called_at, row.called_by_id))

    by_ruth = (NOW, over.ruth.account_id)
    assert called == [by_ruth, by_ruth, (None, None)]
    assert done(session).count("debrief.call") == 1


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(seconds=-1), "not over yet"),
        (timedelta(days=14), "more than two weeks ago"),
    ],
)
def test_before_the_end_and_after_two_weeks_nothing_is_taken(
    session: Session, tell: Tell, after: timedelta, words: str
) -> None:
    with pytest.raises(Conflict, match=words):
        tell(after=after)

    assert session.scalars(select(Debrief)).all() == []


def test_who_was_let_go_and_who_speaks_of_a_visit_called_off_have_nothing_to_tell(
    over: Past, tell: Tell
) -> None:
    over.of_maria.active = False
    with pytest.raises(Conflict, match="not part of this visit"):
        tell()

    over.visit.called_off_at = NOW
    with pytest.raises(Conflict, match="called off"):
        tell()


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("hours", {"minutes": 1441}),
        ("hours", {"minutes": -1}),
        ("miles", {"miles": 1001}),
        ("people", {"people": 501}),
    ],
)
def test_a_number_that_cannot_be_is_named_and_nothing_changes(
    session: Session, tell: Tell, field: str, numbers: dict[str, int]
) -> None:
    with pytest.raises(RuleBroken) as refused:
        tell(**numbers)

    assert refused.value.field == field
    for table in (Debrief, Attendance, Audience):
        assert session.scalars(select(table)).all() == []


# --- the unit's word


def test_the_unit_says_that_all_came(session: Session, over: Past) -> None:
    def say(said: UnitsWord) -> Told:
        return after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)

    assert [say(ALL_CAME), say(ALL_CAME)] == [Told.NEW, Told.SAME]

    assert attendance(session, over) == [("yes", None, None), ("yes", None, None)]
    assert session.scalars(select(Audience.people)).all() == [9]
    assert say(UnitsWord(outcome=Outcome.NOT_HELD)) is Told.CHANGED
    assert attendance(session, over) == [("no", None, None), ("no", None, None)]
    assert session.scalars(select(WardReport.outcome)).all() == ["not_held"]


def test_the_unit_says_who_could_not_attend(session: Session, over: Past) -> None:
    def say(*missing: str) -> Told:
        said = UnitsWord(outcome=Outcome.SOMEONE_MISSING, missing=missing)
        return after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)

    for nobody in ((), ("somebody else",)):
        with pytest.raises(RuleBroken, match="who could not attend"):
            say(*nobody)
    say(over.of_daniel.public_id)

    assert [came for came, *_ in attendance(session, over)] == ["yes", "no"]


def test_of_one_alone_nobody_need_be_named(session: Session, over: Past) -> None:
    over.of_daniel.active = False
    said = UnitsWord(outcome=Outcome.SOMEONE_MISSING)

    after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)

    assert attendance(session, over)[0][0] == "no"


# --- the coordinator's record


def test_what_a_coordinator_has_recorded_stands(session: Session, over: Past, tell: Tell) -> None:
    tell()
    after_visit.record_audience(session, over.visit, people=10, by=over.as_ruth, now=NOW)
    recorded = after_visit.record_attendance(
        session,
        over.of_maria,
        came="no",
        minutes=30,
        miles=None,
        by=over.as_ruth,
        now=NOW + timedelta(days=30),
    )

    assert recorded is Told.CHANGED
    assert tell(minutes=600, people=99) is Told.SAME
    after_visit.say_who_came(session, over.visit, ALL_CAME, by=over.as_unit, now=NOW)
    assert attendance(session, over) == [("no", 30, 12), ("yes", None, None)]
    assert session.scalars(select(Audience.people)).all() == [10]
    row = afterwards.attendance(session, over.of_maria)
    assert row is not None
    assert (row.came_said_by, row.effort_said_by) == ("coordinator", "coordinator")


def test_nobody_speaks_for_another(session: Session, over: Past) -> None:
    tries: list[Callable[[], object]] = [
        lambda: after_visit.tell(session, over.of_maria, debriefing(), by=over.as_ruth, now=NOW),
        lambda: after_visit.say_who_came(session, over.visit, ALL_CAME, by=over.as_maria, now=NOW),
        lambda: after_visit.record_attendance(
            session, over.of_maria, came="yes", minutes=1, miles=1, by=over.as_unit, now=NOW
        ),
    ]
    for each in tries:
        with pytest.raises(OutreachError, match="not yours to say"):
            each()

    assert done(session) == []


# --- what must never be


def test_how_somebody_is_and_what_they_told_ranks_nobody(session: Session, over: Past) -> None:
    visit = builders.visit(session, over.world)
    before = problems.build(session, over.world.affiliate, [visit], now=NOW)

    after_visit.tell(
        session,
        over.of_maria,
        debriefing(HowWasIt.HARD, HowAreYou.NOT_SO_WELL, words="CANARY"),
        by=over.as_maria,
        now=NOW,
    )
    said = UnitsWord(outcome=Outcome.SOMEONE_MISSING, missing=[over.of_daniel.public_id])
    after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)

    assert problems.build(session, over.world.affiliate, [visit], now=NOW) == before


@pytest.mark.both_engines
def test_taps_at_the_same_moment_are_one_debrief_and_one_report(database: Database) -> None:
    with database.transaction() as session:
        over = past(session)
    gate = threading.Barrier(4)

    def tap(_number: int) -> Told:
        gate.wait(10)
        with database.transaction() as session:
            incidents.report(
                session,
                over.visit,
                kind=Incident.OTHER,
                words="The alarm rang.",
                by=over.as_maria,
                now=NOW,
            )
            return after_visit.tell(session, over.of_maria, debriefing(), by=over.as_maria, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(tap, range(4)))

    assert told == [Told.NEW, Told.SAME, Told.SAME, Told.SAME]
    with database.reading() as session:
        for table in (Attendance, Audience, Debrief, IncidentReport):
            assert len(session.scalars(select(table)).all()) == 1


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": 1441, "effort_said_by": "speaker"},
        {"miles": -1, "effort_said_by": "speaker"},
        {"minutes": 60},
        {"came": "yes"},
        {"came": "perhaps", "came_said_by": "speaker"},
        {"came": "yes", "came_said_by": "administrator"},
    ],
)
def test_the_database_refuses_what_cannot_be(
    session: Session, over: Past, wrong: dict[str, object]
) -> None:
    session.add(Attendance(**{"assignment_id": over.of_maria.id, "came": "unknown", **wrong}))

    with pytest.raises(IntegrityError):
        session.flush()
