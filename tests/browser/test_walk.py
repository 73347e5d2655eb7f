"""The loop, walked by everyone in it: by forms and links alone, without a line of script."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from outreach import i18n
from outreach.accounts.models import Account, Membership
from outreach.i18n import gettext as _
from outreach.messaging.models import ConsoleMessage
from outreach.reads import words
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser

FRIDAY = date(2026, 11, 27)
"""Four days ahead: when it is less than five days, three people are asked at once."""
LOCALES = ("en", pytest.param("es", marks=pytest.mark.all))
NORA = "nora.kim@example.org"


@dataclass
class Walk:
    """The demo, where everybody speaks one language, and windows to look at it."""

    demo: Demo
    window: Callable[[], AbstractContextManager[Visitor]]

    def asked(self, role: str) -> Sequence[str]:
        """Return the public ids of those who are being asked for the newest visit, in order."""
        mine = (
            select(Speaker.public_id)
            .join(Offer, Offer.speaker_id == Speaker.id)
            .join(Slot, Slot.id == Offer.slot_id)
            .where(Offer.visit_id == self._newest(), Offer.state == "open", Slot.role == role)
            .order_by(Offer.id)
        )
        with self.demo.wired.db.reading() as session:
            return session.scalars(mine).all()

    def coming(self) -> set[str]:
        """Return the first names of those who come to the newest visit."""
        mine = select(Speaker.first_name).join(Assignment, Assignment.speaker_id == Speaker.id)
        with self.demo.wired.db.reading() as session:
            found = mine.where(Assignment.visit_id == self._newest(), Assignment.active)
            return set(session.scalars(found))

    def first_name(self, speaker: str) -> str:
        """Return what somebody is called."""
        with self.demo.wired.db.reading() as session:
            named = select(Speaker.first_name).where(Speaker.public_id == speaker)
            return session.scalars(named).one()

    def kinds_sent_to(self, email: str) -> list[str]:
        """Return the kinds of the mails somebody got, oldest first."""
        mine = select(ConsoleMessage.kind).where(ConsoleMessage.to_address == email)
        with self.demo.wired.db.reading() as session:
            return list(session.scalars(mine.order_by(ConsoleMessage.id)))

    def open_offer(self, visitor: Visitor, speaker: str) -> int:
        """Open the answer link in the last message somebody got, on the demo's phone or mail."""
        with self.demo.wired.db.reading() as session:
            found = select(Speaker).where(Speaker.public_id == speaker)
            person = session.scalars(found).one()
        if person.channel == "sms":
            visitor.open(self.demo.address("demo.phone", public_id=speaker))
        else:
            self.open_mail(visitor, person.email)
        return visitor.follow_last(f"{self.demo.base}/a/")

    def open_mail(self, visitor: Visitor, email: str) -> None:
        """Open the newest mail to an address, from the list of the demo's mails."""
        visitor.open(self.demo.address("demo.home"))
        row = visitor.page.locator("main li", has_text=email).first
        with visitor.page.expect_navigation():
            row.get_by_role("link").click()

    def _newest(self) -> int:
        with self.demo.wired.db.reading() as session:
            return session.scalars(select(Visit.id).order_by(Visit.id.desc()).limit(1)).one()


@pytest.fixture(params=LOCALES)
def walk(request: pytest.FixtureRequest, browser: Browser, demo: Demo) -> Iterator[Walk]:
    locale: str = request.param
    with demo.wired.db.transaction() as session:
        session.execute(update(Account).values(locale=locale))
        session.execute(update(Speaker).values(locale=locale))
        # Who may refer shows a second step as well: test_keyboard.py and test_passkey.py walk that.
        session.execute(update(Membership).values(may_refer=False))
    with i18n.speaking(locale):
        yield Walk(demo, lambda: visiting(browser, demo, locale=locale, width=390, height=844))


def test_the_loop_is_walked_by_everyone_in_it(walk: Walk) -> None:
    with walk.window() as nora, walk.window() as ruth, walk.window() as phone:
        _sign_in_by_code(walk, nora)
        visit = _ask_for_a_visit(nora)
        ruth.enter(walk.demo.doors["Ruth"])
        _find_speakers(walk, ruth, visit)
        _answer(walk, phone)
        _look_up(nora, ruth)
        _move(walk, ruth, visit)
        _hear_of_the_move(walk, phone, nora)
        _step_back(walk, phone)
        _look_up(nora, ruth)
        _substitute(walk, phone)
        _see_the_truth(walk, nora, ruth, visit)


