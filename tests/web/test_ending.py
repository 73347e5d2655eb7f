"""Ending mails by the link in their header, as a person and as a mail program does."""

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM
from outreach.directory.models import Affiliate
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.wiring import Wiring
from outreach.workflows import digests, offers
from tests import builders, fakes
from tests.builders import MARIA, NOW
from tests.fakes import Mailboxes

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
"""All that a mail program sends (RFC 8058 §3.1)."""


@pytest.fixture
def maria(session: Session, links: Links) -> Speaker:
    """Maria said yes to a visit and waits for its reminders."""
    world = builders.world(session)
    speaker = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    offer = builders.offer(
        session, builders.slots(session, builders.visit(session, world))[0], speaker
    )
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    return speaker


@pytest.fixture
def ruth(session: Session, maria: Speaker) -> Membership:
    return builders.coordinator(session, session.get_one(Affiliate, maria.affiliate_id))


def reminders(session: Session, *, state: str = "pending") -> int:
    session.expire_all()
    waiting = select(Message).where(Message.kind == "reminder", Message.state == state)
    return len(session.scalars(waiting).all())


def address(links: Links, sort: str, of: Speaker | Account) -> str:
    return f"/mail/{sort}/{links.ending_token(sort, of.public_id)}"


def test_a_mail_program_ends_reminders_with_one_post(
    client: FlaskClient, session: Session, links: Links, maria: Speaker
) -> None:
    where = address(links, "reminders", maria)
    session.commit()

    assert client.get(where).status_code == 200
    assert reminders(session) == 3
    for _ in range(2):
        assert client.post(where, data=ONE_CLICK).status_code == 303

    assert reminders(session) == 0
    assert session.get_one(Speaker, maria.id).most_reminders == 0
    invited = select(Message.state).where(Message.kind == "invite")
    assert session.scalars(invited).all() == ["pending"]


def test_who_ended_reminders_can_have_them_again(
    client: FlaskClient, session: Session, links: Links, maria: Speaker
) -> None:
    where = address(links, "reminders", maria)
    session.commit()
    client.post(where, data=ONE_CLICK)

    page = client.get(where).text
    assert "We do not remind you before your visits." in page
    assert "Remind me again" in page
    client.post(where, data={"comes": "yes"})

    assert "We remind you before your visits." in client.get(where).text
    assert reminders(session) == 3


def test_the_page_follows_the_switch_of_language(
    client: FlaskClient, session: Session, links: Links, maria: Speaker
) -> None:
    where = address(links, "reminders", maria)
    session.commit()
    client.set_cookie("lang", "es")

    assert "Recordatorios de visitas" in client.get(where).text


def test_the_morning_mail_ends_by_its_link_and_on_ones_own_page(
    client: FlaskClient,
    session: Session,
    links: Links,
    ruth: Membership,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
) -> None:
    account = session.get_one(Account, ruth.account_id)
    morning = NOW.replace(hour=13) + timedelta(days=1)
    browser = sign_in(client, ruth)

    client.post(address(links, "morning", account), data=ONE_CLICK)

    session.expire_all()
    assert digests.plan_due(session, now=morning) == 0
    session.commit()
    assert "It does not come" in browser.get("/account").text
    browser.post("/account/morning-mail", data={"comes": "yes"})
    assert "It comes" in browser.get("/account").text
    session.expire_all()
    assert digests.plan_due(session, now=morning) == 1


@pytest.mark.parametrize("sort", ["reminders", "morning", "everything"])
def test_a_link_that_is_not_ours_leads_nowhere(
    client: FlaskClient, session: Session, links: Links, maria: Speaker, sort: str
) -> None:
    other_sort = links.ending_token("morning", maria.public_id)
    session.commit()

    for wrong in (other_sort, other_sort[:-1], f"{other_sort}a", "x", "ñ" * 9):
        assert client.get(f"/mail/{sort}/{wrong}").status_code == 404
        assert client.post(f"/mail/{sort}/{wrong}", data=ONE_CLICK).status_code == 404

    assert reminders(session) == 3


def test_only_mails_that_can_be_ended_say_how(
    wired: Wiring, session: Session, maria: Speaker, present: object
) -> None:
    del present
    session.execute(update(Message).values(send_after=NOW))
    session.commit()
    mailboxes = Mailboxes()

    jobs.deliver_everything(fakes.post(wired.db, mailboxes=mailboxes))

    mails = {mail.kind: mail.raw for mail in mailboxes.sent}
    reminder, invite = header(mails["reminder"]), header(mails["invite"])
    assert reminder["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = fakes.LINKS.ending("reminders", fakes.LINKS.ending_token("reminders", maria.public_id))
    assert reminder["List-Unsubscribe"] == f"<{link}>"
    assert invite["List-Unsubscribe"] is None


def header(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)
