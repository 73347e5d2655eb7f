"""The tick that asks how a visit went: once, in however many workers, and only while it holds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.visits.telling import Outcome
from outreach.workflows import after_visit
from outreach.workflows.after_visit import UnitsWord
from tests import fakes
from tests.after_visit_builders import debriefing, past
from tests.builders import NOW
from tests.fakes import LINKS, Mailboxes


@pytest.mark.only("sqlite")
def test_visits_are_found_by_when_they_ended_and_what_is_long_past_is_not_looked_at(
    session: Session,
) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:  # noqa: ANN401 - as the driver gets them
        sent.append((statement, values))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    session.execute(after_visit.to_ask(NOW))
    ((statement, values),) = sent

    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()

    steps = [row.detail for row in plan]
    spanned = "USING INDEX ix_visit_ends_at_held (ends_at>? AND ends_at<?)"
    assert [step for step in steps if spanned in step], steps
    assert not [step for step in steps if step.startswith(("SCAN", "USE TEMP"))], steps


@pytest.mark.both_engines
def test_workers_side_by_side_ask_once(database: Database) -> None:
    with database.transaction() as session:
        past(session)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: jobs.ask_afterwards(database), range(6)))

    with database.reading() as session:
        kinds = session.scalars(select(Message.kind).order_by(Message.kind)).all()
    assert kinds == ["debrief", "debrief", "they_came"]


def test_the_mails_lead_to_the_pages_where_one_tells(database: Database) -> None:
    with database.transaction() as session:
        over = past(session)
    mailboxes = Mailboxes()

    jobs.ask_afterwards(database)
    jobs.deliver_everything(fakes.post(database, mailboxes=mailboxes))

    to_maria, _to_daniel, to_unit = mailboxes.sent
    assert to_maria.subject == "How did it go on Monday, November\N{NO-BREAK SPACE}23?"
    assert f"https://outreach.example{over.debrief_path(LINKS)}" in to_maria.text
    assert over.world.hospital.name not in to_maria.text
    assert to_unit.subject == "Did they come on Monday, November\N{NO-BREAK SPACE}23?"
    assert f"https://outreach.example{over.came_path(LINKS)}" in to_unit.text
    assert over.world.hospital.name in to_unit.text


def test_who_has_told_already_is_not_asked_any_more(database: Database, at_ten: Traveller) -> None:
    with database.transaction() as session:
        over = past(session)
    jobs.ask_afterwards(database)
    with database.transaction() as session:
        after_visit.tell(session, over.of_maria, debriefing(), by=over.as_maria, now=NOW)
        all_came = UnitsWord(outcome=Outcome.ALL_CAME)
        after_visit.say_who_came(session, over.visit, all_came, by=over.as_unit, now=NOW)
    mailboxes = Mailboxes()

    jobs.deliver_everything(fakes.post(database, mailboxes=mailboxes))

    assert [mail.to for mail in mailboxes.sent] == [over.daniel.email]
    at_ten.shift(timedelta(hours=1))
    assert jobs.ask_afterwards(database) == 0
