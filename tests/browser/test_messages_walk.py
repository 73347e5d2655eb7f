"""One note to many, from the list of people to who wants no more of them; and fewer reminders.

In both languages, without script: a coordinator at a desk, a volunteer on a phone.
"""

import re
from email import message_from_bytes, policy

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from outreach import i18n
from outreach.accounts.models import Account
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.messaging.models import ConsoleMessage, Message, NoteStop
from outreach.speakers.models import Speaker
from tests.browser.served import Demo
from tests.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.browser

LOCALES = ("en", pytest.param("es", marks=pytest.mark.all))
WORDS = "The training begins at six."


@pytest.mark.parametrize("locale", LOCALES)
def test_a_note_goes_to_a_list_of_people_and_one_of_them_wants_no_more(
    browser: Browser, demo: Demo, locale: str
) -> None:
    _speak(demo, locale)
    with (
        i18n.speaking(locale),
        visiting(browser, demo, locale=locale) as ruth,
        visiting(browser, demo, locale=locale, width=390, height=844) as reader,
    ):
        ruth.enter(demo.doors["Ruth"])
        count = _write(ruth)
        demo.deliver()
        assert reader.open(_link_in_a_note(demo)) == 200
        assert reader.press(_("Send me no more notes")) == 200
        assert reader.title() == _("No more notes come to you")
        _look(ruth)
        assert _people_in(ruth) == count - 1

    with demo.wired.db.reading() as session:
        assert len(session.scalars(select(NoteStop)).all()) == 1


@pytest.mark.parametrize("locale", LOCALES)
def test_a_speaker_chooses_fewer_reminders_and_ends_them_from_a_mail(
    browser: Browser, demo: Demo, locale: str
) -> None:
    _speak(demo, locale)
    with i18n.speaking(locale), visiting(browser, demo, locale=locale, width=390) as maria:
        maria.enter(demo.doors["Maria"])
        assert maria.open("/speaker/about/reach") == 200
        maria.page.locator("[name=reminders][value=last]").check()
        assert maria.press(_("Save")) == 200
        assert _("Only the last one before the visit") in maria.text()

        with demo.wired.db.reading() as session:
            speaker = session.scalars(select(Speaker).where(Speaker.first_name == "Maria")).one()
        links = demo.wired.links
        token = links.ending_token("reminders", speaker.public_id)
        assert maria.open(links.ending("reminders", token).replace(links.base_url, "")) == 200
        assert maria.press(_("No more reminders")) == 200
        assert _("We do not remind you before your visits.") in maria.text()
        assert maria.press(_("Remind me again")) == 200

    with demo.wired.db.reading() as session:
        assert session.get_one(Speaker, speaker.id).most_reminders is None


def _speak(demo: Demo, locale: str) -> None:
    with demo.wired.db.transaction() as session:
        session.execute(update(Account).values(locale=locale))
        session.execute(update(Speaker).values(locale=locale))


def _look(ruth: Visitor) -> None:
    """Write a note by mail to all speakers, and look at what would leave."""
    assert ruth.follow(_("People"), within="header") == 200
    ruth.page.locator('main a[href*="/messages/notes/new"]').click()
    assert ruth.title() == _("Message these people")
    ruth.page.locator("[name=text]").fill(WORDS)
    assert ruth.press(_("See what leaves")) == 200
    assert WORDS in ruth.text()


def _people_in(ruth: Visitor) -> int:
    """Read from the button how many people the note goes to."""
    button = ruth.page.locator("main form button").first.inner_text()
    (count,) = re.findall(r"\d+", button)
    return int(count)


def _write(ruth: Visitor) -> int:
    _look(ruth)
    count = _people_in(ruth)
    send = ngettext("Send it to %(num)s person", "Send it to %(num)s people", count)
    assert ruth.press(send) == 200
    assert _("Your note is on its way.") in ruth.page.locator("body").inner_text()
    assert WORDS in ruth.text()
    return count


def _link_in_a_note(demo: Demo) -> str:
    """Return the path of the link with which a reader of a note ends them."""
    with demo.wired.db.reading() as session:
        noted = session.scalars(select(Message.to_address).where(Message.kind == "note")).first()
        sent = select(ConsoleMessage).where(
            ConsoleMessage.kind == "note", ConsoleMessage.to_address == noted
        )
        raw = session.scalars(sent).one().raw
    mail = message_from_bytes(raw or b"", policy=policy.default)
    address = str(mail["List-Unsubscribe"]).strip("<>")
    return address.removeprefix(demo.wired.links.base_url)
