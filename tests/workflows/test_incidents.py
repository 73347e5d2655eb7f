"""Incident reports: taken once, told without words, settled once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.errors import Conflict, RuleBroken
from outreach.messaging.models import Message
from outreach.visits import telling
from outreach.visits.models import IncidentReport
from outreach.visits.telling import Incident
from outreach.workflows import incidents, standing
from tests import builders
from tests.after_visit_builders import Past, incident, past
from tests.builders import NOW

WORDS = "A visitor fell on the stairs."


@pytest.fixture
def over(session: Session) -> Past:
    return past(session)


def report(
    session: Session, over: Past, words: str = WORDS, *, by: Actor | None = None
) -> IncidentReport:
    teller = by or over.as_maria
    return incidents.report(
        session, over.visit, kind=Incident.HURT, words=words, by=teller, now=NOW
    )


def alerts(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.kind == "incident")))


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(IncidentReport)) or 0


def test_coordinators_get_a_mail_that_something_waits_and_not_what(
    session: Session, over: Past
) -> None:
    other = builders.coordinator(session, over.world.affiliate, "Sam Ito")
    builders.coordinator(session, past(session, "Hillside").world.affiliate, "Lee Fox")

    made = report(session, over)

    assert (made.said_by, made.speaker_id, made.words) == ("speaker", over.maria.id, WORDS)
    mails = alerts(session)
    assert [mail.recipient_id for mail in mails] == [over.ruth.account_id, other.account_id]
    for mail in mails:
        assert not {"unit", "hospital", "words"} & mail.values.keys()
        assert WORDS not in str(mail.values)


def test_a_report_sent_twice_is_one_and_another_is_another(session: Session, over: Past) -> None:
    first = report(session, over)

    again = report(session, over, by=builders.actor(builders.speaker_member(session, over.maria)))
    assert again.id == first.id
    assert report(session, over, by=over.as_unit).id != first.id
    assert report(session, over, words="It was Daniel.").id != first.id
    assert len(alerts(session)) == 3


def test_who_reports_as_a_coordinator_needs_no_mail_about_it(session: Session, over: Past) -> None:
    report(session, over, by=over.as_ruth)

    assert alerts(session) == []


@pytest.mark.parametrize(
    ("after_start", "words"),
    [(timedelta(seconds=-1), "not begun"), (timedelta(days=14, hours=1), "two weeks ago")],
)
def test_not_before_the_visit_and_not_weeks_after(
    session: Session, over: Past, after_start: timedelta, words: str
) -> None:
    at = over.visit.starts_at + after_start
    with pytest.raises(Conflict, match=words):
        incidents.report(
            session, over.visit, kind=Incident.OTHER, words=WORDS, by=over.as_unit, now=at
        )


def test_of_a_visit_that_was_called_off_nothing_is_reported(session: Session, over: Past) -> None:
    over.visit.called_off_at = NOW

    with pytest.raises(Conflict, match="called off"):
        report(session, over)


def test_a_report_says_something(session: Session, over: Past) -> None:
    with pytest.raises(RuleBroken, match="what happened") as refused:
        report(session, over, words=" ")

    assert refused.value.field == "words"
    assert count(session) == 0


def test_a_link_cannot_fill_the_coordinators_page(session: Session, over: Past) -> None:
    for number in range(telling.MOST_REPORTS):
        report(session, over, words=f"Again, {number}.")
    with pytest.raises(Conflict, match="several reports"):
        report(session, over, words="Once more.")

    report(session, over, words="Once more.", by=over.as_ruth)
    assert count(session) == telling.MOST_REPORTS + 1


def test_a_report_is_settled_once_with_a_note(session: Session, over: Past) -> None:
    made = report(session, over)
    (alert,) = alerts(session)
    sam = builders.actor(builders.coordinator(session, over.world.affiliate, "Sam Ito"))
    assert standing.is_true(session, alert, now=NOW)
    with pytest.raises(RuleBroken, match="what was done"):
        incidents.settle(session, made, note="", by=over.as_ruth, now=NOW)

    for _twice in range(2):
        incidents.settle(session, made, note="I called the unit.", by=over.as_ruth, now=NOW)
    with pytest.raises(Conflict, match="settled this report already"):
        incidents.settle(session, made, note="I did as well.", by=sam, now=NOW)

    assert (made.settled_at, made.settled_by_id) == (NOW, over.ruth.account_id)
    assert made.note == "I called the unit."
    assert not standing.is_true(session, alert, now=NOW)


@pytest.mark.both_engines
def test_the_database_knows_no_settled_report_without_somebody(
    session: Session, over: Past
) -> None:
    made = incident(session, over.visit)
    made.settled_at = NOW

    with pytest.raises(IntegrityError):
        session.flush()
