"""A visit's whole life in a calendar, over real SMTP: what a mail program gets, in order."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Visitor
from sqlalchemy import select
from time_machine import Traveller

from outreach import jobs
from outreach.actor import SYSTEM, Actor, Kind
from outreach.adapters.smtp_mail import SmtpMail
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.messaging import outbox, returned
from outreach.messaging.models import Message
from outreach.visits.models import Assignment, Offer
from outreach.workflows import (
    delivery,
    directory,
    invite_mails,
    offers,
    people,
    profile,
    undo,
    visits,
)
from outreach.workflows.delivery import Post, Prepared
from tests import fakes
from tests.builders import NOW, VISIT_AT
from tests.calendars import checks
from tests.workflows.conftest import LINKS, Bureau, open_bureau

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


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def post(database: Database, mailbox: Mailbox) -> Iterator[Post]:
    """What sends messages, by SMTP to a server on this machine."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    gateway = SmtpMail(host="127.0.0.1", port=port, sender="visits@outreach.example", tls="none")
    yield replace(fakes.post(database), mail=gateway)
    gateway.close()
    server.stop()


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


@pytest.fixture
def life(database: Database, post: Post, present: Traveller) -> Iterator[Life]:
    with database.transaction() as session:
        bureau = open_bureau(session)
        bureau.maria.detail = "full"
        session.commit()
        yield Life(bureau, post, present)


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


@pytest.mark.both_engines
def test_from_the_yes_to_the_end_every_client_is_told_in_order(
    life: Life, mailbox: Mailbox
) -> None:
    doings = (
        life.say_yes,
        lambda: life.move(WEDNESDAY),
        lambda: life.keep_unit(street="7 Cedar Road"),
        life.step_back,
        life.say_yes,
        life.call_off,
    )

    for do in doings:
        do()
        life.wait()

    mails = mailbox.mails(MARIA)
    calendars = [calendar_of(mail) for mail in mails]
    check_order(mails)
    assert [
        mail for raw in mailbox.raw if b"calendar" in raw for mail in checks.mail_faults(raw)
    ] == []
    methods = [calendar.one("METHOD").value for calendar in calendars]
    assert methods == ["REQUEST", "REQUEST", "REQUEST", "CANCEL", "REQUEST", "CANCEL"]
    assert [said(mail, "SEQUENCE") for mail in mails] == ["0", "1", "2", "3", "4", "5"]
    starts = [checks.instant(event_of(mail).one("DTSTART")) for mail in mails]
    assert starts == [VISIT_AT, *[VISIT_AT + timedelta(days=1)] * 5]
    places = [event_of(mail).one("LOCATION").text for mail in mails]
    assert [place.partition(",")[0] == "7 Cedar Road" for place in places] == [False] * 2 + [
        True
    ] * 4
    check_order(mailbox.mails(WARD))


def test_a_question_in_the_calendar_becomes_the_visit_or_goes(life: Life, mailbox: Mailbox) -> None:
    life.bureau.maria.asked_by_calendar = True
    offer = life.bureau.ask(life.bureau.maria, now=life.now)
    life.wait()
    offers.accept(
        life.bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=life.now
    )
    life.wait()
    life.step_back()
    life.wait()

    mails = mailbox.mails(MARIA)
    check_order(mails)
    states = [(calendar_of(mail).one("METHOD").value, said(mail, "STATUS")) for mail in mails]
    assert states == [("REQUEST", "TENTATIVE"), ("REQUEST", "CONFIRMED"), ("CANCEL", "CANCELLED")]
    assert mailbox.faults() == set()


