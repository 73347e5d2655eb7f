"""An answer's whole way: a calendar's mail at a real IMAP server → the place is open again."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from outreach import mail_jobs
from outreach.actor import SYSTEM
from outreach.adapters.imap_inbox import ImapInbox
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.messaging.models import InboundMail, Message
from outreach.visits.models import Assignment
from outreach.workflows import offers
from tests import dovecot, fakes
from tests.builders import NOW
from tests.calendars import replies
from tests.calendars.replies import Asked, Made
from tests.dovecot import PASSWORD, USER, Dovecot
from tests.workflows.conftest import open_bureau

EVERY_S = 60.0

pytestmark = pytest.mark.skipif(
    not dovecot.is_installed(),
    reason="Dovecot is not installed (Debian: apt install dovecot-imapd)",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running() as running:
        yield running


@pytest.fixture
def asked(database: Database) -> Asked:
    """What Maria's calendar knows of the invite to her visit, and that she cannot come."""
    with database.transaction() as session:
        bureau = open_bureau(session)
        offer = bureau.ask(bureau.maria)
        offers.accept(session, offer=offer, by=SYSTEM, via="link", links=fakes.LINKS, now=NOW)
        session.execute(update(Message).where(Message.kind == "invite").values(state="accepted"))
        hers = select(CalendarItem.uid).where(CalendarItem.owner_kind == "speaker")
        uid = session.scalars(hers).one()
        return Asked(uid=uid, attendee=bureau.maria.email, said="DECLINED")


def fetch(database: Database, server: Dovecot) -> int:
    mailbox = ImapInbox(
        host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, tls="none", timeout_s=10
    )
    return mail_jobs.fetch_mail(database, mailbox, links=fakes.LINKS, every_s=EVERY_S)


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_a_no_that_arrives_by_imap_opens_the_place_in_one_round(
    database: Database, server: Dovecot, asked: Asked, made: Made
) -> None:
    server.arrive(made(asked))

    assert fetch(database, server) == 1

    with database.reading() as session:
        given_back = session.scalars(select(Assignment)).one()
        assert (given_back.active, given_back.ended_because) == (False, "cannot_come")
    assert server.count("UNSEEN") == 0


def test_a_mail_of_fifty_megabytes_is_bounded_and_changes_nothing(
    database: Database, server: Dovecot, asked: Asked
) -> None:
    head, _, rest = replies.thunderbird(asked).partition(b"\r\n\r\n")
    server.arrive(head + b"\r\n\r\n" + b"x" * 76 * 690_000 + b"\r\n" + rest)

    assert fetch(database, server) == 1

    with database.reading() as session:
        assert session.scalars(select(Assignment.active)).all() == [True]
        assert session.scalars(select(InboundMail.settled_at)).all() == [None]
    assert server.count("UNSEEN") == 0
