"""Our outbox as a bench fills and works it: real wiring, real client, real transactions."""

import time
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import time_machine
from sqlalchemy import func, insert, literal, select

from outreach import clock, jobs, migrations, wiring
from outreach.config import Config
from outreach.directory.models import Affiliate
from outreach.messaging import service
from outreach.messaging.models import Message
from outreach.messaging.service import NewMessage
from outreach.speakers.models import Speaker
from outreach.wiring import Wiring
from outreach.workflows import keys
from tests import builders
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN

ZONE = "America/Detroit"
PEOPLE = 50
HELD_OVER = timedelta(minutes=5)
"""Past every lease and every wait between two looks."""


def open_(url: str, provider: str, folder: str, *, per_second: float = 1000) -> Wiring:
    """Put the program together on a database that `make` made; `provider` is the stand-in."""
    return wiring.build(
        Config(
            data_dir=Path(folder),
            database_url=url,
            vault_url=f"sqlite:///{folder}/vault.sqlite",
            public_base_url="https://outreach.example",
            log_level="error",
            sms_gateway="twilio",
            sms_per_second=per_second,
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=TOKEN,
            twilio_from=NUMBER,
            twilio_base_url=provider,
        )
    )


def make(url: str, folder: str) -> None:
    """Make every table, and people who agreed to texts."""
    wired = open_(url, "http://localhost", folder)
    migrations.bring_up_to_date(wired.db)
    keys.set_up(wired.db, wired.vault)
    now = clock.now()
    with wired.db.transaction() as session:
        affiliate: Affiliate = builders.affiliate(session)
        for number in range(PEOPLE):
            phone = f"+1313555{number:04d}"
            name = builders.Person(f"Peer{number}", "Speaker")
            speaker = builders.speaker(session, affiliate, name, phone=phone)
            builders.agrees(session, speaker, now=now)
    wired.close()


def plan(wired: Wiring, due: list[tuple[datetime, datetime]]) -> None:
    """Plan one text for each pair of due time and expiry. All may leave at any hour."""
    begins = clock.now().replace(second=0, microsecond=0) + timedelta(days=3)
    with wired.db.transaction() as session:
        people = session.scalars(select(Speaker).order_by(Speaker.id)).all()
        for number, (send_after, expires_at) in enumerate(due):
            person = people[number % len(people)]
            starts_at = begins + timedelta(minutes=number)
            message = NewMessage(
                kind="offer_gone",
                channel="sms",
                affiliate_id=person.affiliate_id,
                recipient_kind="speaker",
                recipient_id=person.id,
                to_address=person.phone or "",
                to_name=person.first_name,
                subject=("visit", number + 1, 1),
                values={
                    "starts_at": starts_at.isoformat(),
                    "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
                    "zone": ZONE,
                },
                time_zone=ZONE,
                send_after=send_after,
                expires_at=expires_at,
                urgent=True,
            )
            assert service.plan(session, message, now=clock.now())


def multiply(wired: Wiring, count: int) -> None:
    """Copy what is there, twice as much each time, until there are `count` messages."""
    table = Message.__table__
    names = [column.name for column in table.columns if column.name != "id"]
    with wired.db.transaction() as session:
        size = session.scalar(select(func.count()).select_from(Message)) or 0
        rounds = 0
        while size < count:
            again = literal(f"-{rounds}")
            made = {"public_id", "dedupe_key"}
            columns = [table.c[n] + again if n in made else table.c[n] for n in names]
            rows = select(*columns).order_by(table.c.id).limit(count - size)
            session.execute(insert(table).from_select(names, rows))
            size, rounds = min(2 * size, count), rounds + 1
    with wired.db.writer.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def work(url: str, provider: str, folder: str, told: Connection) -> None:
    """Send what is due as the worker does; say when it begins and how many seconds it took."""
    wired = open_(url, provider, folder)
    with wired.db.reading() as session:
        session.scalar(select(func.count()).select_from(Message))
    told.send("ready")
    began = time.perf_counter()
    while jobs.deliver_due(wired.post, channel="sms"):
        pass
    told.send(time.perf_counter() - began)


def settle(wired: Wiring) -> None:
    """Let minutes pass by the clock, and the worker's ticks with them, until nothing is left."""
    with time_machine.travel(clock.now(), tick=False) as at:
        for _ in range(6):
            at.shift(HELD_OVER)
            jobs.reap(wired.post)
            while jobs.look_up_doubts(wired.post):
                pass
            while jobs.deliver_due(wired.post, channel="sms"):
                pass
