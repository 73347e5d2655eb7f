"""A visit's life as calendars get it, over real SMTP: the bureau's doings, and a mailbox."""

from datetime import date, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Visitor
from sqlalchemy import select
from time_machine import Traveller

from outreach import jobs
from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem
from outreach.messaging import outbox, returned
from outreach.messaging.models import Message
from outreach.visits.models import Assignment
from outreach.workflows import (
    delivery,
    directory,
    offers,
    people,
    undo,
    visits,
)
from outreach.workflows.delivery import Post, Prepared
from tests.builders import NOW
from tests.calendars import checks
from tests.workflows.conftest import LINKS, Bureau

TUESDAY, WEDNESDAY, THURSDAY = date(2026, 12, 8), date(2026, 12, 9), date(2026, 12, 10)
UNDO = timedelta(minutes=10)
ELSEWHERE = "maria@elsewhere.example"
MARIA, WARD = "maria.lopez@speakers.example", "ward4b@stclare.example"


class Mailbox:
    """Keeps what arrives, in order; `hangs_up` takes a mail and never says so."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.hangs_up = False

    async def handle_DATA(self, server: SMTP, session: Visitor, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        del session
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        if self.hangs_up:
            server.transport.abort()  # type: ignore[union-attr] # there while it is called
        return "250 OK"

    def mails(self, to: str) -> list[EmailMessage]:
        """Give the mails about calendars to an address."""
        return [mail for mail in map(parsed, self.raw) if to in mail["To"] and has_calendar(mail)]

    def faults(self) -> set[str]:
        """Say what is wrong with the mails about calendars, in words."""
        with_calendar = (raw for raw in self.raw if has_calendar(parsed(raw)))
        return {fault for raw in with_calendar for fault in checks.mail_faults(raw)}


def parsed(raw: bytes) -> EmailMessage:
    """Read a mail, less the mark of the one attempt that carried it."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    del mail[returned.ATTEMPT]
    return mail


def has_calendar(mail: EmailMessage) -> bool:
    return any(part.get_content_type() == "text/calendar" for part in mail.walk())


class Life:
    """The bureau's doings, each in a transaction of its own, and the minutes between them."""

    def __init__(self, bureau: Bureau, post: Post, clock: Traveller) -> None:
        self.bureau, self.post, self.clock = bureau, post, clock
        self.now = NOW
        self.by = SYSTEM

    def say_yes(self) -> None:
        offer = self.bureau.ask(self.bureau.maria, now=self.now)
        offers.accept(
            self.bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=self.now
        )

    def move(self, day: date, at: time = time(10), minutes: int = 60) -> None:
        visits.move(
            self.bureau.session,
            self.bureau.visit,
            day=day,
            at=at,
            minutes=minutes,
            overrule=True,
            by=self.by,
            links=LINKS,
            now=self.now,
        )

    def keep_unit(self, **facts: str) -> None:
        unit = self.bureau.world.unit
        directory.keep_unit(
            self.bureau.session,
            self.bureau.world.hospital,
            {"name": unit.name, **facts},
            unit=unit,
            hours=(),
            requirements=(),
            by=self.by,
            links=LINKS,
            now=self.now,
        )

    def change_address(self, email: str) -> None:
        facts = {"email": email}
        people.change_speaker(
            self.bureau.session, self.bureau.maria, facts, by=SYSTEM, links=LINKS, now=self.now
        )

    def write_brief(self, text: str) -> None:
        session, unit = self.bureau.session, self.bureau.world.unit
        directory.write_brief(session, unit, text, by=self.by, links=LINKS, now=self.now)

    def step_back(self) -> None:
        active = self.bureau.session.scalars(select(Assignment).where(Assignment.active)).one()
        offers.cannot_come(self.bureau.session, active, by=SYSTEM, links=LINKS, now=self.now)

    def call_off(self) -> None:
        visits.call_off(
            self.bureau.session, self.bureau.visit, by=self.by, links=LINKS, now=self.now
        )

    def put_back(self) -> None:
        undo.a_call_off(
            self.bureau.session, self.bureau.visit, by=self.by, links=LINKS, now=self.now
        )

    def entry(self) -> CalendarItem:
        """Return Maria's."""
        hers = select(CalendarItem).where(CalendarItem.owner_kind == "speaker")
        return self.bureau.session.scalars(hers).one()

    def wait(self, span: timedelta = UNDO) -> None:
        """Let the worker send what is due now, and then what is due later."""
        self.bureau.session.commit()
        jobs.deliver_due(self.post, channel="mail")
        self.now += span
        self.clock.move_to(self.now)
        jobs.reap(self.post)
        jobs.deliver_due(self.post, channel="mail")


def calendar_of(mail: EmailMessage) -> checks.Component:
    (inline,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    body = inline.get_payload(decode=True)
    assert isinstance(body, bytes)
    return checks.read(body)


def event_of(mail: EmailMessage) -> checks.Component:
    (event,) = calendar_of(mail).inside("VEVENT")
    return event


def said(mail: EmailMessage, name: str) -> str:
    return event_of(mail).one(name).value


def sequence(mail: EmailMessage) -> int:
    return int(said(mail, "SEQUENCE"))


def check_order(mails: list[EmailMessage]) -> None:
    """Whatever else happened: one UID, rising sequence and stamp, and each mail well made."""
    assert {said(mail, "UID") for mail in mails} == {said(mails[0], "UID")}
    sequences = [int(said(mail, "SEQUENCE")) for mail in mails]
    stamps = [said(mail, "DTSTAMP") for mail in mails]
    assert sequences == sorted(set(sequences))
    assert stamps == sorted(set(stamps))
    ids = [mail["Message-ID"] for mail in mails]
    assert len(set(ids)) == len(ids)
    assert {mail["References"] for mail in mails[1:]} <= {ids[0]}


def words(mail: EmailMessage) -> str:
    (plain,) = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    body = plain.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode().replace("\xa0", " ")


def answer(mail: EmailMessage) -> str:
    return event_of(mail).one("ATTENDEE").parameters["PARTSTAT"]


def die_before_the_call(life: Life) -> bytes:
    """Write Maria's attempt down, as a worker does, and do nothing more."""
    with life.post.db.transaction() as session:
        claims = outbox.claim(session, channel="mail", now=life.now)
    for claimed in claims:
        with life.post.db.transaction() as session:
            kind = session.get_one(Message, claimed.id).kind
            prepared = delivery.prepare(session, claimed, post=life.post, now=life.now)
        if kind == "invite":
            assert isinstance(prepared, Prepared)
            return bytes(prepared.parcel.raw)  # type: ignore[union-attr] # a mail
    raise AssertionError("no invite was due")
