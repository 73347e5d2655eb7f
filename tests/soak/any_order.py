"""A bureau to which anything happens in any order, drawn from a seed; and what leaves it.

Gateways only write down what was so when a message left: what they raise, the worker catches.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import clock, jobs
from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.directory.models import Hospital, Unit
from outreach.errors import NotFound, OutreachError
from outreach.messaging.models import Consent, Message, MessageAttempt
from outreach.messaging.ports import Ambiguous, Mail, Rejected, Result, Retry, Sms
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import (
    asking,
    delivery,
    directory,
    inbound,
    offers,
    profile,
    settling,
    visits,
)
from outreach.workflows.eligibility import Choice
from tests import builders, fakes
from tests.builders import DANIEL, HENRY, JOY, MARIA, VISIT_AT
from tests.fakes import LINKS

Row = TypeVar("Row", bound=Any)

TROUBLE: Final[tuple[Result, ...]] = (
    Retry("429"),
    Retry("unreachable", pauses=False),
    Ambiguous("connection"),
    Rejected("550"),
)
CALLBACKS: Final = (
    ("delivered", ""),
    ("undelivered", "30003"),
    ("undelivered", "21610"),
    ("sent", ""),
)


class WorkerDied(BaseException):
    """The process ends in the middle of a call. No Exception: nothing may live to see it."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One call to a provider, and what was so when it was made.

    `consent` is the last event of the number, `visit_starts_at` the visit's time by its row; None
    where the message is about no visit.
    """

    parcel: Sms | Mail
    message_id: int
    recipient: tuple[str, int]
    values: dict[str, Any]
    at: datetime
    planned_at: datetime
    consent: str | None
    sees_places: bool
    visit_starts_at: datetime | None

    @property
    def kind(self) -> str:
        """The kind of message."""
        return self.parcel.kind

    @property
    def words(self) -> str:
        """All that a reader sees, the calendar included."""
        if isinstance(self.parcel, Sms):
            return self.parcel.body
        return "\n".join((self.parcel.subject, self.parcel.text, calendar_of(self.parcel)))


class _Calls:
    """Writes down each call; the worker may die before or after the provider took it."""

    def __init__(self, database: Database) -> None:
        self.made: list[Departure] = []
        self.dies = ""
        self._database = database

    def begins(self, parcel: Sms | Mail) -> None:
        with self._database.reading() as session:
            self.made.append(_departure(session, parcel))
        self._die("before")

    def ends(self) -> None:
        self._die("after")

    def _die(self, moment: str) -> None:
        if self.dies == moment:
            self.dies = ""
            raise WorkerDied


class _Phones(fakes.Phones):
    def __init__(self, calls: _Calls) -> None:
        super().__init__()
        self._calls = calls

    def send(self, sms: Sms) -> Result:
        self._calls.begins(sms)
        result = super().send(sms)
        self._calls.ends()
        return result


class _Mailboxes(fakes.Mailboxes):
    def __init__(self, calls: _Calls) -> None:
        super().__init__()
        self._calls = calls

    def send(self, mail: Mail) -> Result:
        self._calls.begins(mail)
        result = super().send(mail)
        self._calls.ends()
        return result


class Play:
    """Two units, three visits and four speakers; each event is one transaction or one tick.

    In a `calm` play no provider fails and no worker dies, so that it is known who knows what.
    """

    def __init__(self, database: Database, present: Traveller, *, seed: int, calm: bool) -> None:
        self.database = database
        self.calm = calm
        self.tried_again: set[int] = set()
        self._present = present
        self._rng = random.Random(seed)  # noqa: S311 - the same order each time
        self._calls = _Calls(database)
        self.phones, self.mailboxes = _Phones(self._calls), _Mailboxes(self._calls)
        post = fakes.post(database, phones=self.phones, mailboxes=self.mailboxes)
        self._post = replace(post, rng=self._rng)
        self._texts = 0
        with database.transaction() as session:
            self._set_the_stage(session)

    @property
    def departures(self) -> list[Departure]:
        """Every call to a provider so far, in order."""
        return self._calls.made

    def something_happens(self) -> str:
        """Let one event happen; return what, for a finding's sentence."""
        (event,) = self._rng.choices(tuple(_EVENTS), weights=tuple(_EVENTS.values()))
        if event in _OF_THE_WORKER:
            _OF_THE_WORKER[event](self)
            return event
        try:
            with self.database.transaction() as session:
                _OF_PEOPLE[event](self, session)
        except OutreachError:
            return f"{event} (refused)"
        return event

    def comes_to_rest(self) -> None:
        """Let providers work and workers live, until all that is due has left."""
        for results in (self.phones.results, self.mailboxes.results):
            results.clear()
        self._calls.dies = ""
        for _ in range(8):
            self._present.shift(timedelta(minutes=20))
            self.deliver()
            self.reap()

    # --- what people do

    def ask(self, session: Session) -> None:
        slot, speaker = self._any(session, Slot, state="open"), self._any(session, Speaker)
        choice = Choice(speaker_id=speaker.id, reasons=[], distance_km=3.0)
        visit = session.get_one(Visit, slot.visit_id)
        asking.make(session, slot, choice, visit=visit, by=SYSTEM, links=LINKS, now=clock.now())

    def say_yes(self, session: Session) -> None:
        offer, via = self._any_offer(session), self._rng.choice(("link", "site"))
        offers.accept(session, offer=offer, by=SYSTEM, via=via, links=LINKS, now=clock.now())

    def say_not_this_time(self, session: Session) -> None:
        offer = self._any_offer(session)
        offers.not_this_time(
            session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=clock.now()
        )

    def answer_by_text(self, session: Session) -> None:
        offer = self._any_offer(session)
        body = self._rng.choice(("YES", "Sí {}", "yes {}!", "no {}", "Which door?"))
        speaker = session.get_one(Speaker, offer.speaker_id)
        self._text(session, speaker, body.format(offer.number))

    def text_a_keyword(self, session: Session) -> None:
        body = self._rng.choice(("STOP", "ALTO", "START", "START", "ayuda"))
        self._text(session, self._any(session, Speaker), body)

    def repeat_a_text(self, session: Session) -> None:
        self._text(session, self._any(session, Speaker), "YES", again=True)

    def call_back(self, session: Session) -> None:
        """Let the provider say how a text fared, perhaps for the second time."""
        if not self.phones.sent:
            return
        place = self._rng.randrange(len(self.phones.sent))
        status, code = ("delivered", "") if self.calm else self._rng.choice(CALLBACKS)
        delivery.provider_said(
            session,
            attempt=attempt_of(self.phones.sent[place]),
            provider_id=f"SM{place + 1}",
            status=status,
            code=code,
            now=clock.now(),
        )

    def move(self, session: Session) -> None:
        day = VISIT_AT + timedelta(days=self._rng.choice((0, 0, *range(-8, 20))))
        visits.move(
            session,
            self._any(session, Visit),
            day=day.date(),
            at=time(self._rng.choice((10, 10, 14))),
            minutes=self._rng.choice((60, 60, 90)),
            overrule=True,
            by=SYSTEM,
            links=LINKS,
            now=clock.now(),
        )

    def give_another_street(self, session: Session) -> None:
        unit = self._any(session, Unit)
        street = self._rng.choice(("7 Cedar Road", "9 Cedar Road"))
        directory.keep_unit(
            session,
            session.get_one(Hospital, unit.hospital_id),
            {"name": unit.name, "street": street},
            unit=unit,
            hours=(),
            requirements=(),
            by=SYSTEM,
            links=LINKS,
            now=clock.now(),
        )

    def call_off(self, session: Session) -> None:
        visit = self._any(session, Visit)
        visits.call_off(session, visit, by=SYSTEM, links=LINKS, now=clock.now())

    def drop_out(self, session: Session) -> None:
        assignment = self._any(session, Assignment, active=True)
        offers.cannot_come(session, assignment, by=SYSTEM, links=LINKS, now=clock.now())

    def say_yes_on_the_phone(self, session: Session) -> None:
        slot, speaker = self._any(session, Slot), self._any(session, Speaker)
        offers.record_yes(session, slot, speaker=speaker, by=SYSTEM, links=LINKS, now=clock.now())

    def choose(self, session: Session) -> None:
        profile.change_shown(
            session,
            self._any(session, Speaker),
            **_choices(self._rng),
            by=SYSTEM,
            links=LINKS,
            now=clock.now(),
        )

    def try_again(self, session: Session) -> None:
        state = self._rng.choice(("failed", "undelivered", "dead"))
        message = self._any(session, Message, state=state)
        settling.retry(session, message, by=SYSTEM, now=clock.now())
        self.tried_again.add(message.id)

    # --- what the worker does

    def deliver(self) -> None:
        """Send what is due, unless the worker dies of it."""
        try:
            jobs.deliver_everything(self._post)
        except WorkerDied:
            return

    def deliver_in_trouble(self) -> None:
        if not self.calm:
            for results in (self.phones.results, self.mailboxes.results):
                results.append(self._rng.choice(TROUBLE))
            self.phones.loses = self._rng.random() < 0.5
        self.deliver()

    def die(self) -> None:
        if not self.calm:
            self._calls.dies = self._rng.choice(("before", "after"))
        self.deliver()

    def reap(self) -> None:
        jobs.reap(self._post)
        jobs.look_up_doubts(self._post)

    def lapse(self) -> None:
        jobs.lapse_offers(self.database, links=LINKS)

    def pass_time(self) -> None:
        minutes = self._rng.choice((1, 5, 31, 120, 300, 900))
        self._present.shift(timedelta(minutes=minutes))

    # --- the stage

    def _set_the_stage(self, session: Session) -> None:
        world = builders.world(session, offers_per_week=21)
        world.unit.contact_email = "ward@lakeshore.example"
        other = builders.unit(session, world.hospital, world.affiliate, name="Unit 6")
        for unit, days in ((world.unit, 0), (other, 0), (world.unit, 4)):
            builders.visit(session, world, at=unit, starts_at=VISIT_AT + timedelta(days=days))
        for person in (MARIA, DANIEL, JOY, HENRY):
            speaker = builders.speaker(
                session,
                world.affiliate,
                person,
                certified_for=world.program,
                quota_per_month=31,
                channel=self._rng.choice(("sms", "sms", "mail")),
                **_choices(self._rng),
            )
            if speaker.channel == "sms" and self._rng.random() < 0.8:
                builders.agrees(session, speaker)

    def _text(self, session: Session, speaker: Speaker, body: str, *, again: bool = False) -> None:
        self._texts += not again
        inbound.receive_sms(
            session,
            provider_id=f"IN{self._texts}",
            from_phone=speaker.phone or "",
            body=body,
            links=LINKS,
            now=clock.now(),
        )

    def _any_offer(self, session: Session) -> Offer:
        """Draw an offer: mostly one that waits for its answer."""
        state = {"state": "open"} if self._rng.random() < 0.8 else {}
        return self._any(session, Offer, **state)

    def _any(self, session: Session, table: type[Row], **where: object) -> Row:
        rows = session.scalars(select(table).filter_by(**where).order_by(table.id)).all()
        if not rows:
            raise NotFound("Nothing of the kind is there yet.")
        row: Row = self._rng.choice(rows)
        return row


