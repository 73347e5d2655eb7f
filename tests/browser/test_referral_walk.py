"""A liaison refers somebody: three steps in both languages without script, axe on each page."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from outreach import i18n
from outreach.accounts.models import Account
from outreach.i18n import gettext as _
from outreach.referrals.codes import State
from outreach.referrals.models import Authorization, Referral
from outreach.workflows.referrals import stopping
from tests.browser import paper
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser

LOCALES = ("es", pytest.param("en", marks=pytest.mark.all))
PERSON = "Tadeo"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_liaison_refers_somebody_and_the_person_stops_it(
    browser: Browser, demo: Demo, locale: str
) -> None:
    with demo.wired.db.transaction() as session:
        session.execute(update(Account).values(locale=locale))

    with i18n.speaking(locale):
        with (
            visiting(browser, demo, locale=locale) as nora,
            visiting(browser, demo, locale=locale, scripts=True) as beside,
        ):
            nora.enter(demo.doors["Nora"])
            beside.page.context.add_cookies(nora.page.context.cookies())  # type: ignore[arg-type]
            walk = Walk(nora, beside)
            _who_and_when(walk)
            _affiliate_and_form(walk)
            _signed(walk)
            number, code = _copy(demo, walk)
        with visiting(browser, demo, locale=locale, width=320, height=700) as phone:
            _stop(demo, phone, number, code)

    with demo.wired.db.reading() as session:
        row = session.scalars(select(Referral).order_by(Referral.id.desc())).first()
        assert row is not None
        assert row.state == State.CANCELLED
        signed = session.get_one(Authorization, row.authorization_id)
        assert not stopping.in_force(session, row, now=signed.recorded_at)


@dataclass(frozen=True)
class Walk:
    """Nora's window without script, and one beside it where axe, which is script, looks."""

    nora: Visitor
    beside: Visitor

    def look(self) -> None:
        """Look for what axe finds on the page where Nora is."""
        assert self.beside.open(self.nora.page.url) == 200
        self.beside.bring_axe()
        assert self.beside.findings() == [], self.nora.page.url


def _who_and_when(walk: Walk) -> None:
    nora, page = walk.nora, walk.nora.page
    nora.follow(_("Referrals"), within="header")
    nora.follow(_("Refer somebody"))
    walk.look()
    assert nora.press(_("Continue to the affiliate")) == 422
    page.locator("[name=unit]").select_option(label="Unit 4B")
    page.locator("[name=discharged_on]").fill("2026-11-25")
    page.locator("[name=zip_code]").fill("44113")
    page.get_by_label(_("Support group")).check()
    assert nora.press(_("Continue to the affiliate")) == 200


def _affiliate_and_form(walk: Walk) -> None:
    nora = walk.nora
    assert "Harbor Falls" in nora.text()
    walk.look()
    assert nora.press(_("Choose this one")) == 200
    walk.look()
    assert nora.follow(_("Form in Spanish")) == 200
    assert "Mi firma" in nora.text()
    walk.look()
    nora.page.go_back()
    assert nora.follow(_("Continue to the signed form")) == 200


def _signed(walk: Walk) -> None:
    nora = walk.nora
    walk.look()
    assert nora.press(_("Send now")) == 422
    paper.fill(nora.page, name=PERSON, number="330-555-0148")
    assert nora.press(_("Send now")) == 200
    assert PERSON in nora.text()
    walk.look()


def _copy(demo: Demo, walk: Walk) -> tuple[str, str]:
    nora, here = walk.nora, walk.nora.page.url
    assert nora.follow(_("The patient’s copy")) == 200
    assert PERSON not in nora.text()
    walk.look()
    nora.open(f"{here}/receipt")
    assert PERSON not in nora.text()
    walk.look()
    with demo.wired.db.reading() as session:
        row = session.scalars(select(Referral).order_by(Referral.id.desc())).first()
        assert row is not None
        signed = session.get_one(Authorization, row.authorization_id)
        return f"R-{row.number}", demo.wired.links.stop_code(signed.public_id)


def _stop(demo: Demo, phone: Visitor, number: str, code: str) -> None:
    phone.open(demo.address("stop.show"))
    phone.page.get_by_label(_("Number")).fill(number)
    phone.page.get_by_label(_("Code")).fill("0000 0000")
    assert phone.press(_("Stop contact now")) == 422
    phone.page.get_by_label(_("Code")).fill(code)
    assert phone.press(_("Stop contact now")) == 200
    assert _("Contact is stopped") in phone.text()