def _look_up(*windows: Visitor) -> None:
    """Give a sign of life: the clock moves on, and who gives none is signed out."""
    for window in windows:
        window.page.reload()


def _sign_in_by_code(walk: Walk, nora: Visitor) -> None:
    nora.open(walk.demo.address("auth.sign_in"))
    nora.page.get_by_label(_("Your e-mail address")).fill(NORA)
    nora.press(_("Send me a code"))
    walk.demo.deliver()
    asked = nora.page.url
    walk.open_mail(nora, NORA)
    code = re.search(r"\d{4} ?\d{4}", nora.text())
    assert code is not None
    nora.open(asked)
    nora.page.get_by_label(_("The code from the mail")).fill(code[0])
    assert nora.press(_("Sign in")) == 200
    assert nora.page.url.endswith("/units/")


def _ask_for_a_visit(nora: Visitor) -> str:
    """Ask in three steps, with one impossible time; return the visit's public id."""
    page = nora.page
    nora.follow(_("Ask for a visit"))
    page.get_by_label(_("Unit"), exact=True).select_option("St. Clare Hospital, Unit 6")
    page.get_by_label("Stories of recovery").check()
    nora.press(_("Continue to the time"))
    page.get_by_label(_("Date")).fill(FRIDAY.isoformat())
    page.locator("#time").fill("22:00")
    assert nora.press(_("Continue to needs")) == 422
    assert page.locator("#time-error").inner_text()
    assert page.locator("#time").get_attribute("aria-describedby") == "time-hint time-error"
    page.locator("#time").fill("14:00")
    assert nora.press(_("Continue to needs")) == 200
    page.locator("#room").fill("Day room")
    nora.press(_("Continue to check"))
    assert "Day room" in nora.text()
    nora.press(_("Ask for this visit"))
    assert nora.title() == _("Thank you. We are looking for speakers.")
    nora.follow(_("See this visit"))
    return page.url.rpartition("/")[2]


def _find_speakers(walk: Walk, ruth: Visitor, visit: str) -> None:
    """Let speakers be found; approve the co-presenter, and ask three leads in order."""
    ruth.open(walk.demo.address("coordinator.proposals"))
    ruth.press(_("Find speakers"))
    assert ruth.title() == _("Looking for speakers")
    assert walk.demo.find_speakers() == 1
    ruth.follow(_("Look again"))
    link = f'a[href$="{visit}"]'
    section = ruth.page.locator("section", has=ruth.page.locator(f"h2 {link}"))
    proposed = section.locator("li", has_text=words.role("co-presenter"))
    with ruth.page.expect_navigation():
        proposed.get_by_role("button").first.click()
    assert len(walk.asked("co-presenter")) == 1
    ruth.open(walk.demo.address("coordinator.visit", visit_id=visit))
    in_order = _("Ask all %(count)s, in this order", count=words.number(3))
    assert ruth.press(in_order) == 200
    assert len(walk.asked("lead")) == 3
    walk.demo.deliver()


def _answer(walk: Walk, phone: Visitor) -> None:
    """Say yes by the link; the next lead's yes comes too late; the co-presenter says yes."""
    first, second, *_others = walk.asked("lead")
    beside = walk.asked("co-presenter")[0]
    assert walk.open_offer(phone, first) == 200
    question = phone.page.url
    walk.open_offer(phone, second)
    late = phone.page.url
    phone.open(question)
    assert phone.press(_("Yes, I can visit")) == 200
    assert phone.title() == _("It is yours, %(name)s. Thank you.", name=walk.first_name(first))
    phone.open(late)
    assert phone.title() == _("Another speaker has taken this visit")
    walk.open_offer(phone, beside)
    phone.press(_("Yes, I can visit"))
    walk.demo.let_it_stand()
    assert walk.coming() == {walk.first_name(first), walk.first_name(beside)}


def _move(walk: Walk, ruth: Visitor, visit: str) -> None:
    ruth.open(walk.demo.address("coordinator.visit", visit_id=visit))
    ruth.follow(_("Change the time"))
    ruth.page.locator("#time").fill("15:00")
    assert ruth.press(_("Change the time")) == 200
    assert _is_at_three(ruth.title())