def attempt_of(sms: Sms) -> str:
    """Return the public id of the attempt that a text's callback names."""
    return sms.callback_url.rpartition("/")[2]


def calendar_of(mail: Mail) -> str:
    """Return a mail's calendar, its lines unfolded; "" where it has none."""
    for part in message_from_bytes(mail.raw, policy=policy.default).walk():
        if part.get_content_type() == "text/calendar":
            return str(part.get_content()).replace("\r\n ", "")
    return ""


def _departure(session: Session, parcel: Sms | Mail) -> Departure:
    newest = select(Message).join(MessageAttempt, MessageAttempt.message_id == Message.id)
    message = session.scalars(newest.order_by(MessageAttempt.id.desc()).limit(1)).one()
    assert (message.kind, message.to_address) == (parcel.kind, parcel.to)
    events = select(Consent.event).where(Consent.phone == parcel.to)
    speaker = None
    if message.recipient_kind == "speaker":
        speaker = session.get_one(Speaker, message.recipient_id)
    about = select(Visit.starts_at).where(Visit.public_id == message.values.get("visit_id"))
    return Departure(
        parcel=parcel,
        message_id=message.id,
        recipient=(message.recipient_kind, message.recipient_id),
        values=dict(message.values),
        at=clock.now(),
        planned_at=message.created_at,
        consent=session.scalar(events.order_by(Consent.id.desc()).limit(1)),
        sees_places=speaker is None or speaker.detail == "full",
        visit_starts_at=session.scalar(about),
    )


