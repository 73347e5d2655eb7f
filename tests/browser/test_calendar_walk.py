"""Answers from people's calendars, and what everybody's pages and calendars then show."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from playwright.sync_api import Browser
from pydantic import SecretStr
from sqlalchemy import select, update

from outreach import clock, i18n
from outreach.accounts.models import Account, Membership
from outreach.calendars.models import CalendarItem
from outreach.demo import cast
from outreach.i18n import gettext as _
from outreach.messaging.models import ConsoleMessage, Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting
from tests.builders import NOW
from tests.calendars import readers
from tests.calendars.readers import Seen
from tests.calendars.replies import Asked, Made, apple, google, outlook

pytestmark = pytest.mark.browser

LOCALES = ("en", pytest.param("es", marks=pytest.mark.all))
TOKEN = "a token of sixteen or more"
HOUR = timedelta(hours=1)
MARIA, NORA = "maria.benitez@example.org", "nora.kim@example.org"
A_SPEAKER_ASKS = (
    "One of the speakers asks for this time. If you move the visit, whoever else comes is told, "
    "and we look again where somebody can’t come then."
)


@dataclass
class Walk:
    """The demo, where everybody speaks one language, and windows to look at it."""

    demo: Demo
    window: Callable[..., AbstractContextManager[Visitor]]
    visit_id: str

    def newest_mail(self, email: str, kind: str) -> ConsoleMessage:
        """Return the newest mail somebody got, of kinds that begin so."""
        theirs = (ConsoleMessage.to_address == email, ConsoleMessage.kind.startswith(kind))
        with self.demo.wired.db.reading() as session:
            found = select(ConsoleMessage).where(*theirs).order_by(ConsoleMessage.id.desc())
            return session.scalars(found.limit(1)).one()

    def invite(self, email: str) -> Seen:
        """Read the newest invite in somebody's mailbox, as their calendar program does."""
        raw = self.newest_mail(email, "invite").raw
        mail = message_from_bytes(raw or b"", policy=policy.default)
        (part,) = (each for each in mail.walk() if each.get_content_type() == "text/calendar")
        assert part.get_param("method") == "REQUEST"
        (entry,) = readers.READERS["icalendar"](part.get_content().encode())
        return entry

    def answer(
        self, window: Visitor, email: str, made: Made, said: str, *, at: datetime | None = None
    ) -> None:
        """Let a calendar program answer that invite, or propose another time, by the webhook."""
        known = self.invite(email)
        asked = Asked(
            uid=known.uid,
            attendee=email,
            said=said,
            sequence=known.sequence,
            stamp=_utc(clock.now()),
            own=f"{said}.{known.sequence}.{email}",
        )
        if at is not None:
            asked = replace(asked, method="COUNTER", starts=_utc(at), ends=_utc(at + HOUR))
        came = window.page.request.post(
            f"{self.demo.base}/hooks/mail",
            data=made(asked),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"},
        )
        assert came.status == 204

    def waiting(self, kind: str) -> set[tuple[str, int]]:
        """Return whom such a mail waits for in the outbox, and the sequence it will carry."""
        waits = (
            select(Message.to_address, CalendarItem.sequence)
            .join(CalendarItem, CalendarItem.id == Message.subject_id)
            .where(Message.kind == kind, Message.state == "pending")
        )
        with self.demo.wired.db.reading() as session:
            return {(address, sequence) for address, sequence in session.execute(waits)}


@pytest.fixture(params=LOCALES)
def walk(request: pytest.FixtureRequest, browser: Browser, demo: Demo) -> Iterator[Walk]:
    locale: str = request.param
    with demo.wired.db.transaction() as session:
        session.execute(update(Account).values(locale=locale))
        session.execute(update(Speaker).values(locale=locale))
        # Who may refer shows a second step as well: test_keyboard.py and test_passkey.py walk that.
        session.execute(update(Membership).values(may_refer=False))
        unit = demo.world.units["St. Clare Hospital", "Unit 4B"]
        its = select(Visit.public_id).where(Visit.unit_id == unit.id, Visit.language == "es")
        visit_id = session.scalars(its).one()
    settings = demo.wired.config.model_copy(update={"mail_hook_token": SecretStr(TOKEN)})
    demo.app.extensions["outreach"] = replace(demo.wired, config=settings)
    with i18n.speaking(locale):
        yield Walk(
            demo,
            lambda width=1280: visiting(browser, demo, locale=locale, width=width, height=844),
            visit_id,
        )


def test_a_visit_is_taken_and_moved_from_calendars(walk: Walk) -> None:
    with walk.window() as ruth, walk.window(390) as maria, walk.window(390) as nora:
        ruth.enter(walk.demo.doors["Ruth"])
        maria.enter(walk.demo.doors["Maria"])
        choose_to_be_asked_by_calendar(walk, maria)
        ask_maria(walk, ruth)
        accept(walk, ruth, maria)
        propose_a_time_that_the_unit_takes(walk, ruth, maria, nora)
        let_the_unit_propose_one(walk, ruth, maria)


