"""Coordinators and administrators: appointing them, and ending what they are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import clock
from outreach.accounts import sessions
from outreach.accounts.models import Account, Membership
from outreach.actor import Kind
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.errors import RuleBroken
from outreach.messaging.models import Message
from outreach.workflows import people
from tests import builders
from tests.builders import NOW, World
from tests.fakes import LINKS

Desk = Callable[[], FlaskClient]
LIST = "/coordinator/people/coordinators"
NEW = "/coordinator/people/administrators/new"
SAM = {"name": "Sam Ortiz", "email": "Sam@people.example"}


@pytest.fixture
def olga(session: Session, here: World) -> Membership:
    """The administrator."""
    return builders.administrator(session, here.affiliate)


@pytest.fixture
def office(
    client: FlaskClient,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
    olga: Membership,
) -> Desk:
    """Olga's browser, once the rows of the test are made."""
    return lambda: sign_in(client, olga)


def ending(of: Membership) -> str:
    return f"/coordinator/people/memberships/{of.public_id}/end"


def kinds_of(database: Database, email: str) -> list[str]:
    with database.reading() as fresh:
        held = select(Membership.kind).join(Account, Account.id == Membership.account_id)
        return list(fresh.scalars(held.where(Account.email == email, Membership.ends_at.is_(None))))


def test_an_administrator_appoints_another_by_mail(office: Desk, database: Database) -> None:
    browser = office()

    answer = browser.post(NEW, data=SAM)
    page = browser.get(answer.location).text

    assert (answer.status_code, answer.location) == (303, LIST)
    assert kinds_of(database, "sam@people.example") == ["administrator"]
    assert "The invitation is on its way." in page
    assert "Sam Ortiz" in page
    with database.reading() as fresh:
        mail = fresh.scalars(select(Message)).one()
        done = fresh.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc())).first()
    assert (mail.kind, mail.to_address) == ("invitation", "sam@people.example")
    assert done == "invitation.send"


def test_an_administrator_appoints_coordinators_as_well(office: Desk, database: Database) -> None:
    office().post(f"{LIST}/new", data=SAM)

    assert kinds_of(database, "sam@people.example") == ["coordinator"]


def test_a_coordinator_appoints_no_administrator(desk: Desk, database: Database) -> None:
    browser = desk()

    answer = browser.post(NEW, data=SAM)
    page = browser.get(LIST).text

    assert answer.status_code == 403
    assert kinds_of(database, "sam@people.example") == []
    assert NEW not in page


def test_a_coordinator_may_become_administrator_too(
    office: Desk, database: Database, session: Session, ruth: Membership
) -> None:
    email = session.get_one(Account, ruth.account_id).email
    browser = office()

    first = browser.post(NEW, data={"name": "Ruth", "email": email})
    second = browser.post(NEW, data={"name": "Ruth", "email": email})

    assert (first.status_code, second.status_code) == (303, 422)
    assert "This person is invited already." in second.text
    assert sorted(kinds_of(database, email)) == ["administrator", "coordinator"]


def test_an_administrator_ends_the_place_of_another(
    office: Desk, database: Database, session: Session, here: World
) -> None:
    sam = builders.administrator(session, here.affiliate, "Sam Ortiz")

    office().post(ending(sam))

    with database.reading() as fresh:
        assert fresh.get_one(Membership, sam.id).ends_at == NOW


def test_the_last_administrator_stays(
    office: Desk, database: Database, session: Session, here: World, olga: Membership
) -> None:
    builders.administrator(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")
    gone = builders.administrator(session, here.affiliate, "Sam Ortiz")
    session.get_one(Account, gone.account_id).disabled_at = NOW
    browser = office()

    answer = browser.post(ending(olga))

    assert "You are the only administrator. Appoint another first." in (
        browser.get(answer.location).text
    )
    with database.reading() as fresh:
        assert fresh.get_one(Membership, olga.id).ends_at is None


@pytest.mark.both_engines
def test_of_two_administrators_who_end_each_other_one_stays(
    database: Database, session: Session, here: World, olga: Membership
) -> None:
    sam = builders.administrator(session, here.affiliate, "Sam Ortiz")
    session.commit()

    def end(of: Membership, by: Membership) -> bool:
        with database.transaction() as own:
            place = own.get_one(Membership, of.id)
            try:
                people.end_membership(own, place, by=builders.actor(by), links=LINKS, now=NOW)
            except RuleBroken:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(end, (olga, sam), (sam, olga)))

    assert sorted(ended) == [False, True]
    with database.reading() as fresh:
        left = select(Membership).where(
            Membership.kind == Kind.ADMINISTRATOR, Membership.ends_at.is_(None)
        )
        assert len(fresh.scalars(left).all()) == 1


def test_an_administrator_sees_no_tab_that_is_not_hers(office: Desk) -> None:
    page = office().get(LIST).text

    assert "/coordinator/people/liaisons" not in page
    assert 'href="/coordinator/people"' not in page
    assert "Appoint an administrator" in page
    assert "Administrators look after" in page


def test_what_a_colleague_may_is_said_truly_to_each(office: Desk) -> None:
    page = office().get(f"{LIST}/new").text

    assert "They can do all that you can do here." not in page
    assert "They find people for visits" in page


def test_inviting_tells_nothing_of_who_an_address_belongs_to_elsewhere(
    office: Desk, database: Database, session: Session, present: Traveller
) -> None:
    # To be known here at all can out a person; it is theirs to tell, by signing in.
    there = builders.affiliate(session, "Riverbend")
    rosa = builders.coordinator(session, there, "Rosa Meyer")
    account = session.get_one(Account, rosa.account_id)
    session.commit()
    with database.transaction() as own:
        sessions.begin(own, rosa, account_id=account.id, browser="", now=NOW)
    present.shift(timedelta(minutes=1))
    browser = office()

    browser.post(NEW, data={"name": "Somebody", "email": account.email})
    before = browser.get(LIST).text
    with database.transaction() as own:
        place = own.scalars(
            select(Membership).where(
                Membership.account_id == account.id, Membership.kind == Kind.ADMINISTRATOR
            )
        ).one()
        sessions.begin(own, place, account_id=account.id, browser="", now=clock.now())
    after = browser.get(LIST).text

    assert ("Rosa Meyer" in before, "Invited, not yet signed in" in before) == (False, True)
    assert account.email in before
    assert ("Rosa Meyer" in after, "Invited, not yet signed in" in after) == (True, False)
