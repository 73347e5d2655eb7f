"""Intake people and the right to refer: invited, given and taken by a coordinator."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts.models import Account, Membership
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.errors import RuleBroken
from outreach.messaging.models import Message
from outreach.workflows import people, referrers
from tests import builders
from tests.builders import NOW, World
from tests.fakes import LINKS

Desk = Callable[[], FlaskClient]
INTAKE = "/coordinator/people/intake"
LIAISONS = "/coordinator/people/liaisons"
INES = {"name": "Ines Castro", "email": "Ines@people.example"}


@pytest.fixture
def priya(session: Session, here: World) -> Membership:
    """The liaison."""
    return builders.liaison(session, here.hospital)


def referring(of: Membership) -> str:
    return f"/coordinator/people/memberships/{of.public_id}/referring"


def may_refer(database: Database, of: Membership) -> bool:
    with database.reading() as fresh:
        return fresh.get_one(Membership, of.id).may_refer


def mails(database: Database) -> list[tuple[str, bool, str]]:
    with database.reading() as fresh:
        rows = fresh.scalars(
            select(Message).where(Message.kind == "referring").order_by(Message.id)
        )
        return [(row.to_address, row.values["may"], row.state) for row in rows]


def acts(database: Database) -> list[str]:
    with database.reading() as fresh:
        done = select(AuditEvent.action).where(AuditEvent.action.startswith("referring."))
        return list(fresh.scalars(done.order_by(AuditEvent.id)))


def test_a_coordinator_invites_intake_people_by_mail(desk: Desk, database: Database) -> None:
    browser = desk()

    answer = browser.post(f"{INTAKE}/new", data=INES)
    page = browser.get(answer.location).text

    assert (answer.status_code, answer.location) == (303, INTAKE)
    assert "The invitation is on its way." in page
    assert "Ines Castro" in page
    assert "1 intake person" in page
    with database.reading() as fresh:
        held = select(Membership.kind, Account.email).join(
            Account, Account.id == Membership.account_id
        )
        assert ("intake", "ines@people.example") in fresh.execute(held).all()


def test_an_intake_person_of_another_affiliate_is_not_listed(desk: Desk, session: Session) -> None:
    builders.intake(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")

    page = desk().get(INTAKE).text

    assert "No intake people yet" in page
    assert "Rosa Meyer" not in page


def test_a_liaison_is_let_refer_and_told(
    desk: Desk, database: Database, session: Session, priya: Membership
) -> None:
    browser = desk()

    answer = browser.post(referring(priya))
    page = browser.get(answer.location).text

    email = session.get_one(Account, priya.account_id).email
    assert (answer.status_code, answer.location) == (303, LIAISONS)
    assert "They can refer people now. A mail tells them so." in page
    assert "May refer people" in page
    assert may_refer(database, priya)
    assert mails(database) == [(email, True, "pending")]
    assert acts(database) == ["referring.give"]


def test_the_right_is_taken_again_and_the_first_word_never_leaves(
    desk: Desk, database: Database, session: Session, priya: Membership, present: Traveller
) -> None:
    browser = desk()
    browser.post(referring(priya))
    present.shift(timedelta(minutes=1))

    answer = browser.post(f"{referring(priya)}/end")
    page = browser.get(answer.location).text

    email = session.get_one(Account, priya.account_id).email
    assert "They no longer refer people." in page
    assert "May refer people" not in page
    assert not may_refer(database, priya)
    assert mails(database) == [(email, True, "cancelled"), (email, False, "pending")]
    assert acts(database) == ["referring.give", "referring.take"]


def test_giving_it_twice_changes_nothing(
    desk: Desk, database: Database, priya: Membership, present: Traveller
) -> None:
    browser = desk()
    browser.post(referring(priya))
    present.shift(timedelta(minutes=1))

    browser.post(referring(priya))

    assert len(mails(database)) == 1
    assert acts(database) == ["referring.give"]


def test_nobody_but_a_liaison_is_let_refer(
    desk: Desk, database: Database, ruth: Membership
) -> None:
    browser = desk()

    answer = browser.post(referring(ruth))

    assert "Only liaisons of a hospital refer people." in browser.get(answer.location).text
    assert not may_refer(database, ruth)


def test_a_place_that_has_ended_gets_no_right(
    session: Session, ruth: Membership, priya: Membership
) -> None:
    priya.ends_at = NOW

    with pytest.raises(RuleBroken, match="no place here"):
        referrers.let_refer(session, priya, by=builders.actor(ruth), now=NOW)


def test_who_is_invited_anew_must_be_given_the_right_anew(
    session: Session, here: World, ruth: Membership, priya: Membership
) -> None:
    by, later = builders.actor(ruth), NOW + timedelta(days=1)
    referrers.let_refer(session, priya, by=by, now=NOW)
    people.end_membership(session, priya, by=by, links=LINKS, now=NOW)
    email = session.get_one(Account, priya.account_id).email

    again = people.invite_liaison(
        session, here.hospital, email=email, name="Priya", by=by, inviter="Ruth", now=later
    )

    session.refresh(again)
    assert (again.id, again.may_refer) == (priya.id, False)
