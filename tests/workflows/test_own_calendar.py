"""A speaker's own calendar: connected, read again, taken away, and forgotten with the speaker."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from outreach import keyring
from outreach.accounts.rules import CALENDAR_FOR_SPEAKER
from outreach.actor import SYSTEM
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.errors import RuleBroken
from outreach.keyring import Source
from outreach.speakers import own_calendar as rows
from outreach.speakers.models import BusyTime, OwnCalendar, Speaker
from outreach.vault import Vault
from outreach.wiring import Wiring
from outreach.workflows import key_rotation, own_calendar, people
from tests import builders, vaults
from tests.builders import MARIA, NOW
from tests.speakers.calendars import ADDRESS, BUSY, PERHAPS, connected
from tests.workflows.conftest import LINKS

pytestmark = pytest.mark.both_engines


@pytest.fixture
def vault(wired: Wiring) -> Vault:
    return wired.vault


@pytest.fixture
def maria(session: Session) -> Speaker:
    return builders.speaker(session, builders.affiliate(session), MARIA)


def connect(session: Session, maria: Speaker, vault: Vault, typed: str = ADDRESS) -> None:
    own_calendar.connect(session, maria, typed, vault=vault, by=SYSTEM, now=NOW)


def count(session: Session, model: type[OwnCalendar | BusyTime]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_an_address_is_sealed_and_due_at_once(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    connect(session, maria, vault, "webcal://calendar.example.org/secret-of-maria.ics")

    (kept,) = session.execute(text("SELECT * FROM own_calendar")).all()
    assert "calendar.example.org" not in repr(kept)
    assert "secret" not in repr(kept).replace("sealed", "")
    calendar = rows.of(session, maria.id)
    assert calendar
    assert (calendar.next_read_at, calendar.last_read_at) == (NOW, None)
    assert rows.address_of(calendar, vault.ring) == ADDRESS


def test_the_log_tells_nobody_that_it_was_a_calendar(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    connect(session, maria, vault)
    own_calendar.disconnect(session, maria, by=SYSTEM, now=NOW)
    own_calendar.disconnect(session, maria, by=SYSTEM, now=NOW)

    told = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert told == ["availability.change", "availability.change"]


def test_another_address_begins_anew_and_the_same_one_goes_on(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    before = connected(session, maria, BUSY, ring=vault.ring).public_id

    connect(session, maria, vault)
    same = rows.of(session, maria.id)
    assert (same and same.public_id, count(session, BusyTime)) == (before, 1)

    connect(session, maria, vault, f"{ADDRESS}?other")
    other = rows.of(session, maria.id)
    assert (other and other.public_id) != before
    assert (count(session, OwnCalendar), count(session, BusyTime)) == (1, 0)


def test_an_address_under_a_lost_key_is_replaced(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    connected(session, maria, ring=keyring.fresh())

    connect(session, maria, vault)

    calendar = rows.of(session, maria.id)
    assert calendar
    assert rows.address_of(calendar, vault.ring) == ADDRESS


def test_a_wrong_address_names_its_field_and_repeats_nothing(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    for typed in (
        "http://secret.example/",
        "https://10.0.0.1/secret",
        "https://u:secret@x.example",
    ):
        with pytest.raises(RuleBroken) as error:
            connect(session, maria, vault, typed)
        assert (error.value.field, "secret" in str(error.value)) == ("address", False)
    assert count(session, OwnCalendar) == 0


def test_ten_addresses_an_hour_and_no_more(session: Session, maria: Speaker, vault: Vault) -> None:
    for number in range(CALENDAR_FOR_SPEAKER.size):
        connect(session, maria, vault, f"{ADDRESS}?{number}")

    with pytest.raises(RuleBroken, match="in an hour"):
        connect(session, maria, vault, f"{ADDRESS}?more")


def test_reading_now_only_makes_it_due_and_not_twice_in_five_minutes(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    calendar = connected(session, maria, ring=vault.ring, read_at=NOW - timedelta(minutes=5))
    calendar.last_read_at = NOW - timedelta(minutes=4, seconds=59)
    session.flush()

    early = own_calendar.read_now(session, maria, now=NOW)
    later = own_calendar.read_now(session, maria, now=NOW + timedelta(seconds=1))

    session.refresh(calendar)
    assert (early, later) == (False, True)
    assert calendar.next_read_at == NOW + timedelta(seconds=1)


def test_without_a_calendar_there_is_nothing_to_read(session: Session, maria: Speaker) -> None:
    assert not own_calendar.read_now(session, maria, now=NOW)


def test_disconnecting_deletes_the_address_and_every_time(
    session: Session, maria: Speaker, vault: Vault
) -> None:
    connected(session, maria, BUSY, PERHAPS, ring=vault.ring)

    own_calendar.disconnect(session, maria, by=SYSTEM, now=NOW)

    assert (count(session, OwnCalendar), count(session, BusyTime)) == (0, 0)


def test_so_does_putting_the_speaker_aside(session: Session, maria: Speaker, vault: Vault) -> None:
    connected(session, maria, BUSY, ring=vault.ring)

    people.archive_speaker(session, maria, by=SYSTEM, links=LINKS, now=NOW)

    assert (count(session, OwnCalendar), count(session, BusyTime)) == (0, 0)


def test_and_deleting_the_speakers_row(session: Session, maria: Speaker, vault: Vault) -> None:
    connected(session, maria, BUSY, ring=vault.ring)
    session.commit()

    session.delete(maria)
    session.commit()

    assert (count(session, OwnCalendar), count(session, BusyTime)) == (0, 0)


@pytest.fixture
def in_a_file(database_url: str, tmp_path: Path) -> Iterator[Vault]:
    """The database's vault, its ring in a file that can be rotated."""
    path = tmp_path / "keys.json"
    keyring.replace(path, keyring.parse(vaults.KEYS, named="test"))
    made = Vault(vaults.store_url(database_url), Source(path))
    yield made
    made.dispose()


def test_new_keys_seal_it_anew(database: Database, in_a_file: Vault) -> None:
    with database.transaction() as session:
        maria = builders.speaker(session, builders.affiliate(session), MARIA)
        before = connected(session, maria, ring=in_a_file.ring).sealed_address

    done = key_rotation.rotate(database, in_a_file, told=lambda _: None)

    with database.reading() as session:
        calendar = rows.of(session, maria.id)
        assert calendar
        assert calendar.sealed_address.startswith(f"v1.{done.active}.")
        assert calendar.sealed_address != before
        assert rows.address_of(calendar, in_a_file.ring) == ADDRESS