def _hear_of_the_move(walk: Walk, phone: Visitor, nora: Visitor) -> None:
    walk.demo.let_it_stand()
    assert walk.kinds_sent_to(NORA)[-1] == "invite_update"
    nora.page.reload()
    assert _is_at_three(nora.text())
    phone.page.reload()
    assert _is_at_three(phone.text())


def _step_back(walk: Walk, phone: Visitor) -> None:
    """Say "I can't make it" in two taps from the page of the visit, without a reason."""
    phone.follow(_("tell us you can’t make it"))
    assert phone.page.locator("main :is(input:not([type=hidden]), textarea)").count() == 0
    phone.press(_("I can’t make it"))
    assert len(walk.coming()) == 1
    assert "gracias" in phone.title().lower() or phone.title().startswith("Thank you")


def _substitute(walk: Walk, phone: Visitor) -> None:
    walk.demo.let_it_stand()
    asked = walk.asked("co-presenter")
    assert asked
    walk.open_offer(phone, asked[0])
    phone.press(_("Yes, I can visit"))
    walk.demo.deliver()
    assert walk.first_name(asked[0]) in walk.coming()


def _see_the_truth(walk: Walk, nora: Visitor, ruth: Visitor, visit: str) -> None:
    nora.page.reload()
    ruth.open(walk.demo.address("coordinator.visit", visit_id=visit))
    assert len(walk.coming()) == 2
    for name in walk.coming():
        assert name in nora.text()
        assert name in ruth.text()


def _is_at_three(text: str) -> bool:
    return "3:00" in text or "15:00" in text


def test_the_answer_page_is_used_by_keyboard_alone(browser: Browser, demo: Demo) -> None:
    walk = Walk(demo, lambda: visiting(browser, demo))
    token, first_name = _open_question(demo)

    with walk.window() as maria:
        maria.open(demo.address("public.answer", token=token))
        assert _tab_to(maria, "Skip to the main part") == 1
        _tab_to(maria, "Yes, I can visit")
        with maria.page.expect_navigation():
            maria.page.keyboard.press("Enter")
        yes = maria.title()
        _tab_to(maria, "tell us you can’t make it")
        with maria.page.expect_navigation():
            maria.page.keyboard.press("Enter")
        _tab_to(maria, "I can’t make it")
        with maria.page.expect_navigation():
            maria.page.keyboard.press("Space")
        no = maria.title()

    assert yes == f"It is yours, {first_name}. Thank you."
    assert no == f"Thank you for telling us, {first_name}."


@pytest.mark.parametrize("lang", ["en", "es"])
def test_both_answers_are_in_sight_on_a_low_phone(browser: Browser, demo: Demo, lang: str) -> None:
    token, _name = _open_question(demo)
    high = 553

    with visiting(browser, demo, width=375, height=high) as phone:
        phone.open(demo.address("public.answer", token=token) + f"?lang={lang}")
        boxes = [each.bounding_box() for each in phone.page.locator("main form button").all()]

    assert len(boxes) == 2
    assert all(box and box["y"] > 0 and box["y"] + box["height"] <= high for box in boxes)


def test_the_watch_over_pages_sees_what_it_must(browser: Browser, demo: Demo) -> None:
    with visiting(browser, demo, scripts=True) as visitor:
        visitor.open(demo.address("public.help"))
        visitor.page.evaluate("document.body.setAttribute('style', 'color: red')")
        visitor.page.evaluate("new Image().src = 'http://outside.example/'")
        visitor.page.reload()
        seen = list(visitor.wrong)
        visitor.wrong.clear()

    assert sum("Content Security Policy" in each for each in seen) == 2


def _open_question(demo: Demo) -> tuple[str, str]:
    """Return the token and the first name of somebody who is being asked."""
    with demo.wired.db.reading() as session:
        offer = session.scalars(select(Offer).where(Offer.state == "open")).first()
        assert offer is not None
        speaker = session.get_one(Speaker, offer.speaker_id)
        token = demo.wired.links.answer_token(
            offer.public_id, speaker_id=speaker.public_id, expires_at=offer.expires_at
        )
    return token, speaker.first_name


def _tab_to(visitor: Visitor, words: str) -> int:
    """Press Tab until what has these words has the focus; return how often that took."""
    for pressed in range(1, 40):
        visitor.page.keyboard.press("Tab")
        if words in visitor.page.locator(":focus").inner_text():
            return pressed
    raise AssertionError(f"Tab does not reach {words!r} on {visitor.page.url}")
