"""Who lost every second step gets a new start: from whom, from whom not, and what it ends."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import factors, sessions
from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM, Kind
from outreach.audit import AuditEvent
from outreach.errors import RuleBroken
from outreach.messaging.models import Message
from outreach.workflows import factor_reset, people
from tests import builders, factor_builders
from tests.builders import JOY, MARIA, NOW, World
from tests.fakes import LINKS
from tests.software_key import SoftwareKey


@pytest.fixture
def here(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def olga(session: Session, here: World) -> Membership:
    return builders.administrator(session, here.affiliate)


@pytest.fixture
def ruth(session: Session, here: World) -> Membership:
    return builders.coordinator(session, here.affiliate)


@pytest.fixture
def ines(session: Session, here: World) -> Membership:
    return with_everything(session, builders.intake(session, here.affiliate))


def with_everything(session: Session, member: Membership) -> Membership:
    token = sessions.begin(session, member, account_id=member.account_id, browser="", now=NOW)
    seen = sessions.find(session, token, now=NOW)
    assert seen
    factor_builders.app(session, member)
    factor_builders.codes(session, member)
    factor_builders.passkey(session, member, SoftwareKey(), browser_id=seen.session_id)
    return member


def reset(session: Session, whose: Membership, *, by: Membership, reason: str = "lost") -> None:
    account = session.get_one(Account, whose.account_id)
    factor_reset.reset(session, account, reason=reason, by=builders.actor(by), now=NOW)


def held(session: Session, whose: Membership) -> tuple[int, int]:
    found = factors.held(session, whose.account_id)
    return found.count, found.codes_left


def test_a_coordinator_lets_intake_people_begin_anew(
    session: Session, ruth: Membership, ines: Membership
) -> None:
    reset(session, ines, by=ruth, reason="taken")

    assert held(session, ines) == (0, 0)
    assert list(sessions.live(session, ines.account_id, now=NOW)) == []
    mail = session.scalars(select(Message)).one()
    event = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "second_factor.reset")
    ).one()
    assert (mail.kind, mail.values["what"]) == ("sign_in_changed", "reset")
    assert mail.recipient_id == ines.account_id
    assert (event.subject_id, event.details["reason"]) == (ines.account_id, "taken")


def test_a_coordinator_does_so_for_liaisons_and_not_for_colleagues_or_administrators(
    session: Session, here: World, ruth: Membership, olga: Membership
) -> None:
    priya = with_everything(session, builders.liaison(session, here.hospital))
    priya.may_refer = True
    sam = with_everything(session, builders.coordinator(session, here.affiliate, "Sam Ortiz"))
    with_everything(session, olga)

    reset(session, priya, by=ruth)

    assert held(session, priya) == (0, 0)
    for other in (sam, olga):
        with pytest.raises(RuleBroken, match="for this person"):
            reset(session, other, by=ruth)
        assert held(session, other) == (2, 10)


def test_an_administrator_does_so_for_everyone_of_the_affiliate(
    session: Session, ruth: Membership, olga: Membership
) -> None:
    with_everything(session, ruth)

    reset(session, ruth, by=olga)

    assert held(session, ruth) == (0, 0)


@pytest.mark.parametrize("kind", [Kind.COORDINATOR, Kind.INTAKE])
def test_nobody_does_so_for_who_is_needed_elsewhere_too(
    session: Session, olga: Membership, ines: Membership, kind: Kind
) -> None:
    elsewhere = builders.affiliate(session, "Riverbend")
    builders.also(session, ines, kind, affiliate_id=elsewhere.id)

    with pytest.raises(RuleBroken, match="for this person"):
        reset(session, ines, by=olga)

    assert held(session, ines) == (2, 10)


def test_nobody_does_so_for_herself(session: Session, olga: Membership) -> None:
    with_everything(session, olga)

    with pytest.raises(RuleBroken, match="for yourself"):
        reset(session, olga, by=olga)


def test_nobody_of_another_affiliate_does_so(session: Session, ines: Membership) -> None:
    rosa = builders.administrator(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")

    with pytest.raises(RuleBroken, match="for this person"):
        reset(session, ines, by=rosa)


def test_a_reason_is_one_of_a_few(session: Session, ruth: Membership, ines: Membership) -> None:
    with pytest.raises(RuleBroken, match="reason"):
        reset(session, ines, by=ruth, reason="she told me a long story")


def test_where_there_is_nothing_to_take_that_is_said(
    session: Session, ruth: Membership, olga: Membership
) -> None:
    with pytest.raises(RuleBroken, match="no second step"):
        reset(session, ruth, by=olga)


def test_who_runs_the_service_does_so_by_address(session: Session, olga: Membership) -> None:
    with_everything(session, olga)
    email = session.get_one(Account, olga.account_id).email

    factor_reset.by_address(session, email.upper(), now=NOW)

    assert held(session, olga) == (0, 0)
    event = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "second_factor.reset")
    ).one()
    assert event.actor == SYSTEM.label
    with pytest.raises(RuleBroken, match="Nobody signs in"):
        factor_reset.by_address(session, "nobody@people.example", now=NOW)


def test_a_changed_address_is_told_to_the_one_before(
    session: Session, here: World, ruth: Membership
) -> None:
    maria = builders.speaker(session, here.affiliate, MARIA)
    by = builders.actor(ruth)

    people.change_speaker(session, maria, {"email": JOY.email}, by=by, links=LINKS, now=NOW)
    people.change_speaker(
        session, maria, {"email": JOY.email, "zip_code": "48104"}, by=by, links=LINKS, now=NOW
    )

    mail = session.scalars(select(Message)).one()
    assert (mail.kind, mail.to_address) == ("address_changed", MARIA.email)
    assert JOY.email not in repr(mail.values)
