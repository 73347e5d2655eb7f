"""The worker's rounds at speakers' own calendars."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import calendar_jobs
from outreach.actor import SYSTEM
from outreach.adapters.own_calendar import OwnCalendarReader
from outreach.db import Database
from outreach.speakers import own_calendar
from outreach.speakers.models import BusyTime, OwnCalendar, Speaker
from outreach.speakers.ports import BusySpan, CalendarReader, Reading, Trouble, Wanted
from outreach.vault import Vault
from outreach.wiring import Wiring
from outreach.workflows import own_calendar as workflow
from tests import builders, calendar_standin
from tests.builders import DANIEL, MARIA, NOW
from tests.speakers.calendars import ADDRESS, BUSY, PERHAPS, Reader, connected, rows

pytestmark = pytest.mark.both_engines
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> Traveller:
    """Stand still on Monday, 10 AM Eastern Time."""
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def vault(wired: Wiring) -> Vault:
    return wired.vault


@pytest.fixture
def maria(database: Database, vault: Vault) -> Speaker:
    """Maria, who has just connected her calendar."""
    with database.transaction() as session:
        maria = builders.speaker(session, builders.affiliate(session), MARIA)
        connected(session, maria, ring=vault.ring, read_at=None)
        return maria


@pytest.fixture
def round_at(database: Database, vault: Vault) -> Callable[[CalendarReader], int]:
    """Go round once, in the middle of the spread."""

    def go(reader: CalendarReader) -> int:
        return calendar_jobs.read_calendars(
            database, vault, reader, host="visits.example", spread=lambda: 0.5
        )

    return go


Round = Callable[[CalendarReader], int]


def calendar(database: Database) -> OwnCalendar:
    with database.reading() as session:
        return session.scalars(select(OwnCalendar)).one()


def test_a_calendar_is_read_at_once_and_then_every_hour(
    database: Database, maria: Speaker, round_at: Round, at_ten: Traveller
) -> None:
    reader = Reader(BUSY, PERHAPS)

    assert (round_at(reader), round_at(reader)) == (1, 0)
    at_ten.shift(HOUR - timedelta(seconds=1))
    assert round_at(reader) == 0
    at_ten.shift(timedelta(seconds=1))
    assert round_at(reader) == 1

    assert rows(database) == [BUSY, PERHAPS]
    kept = calendar(database)
    assert kept.speaker_id == maria.id
    assert (kept.last_ok_at, kept.last_read_at) == (NOW + HOUR, NOW + HOUR)
    assert (kept.trouble, kept.failures, kept.etag, kept.reading_until) == ("", 0, '"1"', None)


def test_what_is_asked_of_the_reader(maria: Speaker, round_at: Round) -> None:
    reader = Reader()

    round_at(reader)

    assert reader.wanted == [
        Wanted(
            address=ADDRESS,
            starts_at=NOW - timedelta(days=1),
            ends_at=NOW + timedelta(days=180),
            zone=maria.time_zone,
            host="visits.example",
        )
    ]


@pytest.mark.usefixtures("maria")
def test_a_reading_replaces_all_that_the_one_before_left(
    database: Database, round_at: Round, at_ten: Traveller
) -> None:
    round_at(Reader(BUSY, PERHAPS))
    moved = BusySpan(BUSY.starts_at + HOUR, BUSY.ends_at + HOUR)

    at_ten.shift(HOUR)
    round_at(Reader(moved))

    assert rows(database) == [moved]


@pytest.mark.usefixtures("maria")
def test_what_has_not_changed_stays_and_counts_as_read(
    database: Database, round_at: Round, at_ten: Traveller
) -> None:
    reader = Reader(BUSY)
    round_at(reader)
    reader.answer = None

    at_ten.shift(HOUR)
    round_at(reader)

    assert (rows(database), reader.wanted[1].etag) == ([BUSY], '"1"')
    assert (calendar(database).last_ok_at, calendar(database).laid_out_at) == (NOW + HOUR, NOW)


@pytest.mark.usefixtures("maria")
def test_once_a_day_all_of_it_is_asked_for_so_that_its_end_moves_on(
    round_at: Round, at_ten: Traveller
) -> None:
    reader = Reader(BUSY)
    round_at(reader)

    at_ten.shift(timedelta(days=1))
    round_at(reader)

    assert [wanted.etag for wanted in reader.wanted] == ["", ""]


@pytest.mark.usefixtures("maria")
def test_a_failure_keeps_the_times_and_waits_longer_each_time(
    database: Database, round_at: Round, at_ten: Traveller
) -> None:
    reader = Reader(BUSY)
    round_at(reader)
    reader.breaks(Trouble.SERVER)
    waits: list[timedelta] = []
    at_ten.shift(HOUR)

    for _ in range(7):
        now = NOW + HOUR + sum(waits, timedelta())
        round_at(reader)
        waits.append(calendar(database).next_read_at - now)
        at_ten.shift(waits[-1])

    assert [wait / HOUR for wait in waits] == [2, 4, 8, 16, 24, 24, 24]
    kept = calendar(database)
    assert (kept.trouble, kept.failures, kept.last_ok_at) == ("server", 7, NOW)
    assert rows(database) == [BUSY]

    reader.answer = Reading(busy=())
    round_at(reader)
    assert (calendar(database).failures, rows(database)) == (0, [])


@pytest.mark.usefixtures("maria")
def test_an_error_nobody_thought_of_is_trouble_and_tells_nothing(
    database: Database,
    round_at: Round,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = Reader()
    reader.answer = RuntimeError(f"cannot read {ADDRESS}")

    assert round_at(reader) == 1

    assert calendar(database).trouble == "ours"
    told = caplog.text + "".join(capsys.readouterr())
    assert "secret-of-maria" not in told


def test_one_calendar_in_trouble_keeps_no_other_waiting(
    database: Database, maria: Speaker, vault: Vault, round_at: Round
) -> None:
    with database.transaction() as session:
        session.execute(update(OwnCalendar).values(sealed_address="v1.first.broken.broken"))
        daniel = builders.speaker(session, builders.affiliate(session, "Another"), DANIEL)
        connected(session, daniel, ring=vault.ring, read_at=None)

    assert round_at(Reader(BUSY)) == 2

    with database.reading() as session:
        found = dict(session.execute(select(OwnCalendar.speaker_id, OwnCalendar.trouble)).all())
    assert found == {maria.id: "ours", daniel.id: ""}


@pytest.mark.usefixtures("maria")
def test_of_four_workers_one_reads(database: Database, vault: Vault) -> None:
    reader = Reader(BUSY)
    gate = threading.Barrier(4)

    def one(_number: int) -> int:
        gate.wait(timeout=30)
        return calendar_jobs.read_calendars(database, vault, reader, host="h.example")

    with ThreadPool(4) as pool:
        counts = pool.map(one, range(4))

    assert (sorted(counts), len(reader.wanted)) == ([0, 0, 0, 1], 1)


@pytest.mark.usefixtures("maria")
def test_a_worker_that_died_is_followed_by_another_after_two_minutes(
    database: Database, round_at: Round, at_ten: Traveller
) -> None:
    with database.transaction() as session:
        own_calendar.claim(session, now=NOW)

    at_ten.shift(own_calendar.LONGEST - timedelta(seconds=1))
    early = round_at(Reader(BUSY))
    at_ten.shift(timedelta(seconds=1))

    assert (early, round_at(Reader(BUSY))) == (0, 1)


def test_no_transaction_is_open_while_the_network_is_asked(
    database: Database, maria: Speaker, vault: Vault
) -> None:
    class Writing(Reader):
        def read(self, wanted: Wanted) -> Reading | None:
            with database.transaction() as session:
                session.execute(update(Speaker).where(Speaker.id == maria.id).values(rest_days=3))
            return super().read(wanted)

    assert calendar_jobs.read_calendars(database, vault, Writing(BUSY), host="h.example") == 1
    assert rows(database) == [BUSY]


@pytest.mark.parametrize("meanwhile", ["disconnect", "connect another", "taken over"])
def test_a_reading_that_comes_back_late_changes_nothing(
    database: Database, maria: Speaker, vault: Vault, meanwhile: str
) -> None:
    class Slow(Reader):
        def read(self, wanted: Wanted) -> Reading | None:
            with database.transaction() as session:
                if meanwhile == "disconnect":
                    workflow.disconnect(session, maria, by=SYSTEM, now=NOW)
                elif meanwhile == "connect another":
                    workflow.connect(session, maria, f"{ADDRESS}2", vault=vault, by=SYSTEM, now=NOW)
                else:
                    own_calendar.claim(session, now=NOW + own_calendar.LONGEST)
            return super().read(wanted)

    calendar_jobs.read_calendars(
        database, vault, Slow(BUSY), host="h.example", stopping=iter([False, True]).__next__
    )

    assert rows(database) == []


@pytest.mark.usefixtures("maria")
def test_asked_to_stop_it_begins_no_other(database: Database, vault: Vault) -> None:
    reader = Reader()

    assert (
        calendar_jobs.read_calendars(database, vault, reader, host="h", stopping=lambda: True) == 0
    )
    assert reader.wanted == []


@pytest.mark.parametrize("ends_at", [BUSY.starts_at, BUSY.starts_at - HOUR])
def test_the_database_itself_refuses_a_time_that_ends_before_it_begins(
    session: Session, maria: Speaker, ends_at: datetime
) -> None:
    row = BusyTime(speaker_id=maria.id, starts_at=BUSY.starts_at, ends_at=ends_at, tentative=False)
    session.add(row)

    with pytest.raises(IntegrityError, match="ck_busy_time_forward"):
        session.flush()


def test_and_one_without_a_calendar(session: Session) -> None:
    daniel = builders.speaker(session, builders.affiliate(session), DANIEL)
    session.add(BusyTime(speaker_id=daniel.id, starts_at=NOW, ends_at=NOW + HOUR, tentative=False))

    with pytest.raises(IntegrityError):
        session.flush()


def test_from_a_server_to_the_rows_and_over_not_changed(
    database: Database, maria: Speaker, round_at: Round, at_ten: Traveller, tmp_path: Path
) -> None:
    start = f"{BUSY.starts_at:%Y%m%dT%H%M%SZ}"
    event = f"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
    ours = event.replace("UID:a", "UID:visit-7c0e@visits.example").replace("PT1H", "P9D")
    body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{event}{ours}END:VCALENDAR\r\n"
    path = ADDRESS.removeprefix("https://calendar.example.org")

    with calendar_standin.running(tmp_path) as server:
        reader = OwnCalendarReader(server.client())
        server.serve(path, body.encode(), ETag='"7"')
        round_at(reader)
        server.pages[path] = calendar_standin.plain(b"", status="304 Not Modified")
        at_ten.shift(HOUR)
        round_at(reader)
        server.pages[path] = calendar_standin.moved("https://169.254.169.254/latest/")
        at_ten.shift(HOUR)
        round_at(reader)

    assert server.asked[1][1]["if-none-match"] == '"7"'
    assert rows(database) == [BUSY]
    kept = calendar(database)
    assert (kept.speaker_id, kept.last_ok_at, kept.trouble) == (maria.id, NOW + HOUR, "address")
