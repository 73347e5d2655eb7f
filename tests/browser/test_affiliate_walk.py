"""An affiliate without an account, from the mail to the close, in both languages, no script."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from outreach import clock, i18n
from outreach.i18n import gettext as _
from outreach.messaging.models import ConsoleMessage
from outreach.referrals.codes import State
from outreach.referrals.models import IntakeHelper, Referral, ReferralReading
from outreach.workflows.referrals import doors, telling
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser

PIN = "480713"
MAILBOX = "intake@lakeshore.example.org"
LOCALES = ("es", pytest.param("en", marks=pytest.mark.all))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_helper_walks_from_the_mail_to_the_close(
    browser: Browser, demo: Demo, locale: str
) -> None:
    referral_id = _let_an_item_wait(demo)

    with (
        i18n.speaking(locale),
        visiting(browser, demo, locale=locale, width=390, height=844) as lena,
        visiting(browser, demo, locale=locale, scripts=True) as beside,
    ):
        walk = Walk(lena, beside)
        _come_in(demo, walk)
        _take_it(walk)
        _try_and_reach(lena)
        _end(walk)

    with demo.wired.db.reading() as session:
        referral = session.get_one(Referral, referral_id)
        assert (referral.state, referral.outcome) == ("closed", "connected_met")
        helper = session.scalars(select(IntakeHelper)).one()
        readers = select(ReferralReading.actor).where(ReferralReading.referral_id == referral_id)
        assert f"helper:{helper.id}" in set(session.scalars(readers))


@dataclass(frozen=True)
class Walk:
    """Lena's phone without script, and a window beside it where axe, which is script, looks."""

    lena: Visitor
    beside: Visitor

    def look(self) -> None:
        """Look for what axe finds on the page where Lena is, as Lena."""
        cookies = self.lena.page.context.cookies()
        self.beside.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        assert self.beside.open(self.lena.page.url) == 200
        self.beside.bring_axe()
        assert self.beside.findings() == [], self.lena.page.url


def _let_an_item_wait(demo: Demo) -> int:
    """Send Lena's affiliate a notice of an item that it has not accepted."""
    with demo.wired.db.transaction() as session:
        lakeshore = demo.world.receivers["Lakeshore Peers"]
        referral = session.scalars(
            select(Referral).where(
                Referral.affiliate_id == lakeshore.id, Referral.state == State.ACKNOWLEDGED
            )
        ).one()
        link = doors.open_link(session, referral, links=demo.wired.links, now=clock.now())
        telling.item_waits(session, referral, link=link, now=clock.now(), again=7)
    demo.deliver()
    return referral.id


def _come_in(demo: Demo, walk: Walk) -> None:
    lena = walk.lena
    _open_mail(demo, lena, "item_waits")
    assert lena.follow_last(f"{demo.base}/i/") == 200
    assert lena.title() == _("An item waits for you")
    walk.look()
    assert lena.press(_("Send the code")) == 200
    asked_at = lena.page.url
    demo.deliver()
    assert lena.press(_("Go on")) == 422
    lena.page.locator("[name=code]").fill(_code(demo))
    assert lena.page.url == asked_at
    assert lena.press(_("Go on")) == 200
    assert lena.title() == _("Who are you?")
    walk.look()
    lena.page.get_by_label("Lena Ortiz").check()
    lena.page.locator("[name=pin]").fill(PIN)
    lena.page.locator("[name=again]").fill(PIN)
    assert lena.press(_("Open the item")) == 200


def _take_it(walk: Walk) -> None:
    lena = walk.lena
    assert "Dee" in lena.text()
    assert "St. Clare" not in lena.text()
    walk.look()
    assert lena.press(_("We take it")) == 200
    assert lena.press(_("I have it today")) == 200
    assert _("You have it today.") in lena.text()
    lena.follow(_("What to say on the telephone"))
    assert _("Hang up without a word. A voicemail is not safe here.") not in lena.text()
    lena.page.go_back()


def _try_and_reach(lena: Visitor) -> None:
    lena.follow(_("Record a try"))
    lena.page.locator("[name=result][value=no_answer]").check()
    lena.page.locator("[name=note]").fill("MRN 4471")
    assert lena.press(_("Record it")) == 422
    lena.page.locator("[name=note]").fill("Nobody before six")
    assert lena.press(_("Record it")) == 200
    assert "Nobody before six" in lena.text()
    assert lena.press(_("They called us")) == 200
    assert _("Wonderful. It is recorded.") in lena.text()


def _end(walk: Walk) -> None:
    lena = walk.lena
    lena.follow(_("Say how it ended"))
    walk.look()
    assert lena.press(_("Met the person")) == 200
    assert lena.title().startswith("R-")
    assert _("It is closed. Thank you for what you did.") in lena.text()
    assert "Dee" not in lena.text()


def _open_mail(demo: Demo, lena: Visitor, kind: str) -> None:
    lena.open(demo.address("demo.mail", public_id=_mail(demo, kind).public_id))


def _code(demo: Demo) -> str:
    words = _mail(demo, "item_code").text
    return next(word for word in words.split() if word.isdigit() and len(word) == 8)


def _mail(demo: Demo, kind: str) -> ConsoleMessage:
    mine = select(ConsoleMessage).where(
        ConsoleMessage.to_address == MAILBOX, ConsoleMessage.kind == kind
    )
    with demo.wired.db.reading() as session:
        found = session.scalars(mine.order_by(ConsoleMessage.id.desc())).first()
    assert found is not None, kind
    return found
