"""Sessions: who is signed in, as what, until when."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import service, sessions
from outreach.accounts.models import Account, Membership, WebSession
from outreach.actor import SYSTEM, Actor, Kind
from outreach.audit import AuditEvent
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, NotFound
from tests import builders
from tests.builders import JOY, NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ruth(session: Session) -> Membership:
    return builders.coordinator(session, builders.affiliate(session))


def begin(session: Session, membership: Membership) -> str:
    return sessions.begin(
        session, membership, account_id=membership.account_id, browser="Firefox", now=NOW
    )


def found(session: Session, token: str, *, after: timedelta = timedelta(0)) -> sessions.SignedIn:
    seen = sessions.find(session, token, now=NOW + after)
    assert seen
    return seen


def test_a_session_knows_who_acts_as_what(session: Session, ruth: Membership) -> None:
    seen = found(session, begin(session, ruth))

    assert seen.name == "Ruth Adler"
    assert seen.actor == Actor(
        Kind.COORDINATOR,
        account_id=ruth.account_id,
        membership_id=ruth.id,
        affiliate_id=ruth.affiliate_id,
    )
    assert seen.lacks_second_factor


def test_a_second_factor_is_asked_under_the_memberships_that_need_it(
    session: Session, ruth: Membership
) -> None:
    here = builders.world(session, "Riverbend")
    maria = builders.speaker(session, here.affiliate)
    priya = builders.liaison(session, here.hospital)
    place = {"affiliate_id": here.affiliate.id, "speaker_id": maria.id}
    speaks = builders.also(session, ruth, Kind.SPEAKER, **place)
    only_speaks = builders.speaker_member(session, builders.speaker(session, here.affiliate, JOY))

    as_speaker, priyas = found(session, begin(session, speaks)), begin(session, priya)

    assert (as_speaker.lacks_second_factor, as_speaker.ever_needs_second_factor) == (False, True)
    assert not found(session, begin(session, only_speaks)).ever_needs_second_factor
    assert not found(session, priyas).lacks_second_factor
    priya.may_refer = True
    session.flush()
    assert found(session, priyas).lacks_second_factor


def test_a_second_factor_is_shown_once_a_session(session: Session, ruth: Membership) -> None:
    token, other = begin(session, ruth), begin(session, ruth)

    renewed = sessions.note_second_factor(session, found(session, token).session_id, now=NOW)

    assert found(session, renewed).second_factor_at == NOW
    assert not found(session, renewed).lacks_second_factor
    assert found(session, other).lacks_second_factor


def test_the_token_of_before_the_second_factor_is_dead_at_once(
    session: Session, ruth: Membership
) -> None:
    token = begin(session, ruth)
    seen = found(session, token)

    renewed = sessions.note_second_factor(session, seen.session_id, now=NOW)

    assert sessions.find(session, token, now=NOW) is None
    assert found(session, renewed).session_id == seen.session_id


def test_a_session_that_has_ended_is_not_opened_again_by_a_second_factor(
    session: Session, ruth: Membership
) -> None:
    seen = found(session, begin(session, ruth))
    sessions.end(session, seen.session_id, actor=seen.actor, now=NOW)

    renewed = sessions.note_second_factor(session, seen.session_id, now=NOW)

    assert sessions.find(session, renewed, now=NOW) is None


def test_only_the_hash_of_the_token_is_kept(session: Session, ruth: Membership) -> None:
    token = begin(session, ruth)

    row = session.scalars(select(WebSession)).one()
    assert token not in (row.token_hash, row.public_id, row.browser)


def test_a_guessed_token_is_nobody(session: Session, ruth: Membership) -> None:
    begin(session, ruth)

    assert sessions.find(session, "guessed", now=NOW) is None


def test_signing_in_is_in_the_audit_log_and_the_first_time_with_the_account(
    session: Session, ruth: Membership
) -> None:
    begin(session, ruth)

    assert session.scalars(select(AuditEvent.action)).all() == ["session.begun"]
    assert session.get_one(Account, ruth.account_id).first_signed_in_at == NOW


def test_fifteen_idle_minutes_end_a_coordinators_session(
    session: Session, ruth: Membership
) -> None:
    token = begin(session, ruth)

    assert sessions.find(session, token, now=NOW + 14 * MINUTE)
    assert sessions.find(session, token, now=NOW + 15 * MINUTE) is None


def test_use_keeps_a_session_alive_until_its_absolute_end(
    session: Session, ruth: Membership
) -> None:
    token = begin(session, ruth)
    for minutes in range(10, 12 * 60, 10):
        sessions.touch(
            session, found(session, token, after=minutes * MINUTE), now=NOW + minutes * MINUTE
        )

    assert sessions.find(session, token, now=NOW + 719 * MINUTE)
    assert sessions.find(session, token, now=NOW + 720 * MINUTE) is None


def test_a_speaker_stays_signed_in_for_a_day_without_use(session: Session) -> None:
    here = builders.world(session)
    maria = builders.speaker_member(session, builders.speaker(session, here.affiliate))
    token = begin(session, maria)

    assert sessions.find(session, token, now=NOW + timedelta(hours=23))
    assert sessions.find(session, token, now=NOW + timedelta(hours=24)) is None


def test_a_disabled_account_is_out_at_once(session: Session, ruth: Membership) -> None:
    token = begin(session, ruth)
    account = session.get_one(Account, ruth.account_id)

    sessions.disable(session, account, actor=SYSTEM, now=NOW)
    sessions.disable(session, account, actor=SYSTEM, now=NOW)

    assert sessions.find(session, token, now=NOW) is None
    assert session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all() == [
        "session.begun",
        "account.disabled",
        "session.ended",
    ]


def test_an_enabled_account_must_sign_in_anew(session: Session, ruth: Membership) -> None:
    token = begin(session, ruth)
    account = session.get_one(Account, ruth.account_id)
    sessions.disable(session, account, actor=SYSTEM, now=NOW)

    service.enable(session, account, actor=SYSTEM, now=NOW)
    service.enable(session, account, actor=SYSTEM, now=NOW)

    assert sessions.find(session, token, now=NOW) is None
    assert sessions.find(session, begin(session, ruth), now=NOW)


def test_a_session_ends_with_its_membership(session: Session, ruth: Membership) -> None:
    token = begin(session, ruth)

    ruth.ends_at = NOW + MINUTE
    session.flush()

    assert sessions.find(session, token, now=NOW)
    assert sessions.find(session, token, now=NOW + MINUTE) is None


def test_an_ended_session_stays_ended(session: Session, ruth: Membership) -> None:
    token = begin(session, ruth)
    seen = found(session, token)

    sessions.end(session, seen.session_id, actor=seen.actor, now=NOW)
    sessions.end(session, seen.session_id, actor=seen.actor, now=NOW)

    assert sessions.find(session, token, now=NOW) is None
    assert (
        len(session.scalars(select(AuditEvent).where(AuditEvent.action == "session.ended")).all())
        == 1
    )


def test_every_session_but_this_one_can_be_ended(session: Session, ruth: Membership) -> None:
    here, there = begin(session, ruth), begin(session, ruth)
    seen = found(session, here)

    count = sessions.end_all(
        session, ruth.account_id, actor=seen.actor, but=seen.session_id, now=NOW
    )

    assert count == 1
    assert sessions.find(session, here, now=NOW)
    assert sessions.find(session, there, now=NOW) is None
    assert sessions.end_all(session, -1, actor=seen.actor, now=NOW) == 0


def test_the_list_leaves_out_what_is_over(session: Session, ruth: Membership) -> None:
    begin(session, ruth)
    session.flush()
    later = NOW + 10 * MINUTE
    sessions.begin(session, ruth, account_id=ruth.account_id, browser="Safari", now=later)

    both = sessions.live(session, ruth.account_id, now=later)
    one = sessions.live(session, ruth.account_id, now=later + 10 * MINUTE)

    assert [row.browser for row in both] == ["Safari", "Firefox"]
    assert [row.browser for row in one] == ["Safari"]


def test_one_may_act_as_each_thing_one_is_and_nothing_else(
    session: Session, ruth: Membership
) -> None:
    assert ruth.affiliate_id
    here = session.get_one(Affiliate, ruth.affiliate_id)
    also = builders.also(
        session, ruth, Kind.LIAISON, hospital_id=builders.hospital(session, here).id
    )
    strangers = builders.coordinator(session, here, "Somebody Else")
    token = begin(session, ruth)
    seen = found(session, token)

    sessions.choose_membership(session, seen, also.public_id, now=NOW)

    assert found(session, token).actor.kind is Kind.LIAISON
    assert sessions.usual_place(session, ruth.account_id, now=NOW) == seen.places[1]
    with pytest.raises(NotFound):
        sessions.choose_membership(session, seen, strangers.public_id, now=NOW)


def test_who_never_signed_in_begins_with_the_first_membership(
    session: Session, ruth: Membership
) -> None:
    place = sessions.usual_place(session, ruth.account_id, now=NOW)

    assert place
    assert place.public_id == ruth.public_id
    assert sessions.usual_place(session, -1, now=NOW) is None


def test_an_address_has_one_account(session: Session) -> None:
    service.create(session, email="Ana@People.example ", name="Ana", locale="en", now=NOW)

    with pytest.raises(Conflict):
        service.create(session, email="ana@people.example", name="Ana", locale="es", now=NOW)


def test_a_demos_link_works_once(session: Session, ruth: Membership) -> None:
    builders.demo_link(session, ruth, token="a demo's link")

    assert service.is_demo(session)
    assert service.demo_name(session, "a demo's link") == "Ruth Adler"
    assert service.use_demo_link(session, "a demo's link", now=NOW) == ruth
    with pytest.raises(NotFound, match="used already"):
        service.use_demo_link(session, "a demo's link", now=NOW)
    assert service.demo_name(session, "a demo's link") is None


@pytest.mark.usefixtures("ruth")
def test_a_bureaus_database_is_no_demo(session: Session) -> None:
    assert not service.is_demo(session)
    assert service.demo_name(session, "anything") is None