def choose_to_be_asked_by_calendar(walk: Walk, maria: Visitor) -> None:
    maria.open(walk.demo.address("speaker.shown"))
    maria.page.locator("[name=asked_by_calendar]").check()
    assert maria.press(_("Save")) == 200


def ask_maria(walk: Walk, ruth: Visitor) -> None:
    """Ask from the page of the visit; the question comes into Maria's calendar."""
    open_visit(walk, ruth)
    ruth.press(_("Ask %(name)s", name="Maria"))
    walk.demo.deliver()
    assert walk.invite(MARIA).status == "TENTATIVE"


def accept(walk: Walk, ruth: Visitor, maria: Visitor) -> None:
    """Say yes in Google's calendar: it is Maria's visit on every page."""
    walk.answer(maria, MARIA, google, "ACCEPTED")
    open_visit(walk, ruth)
    assert "Maria Benítez" in who_comes(ruth)
    assert plain(_("Said yes on %(day)s", day=i18n.day(NOW))) in who_comes(ruth)
    my_visits_show(walk, maria, walk.invite(MARIA).starts_at)
    walk.demo.let_it_stand()
    assert walk.invite(MARIA).status == "CONFIRMED"


def propose_a_time_that_the_unit_takes(
    walk: Walk, ruth: Visitor, maria: Visitor, nora: Visitor
) -> None:
    """Let Maria's calendar ask for another time: the unit decides, with one press each."""
    before = walk.invite(MARIA)
    later = before.starts_at + HOUR
    walk.answer(maria, MARIA, apple, "TENTATIVE", at=later)
    read_mails(walk, ruth)
    assert _("Their calendar asks for another time.") in ruth.text()
    assert ruth.press(_("Ask the unit for %(when)s", when=moment(later))) == 200
    open_visit(walk, ruth)
    proposed = _("Another time is proposed to the unit: %(when)s. They decide.", when=moment(later))
    assert proposed in ruth.text()
    walk.demo.let_it_stand()
    assert _("You decide. Until you say yes the visit keeps its time.") in (
        walk.newest_mail(NORA, "other_time").text
    )
    nora.enter(walk.demo.doors["Nora"])
    nora.open(walk.demo.address("liaison.other_time", visit_id=walk.visit_id))
    assert _(A_SPEAKER_ASKS) in nora.text()
    assert nora.press(_("Yes, move the visit")) == 200
    everybody_sees(walk, before, later, ruth, maria)


def let_the_unit_propose_one(walk: Walk, ruth: Visitor, maria: Visitor) -> None:
    """Let the unit's calendar ask for another time: the visit moves with one press."""
    before = walk.invite(MARIA)
    later = before.starts_at + HOUR
    walk.answer(ruth, NORA, outlook, "TENTATIVE", at=later)
    read_mails(walk, ruth)
    assert _("The unit’s calendar asks for another time.") in ruth.text()
    assert ruth.press(_("Move the visit to %(when)s", when=moment(later))) == 200
    assert _("The visit has moved. Everybody concerned hears of it.") in ruth.text()
    everybody_sees(walk, before, later, ruth, maria)


def everybody_sees(
    walk: Walk, before: Seen, starts_at: datetime, ruth: Visitor, maria: Visitor
) -> None:
    """See the new time on both pages; the same entry waits in the outbox, and leaves, moved."""
    open_visit(walk, ruth)
    assert ruth.title().lower() == moment(starts_at).lower()
    my_visits_show(walk, maria, starts_at)
    assert (MARIA, before.sequence + 1) in walk.waiting("invite_update")
    walk.demo.let_it_stand()
    moved = walk.invite(MARIA)
    assert (moved.uid, moved.sequence) == (before.uid, before.sequence + 1)
    assert (moved.starts_at, moved.ends_at) == (starts_at, starts_at + HOUR)
    assert walk.invite(NORA).starts_at == starts_at


def open_visit(walk: Walk, ruth: Visitor) -> None:
    ruth.open(walk.demo.address("coordinator.visit", visit_id=walk.visit_id))


def who_comes(ruth: Visitor) -> str:
    heading = ruth.page.get_by_role("heading", name=_("Who comes"), exact=True)
    return plain(ruth.page.locator(".panel", has=heading).inner_text())


def my_visits_show(walk: Walk, maria: Visitor, starts_at: datetime) -> None:
    maria.open(walk.demo.address("speaker.home"))
    assert plain(i18n.span(starts_at, starts_at + HOUR, zone=cast.ZONE)) in maria.text()


def read_mails(walk: Walk, ruth: Visitor) -> None:
    ruth.open(walk.demo.address("coordinator.texts"))
    assert ruth.title() == _("Texts and mails to read")


def moment(instant: datetime) -> str:
    return plain(i18n.when(instant, zone=cast.ZONE))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
