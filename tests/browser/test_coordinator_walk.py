"""A coordinator follows referrals to their end, and records some, in both languages, no script."""

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from outreach import i18n
from outreach.accounts.models import Account
from outreach.i18n import gettext as _
from outreach.referrals.codes import State
from outreach.referrals.models import Referral
from tests.browser import paper
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser

LOCALES = ("es", pytest.param("en", marks=pytest.mark.all))
PERSON, OTHER = "Tadeo", "Marisol"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_coordinator_enters_what_she_hears_reroutes_signs_anew_and_refers_herself(
    browser: Browser, demo: Demo, locale: str
) -> None:
    with demo.wired.db.transaction() as session:
        session.execute(update(Account).values(locale=locale))
    waiting = _with(demo, "Harbor Falls", State.SENT)
    asked = _with(demo, "Lakeshore Peers", State.ACKNOWLEDGED)

    with (
        i18n.speaking(locale),
        visiting(browser, demo, locale=locale) as ruth,
    ):
        ruth.enter(demo.doors["Ruth"])
        _hear_until_it_is_closed(ruth, waiting.number)
        _reroute(ruth, asked.number)
        _sign_anew(ruth)
        _refer(ruth)
        _give_the_copy(ruth)

    with demo.wired.db.reading() as session:
        ended = session.get_one(Referral, waiting.id)
        assert (ended.state, ended.outcome) == (State.CLOSED, "connected_met")
        child = session.scalars(select(Referral).where(Referral.parent_id == asked.id)).one()
        own = session.scalars(select(Referral).where(Referral.hospital_id.is_(None))).one()
        assert (child.state, own.state) == (State.SENT, State.SENT)


def _find(ruth: Visitor, number: int) -> None:
    """Find a referral on the board."""
    assert ruth.follow(_("Referrals"), within="header") == 200
    assert ruth.follow(f"R-{number}") == 200


def _enter(ruth: Visitor, what: str, *, by: str, **chosen: str) -> None:
    """Enter what somebody of the affiliate said on the telephone."""
    assert ruth.follow(_(what)) == 200
    ruth.page.locator("[name=reported_by]").fill(by)
    for field, value in chosen.items():
        ruth.page.locator(f"[name={field}][value={value}]").check()
    assert ruth.press(_("Record it")) == 200
    assert _("It is recorded, in the name of who told you.") in ruth.text()


def _with(demo: Demo, affiliate: str, state: State) -> Referral:
    """Return the referral that stands so with an affiliate."""
    receiver = demo.world.receivers[affiliate]
    wanted = select(Referral).where(Referral.affiliate_id == receiver.id, Referral.state == state)
    with demo.wired.db.reading() as session:
        return session.scalars(wanted).one()


def _hear_until_it_is_closed(ruth: Visitor, number: int) -> None:
    _find(ruth, number)
    _enter(ruth, "They have it", by="Ines Castro")
    _enter(ruth, "They take it on", by="Ines Castro")
    tried = {"channel": "call", "result": "spoke"}
    _enter(ruth, "They tried to reach the person", by="Ines Castro", **tried)
    _enter(ruth, "It is done", by="Ines Castro", outcome="connected_met")


def _reroute(ruth: Visitor, number: int) -> None:
    _find(ruth, number)
    _enter(ruth, "They can’t take it", by="Lena Ortiz", reason="no_capacity")
    assert ruth.follow(_("Choose another affiliate")) == 200
    ruth.page.locator("[name=affiliate]").first.check()
    assert ruth.press(_("Go on with this affiliate")) == 200
    assert _("It goes on as a referral of its own.") in ruth.text()


def _sign_anew(ruth: Visitor) -> None:
    assert ruth.follow(_("Continue to the form")) == 200
    assert ruth.follow(_("Continue to the signed form")) == 200
    paper.fill(ruth.page, name=OTHER, number="330-555-0147")
    assert ruth.press(_("Send now")) == 200
    assert _("It is recorded and sent. The affiliate was told that something waits.") in ruth.text()


def _refer(ruth: Visitor) -> None:
    page = ruth.page
    ruth.follow(_("Referrals"), within="header")
    assert ruth.follow(_("Record a referral")) == 200
    assert ruth.press(_("Continue to the affiliate")) == 422
    page.locator("[name=zip_code]").fill("44113")
    page.get_by_label(_("Support group")).check()
    assert ruth.press(_("Continue to the affiliate")) == 200
    assert ruth.press(_("Choose this one")) == 200
    assert ruth.follow(_("Continue to the signed form")) == 200
    assert ruth.press(_("Send now")) == 422
    paper.fill(page, name=PERSON, number="330-555-0148")
    assert ruth.press(_("Send now")) == 200
    assert PERSON not in ruth.text()


def _give_the_copy(ruth: Visitor) -> None:
    assert ruth.follow(_("The person’s copy")) == 200
    assert PERSON not in ruth.text()
