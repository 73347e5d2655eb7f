"""From the message after a visit to the coordinator's call: a phone, in Spanish, without script."""

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from outreach import i18n, jobs
from outreach.accounts.models import Account
from outreach.i18n import gettext as _
from outreach.messaging.models import ConsoleMessage
from outreach.speakers.models import Speaker
from outreach.visits.models import Debrief, IncidentReport
from tests.browser import told
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser


def test_a_debrief_is_told_on_a_phone_and_the_coordinator_calls(
    browser: Browser, demo: Demo
) -> None:
    _let_maria_have_been_there(demo)

    with i18n.speaking("es"):
        with visiting(browser, demo, locale="es", width=390, height=844) as phone:
            _open_the_link(demo, phone)
            _tell(phone)
            _report(phone)
        with visiting(browser, demo, locale="es") as ruth:
            ruth.enter(demo.doors["Ruth"])
            _call_and_settle(ruth)

    with demo.wired.db.reading() as session:
        debriefs = select(Debrief).where(Debrief.how_are_you == "not_so_well")
        assert session.scalars(debriefs).one().called_at is not None
        reports = session.scalars(select(IncidentReport)).all()
        assert [report.settled_at is not None for report in reports] == [True, True]


def _let_maria_have_been_there(demo: Demo) -> None:
    with demo.wired.db.transaction() as session:
        told.tell(session, demo)
        session.execute(update(Account).values(locale="es"))
        session.execute(update(Speaker).values(locale="es", channel="mail"))
    jobs.ask_afterwards(demo.wired.db)
    demo.deliver()


def _open_the_link(demo: Demo, phone: Visitor) -> None:
    with demo.wired.db.reading() as session:
        maria = session.get_one(Speaker, demo.world.speakers["Maria"].id)
        mails = select(ConsoleMessage).where(
            ConsoleMessage.to_address == maria.email, ConsoleMessage.kind == "debrief"
        )
        mail = session.scalars(mails.order_by(ConsoleMessage.id)).first()
    assert mail is not None
    phone.open(demo.address("demo.mail", public_id=mail.public_id))
    assert phone.follow_last(f"{demo.base}/d/") == 200
    assert phone.title() == _("How did it go, %(name)s?", name="Maria")


def _tell(phone: Visitor) -> None:
    assert phone.press(_("Send my answers")) == 422
    assert _("Choose how you are.") in phone.text()
    page = phone.page
    page.get_by_label(_("Some of it was hard")).check()
    page.get_by_label(_("I would like a call")).check()
    page.get_by_label(_("Hours, with the way there and back")).fill("2,5")
    assert phone.press(_("Send my answers")) == 200
    assert _("Thank you. We have your answers.") in phone.text()
    page.get_by_label(_("Not so well")).check()
    assert phone.press(_("Send my answers")) == 200
    assert _("Your answers are changed. What you said before is replaced.") in phone.text()


def _report(phone: Visitor) -> None:
    phone.follow(_("Report an incident"))
    phone.page.get_by_label(_("A boundary was crossed")).check()
    phone.page.get_by_label(_("What happened, in a few words")).fill("Me pidieron mi número.")
    assert phone.press(_("Send the report")) == 200
    assert _("Thank you. Your report waits for a coordinator.") in phone.text()


def _call_and_settle(ruth: Visitor) -> None:
    row = ruth.page.locator("main li", has_text=_("Is not so well"))
    with ruth.page.expect_navigation():
        row.get_by_role("button").click()
    assert _("Thank you for calling.") in ruth.text()
    for _each in range(2):
        row = ruth.page.locator("main li", has_text=_("Incident report")).first
        with ruth.page.expect_navigation():
            row.get_by_role("link", name=_("Settle")).click()
        ruth.page.get_by_label(_("What was done")).fill("Hablé con la unidad.")
        assert ruth.press(_("Settle")) == 200
    assert _("Incident report") not in ruth.text()