def test_five_moves_are_five_higher_sequences(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()

    for hour in (11, 12, 13, 14, 15):
        life.move(TUESDAY, time(hour))
        life.wait()

    mails = mailbox.mails(MARIA)
    check_order(mails)
    assert [said(mail, "SEQUENCE") for mail in mails] == ["0", "1", "2", "3", "4", "5"]


def test_what_changes_within_the_minutes_of_taking_back_is_one_mail_each(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    for day, at, minutes in ((WEDNESDAY, 10, 60), (WEDNESDAY, 11, 90), (THURSDAY, 11, 60)):
        life.move(day, time(at), minutes)
        life.wait(timedelta(minutes=2))
    assert mailbox.mails(MARIA) == []
    life.wait()

    for address in (MARIA, WARD):
        (mail,) = mailbox.mails(address)
        start = checks.instant(event_of(mail).one("DTSTART"))
        assert start == VISIT_AT + timedelta(days=2, hours=1)
        assert calendar_of(mail).one("METHOD").value == "REQUEST"


def test_one_edit_of_several_things_is_one_mail(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()

    life.keep_unit(name="Unit 4B West", street="7 Cedar Road")
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    assert event_of(mail).one("SUMMARY").text.endswith("Unit 4B West")
    assert event_of(mail).one("LOCATION").text.startswith("7 Cedar Road")


def test_saving_without_a_change_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()
    maria = life.bureau.maria

    life.move(TUESDAY)
    life.keep_unit()
    profile.change_shown(
        life.bureau.session,
        maria,
        detail=maria.detail,
        calendar=maria.calendar,
        asked_by_calendar=maria.asked_by_calendar,
        alarm_minutes=maria.alarm_minutes,
        locale=maria.locale,
        by=SYSTEM,
        links=LINKS,
        now=life.now,
    )
    life.wait()

    assert mailbox.raw == []


def test_a_visit_called_off_and_put_back_in_time_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    life.call_off()
    life.wait(timedelta(minutes=2))
    life.put_back()
    life.wait()

    assert mailbox.mails(MARIA) == mailbox.mails(WARD) == []
    life.move(WEDNESDAY)
    life.wait()
    (mail,) = mailbox.mails(MARIA)
    assert int(said(mail, "SEQUENCE")) > 2
    assert checks.instant(event_of(mail).one("DTSTART")) == VISIT_AT + timedelta(days=1)


def test_who_lost_the_invite_gets_it_again_after_a_change_that_was_taken_back(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    life.call_off()
    life.put_back()
    life.wait()
    mailbox.raw.clear()

    invite_mails.again(life.bureau.session, life.entry(), by=SYSTEM, now=life.now)
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    assert calendar_of(mail).one("METHOD").value == "REQUEST"
    assert sequence(mail) == life.entry().sequence == 2


def test_an_invite_that_was_on_its_way_during_a_change_there_and_back_arrives(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.bureau.session.commit()
    die_before_the_call(life)
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)

    life.move(WEDNESDAY)
    life.move(TUESDAY)
    life.wait(timedelta(seconds=outbox.LEASE_S + 1))
    life.wait()

    assert mailbox.mails(MARIA)
    assert checks.instant(event_of(mailbox.mails(MARIA)[-1]).one("DTSTART")) == VISIT_AT
    assert said(mailbox.mails(MARIA)[-1], "SEQUENCE") == str(life.entry().sequence)


def test_a_visit_moved_there_and_back_in_time_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    life.move(WEDNESDAY)
    life.wait(timedelta(minutes=2))
    life.move(TUESDAY)
    life.wait()

    assert mailbox.mails(MARIA) == mailbox.mails(WARD) == []


def test_a_move_that_has_left_and_is_taken_back_is_mailed(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()

    life.move(WEDNESDAY)
    life.wait()
    life.move(TUESDAY)
    life.wait()

    mails = mailbox.mails(MARIA)
    check_order(mails)
    starts = [checks.instant(event_of(mail).one("DTSTART")) for mail in mails]
    assert starts == [VISIT_AT, VISIT_AT + timedelta(days=1), VISIT_AT]


@pytest.mark.both_engines
def test_a_street_set_right_in_time_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.keep_unit(street="1 Main Street")
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    life.keep_unit(street="1 Mian Street")
    life.wait(timedelta(minutes=2))
    life.keep_unit(street="1 Main Street")
    life.wait()

    assert mailbox.raw == []


def test_a_new_address_takes_the_visit_out_of_the_calendar_of_the_old_one(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.change_address(ELSEWHERE)
    life.wait()
    life.move(WEDNESDAY)
    life.wait()

    old, new = mailbox.mails(MARIA), mailbox.mails(ELSEWHERE)
    assert [calendar_of(mail).one("METHOD").value for mail in old] == ["REQUEST", "CANCEL"]
    assert [calendar_of(mail).one("METHOD").value for mail in new] == ["REQUEST", "REQUEST"]
    # In one calendar behind both addresses the entry stays, in whatever order the mails come.
    check_order([*old, *new])
    assert said(old[1], "SUMMARY") == "Outreach visit"
    assert "ACCEPTED" in event_of(new[0]).one("ATTENDEE").parameters["PARTSTAT"]
    assert mailbox.faults() == set()


def test_an_address_set_right_before_anything_left_is_told_nothing_of_it(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()

    life.change_address(ELSEWHERE)
    life.change_address(MARIA)
    life.wait()

    assert mailbox.mails(ELSEWHERE) == []
    assert "CANCEL" not in {calendar_of(mail).one("METHOD").value for mail in mailbox.mails(MARIA)}


def test_an_address_that_comes_back_has_the_visit_again(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()

    for address in (ELSEWHERE, MARIA):
        life.change_address(address)
        life.wait()

    methods = [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(MARIA)]
    assert methods == ["REQUEST", "CANCEL", "REQUEST"]
    assert [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(ELSEWHERE)] == [
        "REQUEST",
        "CANCEL",
    ]
    check_order(sorted([*mailbox.mails(MARIA), *mailbox.mails(ELSEWHERE)], key=sequence))


@pytest.mark.parametrize("new", ["desk@stclare.example", ""])
def test_a_wards_former_mailbox_loses_the_visit_too(life: Life, mailbox: Mailbox, new: str) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()

    life.keep_unit(contact_email=new)
    life.wait()

    (mail,) = mailbox.mails(WARD)
    assert calendar_of(mail).one("METHOD").value == "CANCEL"
    assert "The visit itself has not changed" in str(mail.get_body(("plain",)))
    assert mailbox.mails(MARIA) == []
    assert len(mailbox.mails("desk@stclare.example")) == (1 if new else 0)


def test_who_takes_the_feed_alone_gets_no_invites_at_a_new_address(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.bureau.maria.calendar = "feed"

    life.change_address(ELSEWHERE)
    life.wait()

    methods = [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(MARIA)]
    assert methods == ["REQUEST", "CANCEL"]
    assert mailbox.mails(ELSEWHERE) == []


def words(mail: EmailMessage) -> str:
    (plain,) = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    body = plain.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode().replace("\xa0", " ")


def answer(mail: EmailMessage) -> str:
    return event_of(mail).one("ATTENDEE").parameters["PARTSTAT"]


def test_a_new_brief_is_one_mail_that_asks_for_no_second_yes(life: Life, mailbox: Mailbox) -> None:
    life.bureau.maria.detail = "minimal"
    life.write_brief("Ring at the blue door.")
    life.wait()
    life.say_yes()
    life.wait()
    mailbox.raw.clear()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)

    for text in ("Ring at the green door.", "Ring twice at the green door.") * 2:
        life.write_brief(text)
        life.wait(timedelta(minutes=1))
    life.write_brief("Ring twice at the green door.")
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    news = "What to expect there was changed on Monday, November 23, 10:23 AM Eastern Time."
    assert news in event_of(mail).one("DESCRIPTION").text.replace("\xa0", " ")
    assert news in words(mail)
    assert answer(mail) == "ACCEPTED"
    assert b"green door" not in b"".join(mailbox.raw)
    assert mailbox.mails(WARD) == []
    assert mailbox.faults() == set()


def test_what_to_expect_is_no_news_to_who_said_yes_after_it_was_written(
    life: Life, mailbox: Mailbox
) -> None:
    life.write_brief("Ring at the blue door.")
    life.wait()
    life.say_yes()
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    assert "was changed" not in event_of(mail).one("DESCRIPTION").text


@pytest.mark.parametrize("kind", ["step back", "call off"])
def test_a_new_brief_is_still_news_after_a_place_was_given_up_and_taken_back(
    life: Life, mailbox: Mailbox, kind: str
) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    life.write_brief("Ring at the green door.")
    life.wait(timedelta(minutes=2))

    if kind == "step back":
        life.step_back()
        ended = life.bureau.session.scalars(select(Assignment)).one()
        undo.a_step_back(life.bureau.session, ended, by=SYSTEM, links=LINKS, now=life.now)
    else:
        life.call_off()
        life.put_back()
    life.wait()
    life.wait()

    assert "What to expect there was changed" in said(mailbox.mails(MARIA)[-1], "DESCRIPTION")


def test_what_to_expect_is_no_news_to_who_took_a_yes_back_and_said_it_after_reading(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    (yes,) = life.bureau.session.scalars(select(Assignment))
    undo.a_yes(life.bureau.session, yes, by=SYSTEM, links=LINKS, now=life.now)
    life.now += timedelta(minutes=1)
    life.write_brief("Ring at the green door.")
    life.now += timedelta(minutes=1)
    offer = life.bureau.session.get_one(Offer, yes.offer_id)
    offers.accept(
        life.bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=life.now
    )
    life.wait()

    assert "was changed" not in said(mailbox.mails(MARIA)[-1], "DESCRIPTION")


def test_a_yes_stands_until_time_or_place_are_others(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    doings: tuple[Callable[[], None], ...] = (
        lambda: life.write_brief("Ring at the red door."),
        lambda: life.move(WEDNESDAY),
        lambda: life.write_brief("Ring at the green door."),
        lambda: life.keep_unit(street="7 Cedar Road"),
    )

    for do in doings:
        do()
        life.wait()

    answers = [answer(mail) for mail in mailbox.mails(MARIA)]
    assert answers == ["ACCEPTED", "ACCEPTED", "NEEDS-ACTION", "NEEDS-ACTION", "NEEDS-ACTION"]


def test_a_ward_is_not_asked_again_because_somebody_else_comes(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.step_back()
    life.wait()
    life.say_yes()
    life.wait()

    mails = mailbox.mails(WARD)
    assert len(mails) == 3
    assert {answer(mail) for mail in mails} == {"ACCEPTED"}


@pytest.mark.both_engines
def test_a_worker_that_died_before_the_call_leaves_the_same_mail_to_the_next(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.bureau.session.commit()
    prepared = die_before_the_call(life)

    life.wait(timedelta(seconds=outbox.LEASE_S + 1))

    (mail,) = mailbox.mails(MARIA)
    assert mail.as_bytes() == parsed(prepared).as_bytes()
    assert said(mail, "SEQUENCE") == "0"


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


def test_a_mail_that_was_taken_without_a_word_comes_again_as_the_same_one(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    mailbox.hangs_up = True
    life.wait(timedelta(seconds=1))
    mailbox.hangs_up = False

    life.wait(timedelta(hours=1))

    first, *again = mailbox.mails(MARIA)
    assert again
    for mail in again:
        assert mail.as_bytes() == first.as_bytes()