def _choices(rng: random.Random) -> dict[str, Any]:
    return {
        "detail": rng.choice(("minimal", "full")),
        "calendar": rng.choice(("feed", "mail", "both")),
        "asked_by_calendar": rng.random() < 0.5,
        "alarm_minutes": rng.choice((None, 60, 1440)),
        "locale": rng.choice(("en", "es")),
    }


_OF_PEOPLE: Final[dict[str, Callable[[Play, Session], None]]] = {
    "ask": Play.ask,
    "yes": Play.say_yes,
    "not this time": Play.say_not_this_time,
    "an answer by text": Play.answer_by_text,
    "a keyword": Play.text_a_keyword,
    "the same text again": Play.repeat_a_text,
    "a callback": Play.call_back,
    "a move": Play.move,
    "another street": Play.give_another_street,
    "a call-off": Play.call_off,
    "a drop-out": Play.drop_out,
    "a yes on the phone": Play.say_yes_on_the_phone,
    "other choices": Play.choose,
    "another try": Play.try_again,
}
_OF_THE_WORKER: Final[dict[str, Callable[[Play], None]]] = {
    "a tick": Play.deliver,
    "a tick in trouble": Play.deliver_in_trouble,
    "a death": Play.die,
    "reaping": Play.reap,
    "lapsing": Play.lapse,
    "time": Play.pass_time,
}
_EVENTS: Final[dict[str, float]] = {
    "ask": 8,
    "yes": 6,
    "not this time": 1,
    "an answer by text": 5,
    "a keyword": 2,
    "the same text again": 1,
    "a callback": 2,
    "a move": 4,
    "another street": 2,
    "a call-off": 0.4,
    "a drop-out": 2,
    "a yes on the phone": 2,
    "other choices": 2,
    "another try": 2,
    "a tick": 9,
    "a tick in trouble": 3,
    "a death": 1.5,
    "reaping": 2,
    "lapsing": 1,
    "time": 4,
}
"""How often each happens, against the others."""
