"""Who reaches which referral, and that nobody does who could meet the person on the unit."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor, Kind
from outreach.referrals.codes import Revoked
from outreach.referrals.models import Authorization, Referral
from outreach.speakers.models import Speaker
from outreach.wiring import Wiring
from outreach.workflows.referrals import authorizing, stopping
from tests import builders
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward


@pytest.fixture
def ward(session: Session, wired: Wiring) -> Ward:
    return referrals.ward(session, wired.desk)


def reached(session: Session, actor: Actor) -> list[Referral]:
    session.flush()
    return list(session.scalars(access.scope(actor, Referral)))


def books(session: Session, ward: Ward, speaker: Speaker) -> None:
    """Let a speaker have been on the ward's unit."""
    here = builders.World(ward.bureau, ward.program, ward.hospital, ward.unit)
    visit = builders.visit(session, here)
    builders.assignment(session, builders.slots(session, visit)[0], speaker)


def test_a_bureau_reaches_its_own_referrals_from_the_first_draft(
    session: Session, ward: Ward
) -> None:
    made = referrals.draft(session, ward)
    stranger = builders.coordinator(session, builders.affiliate(session, "Prairie"), "Nora Webb")

    assert reached(session, ward.by_coordinator) == [made]
    assert reached(session, builders.actor(stranger)) == []


def test_a_receiving_affiliate_reaches_nothing_before_it_is_sent(
    session: Session, ward: Ward
) -> None:
    made = referrals.ready(session, ward)
    intake = builders.actor(builders.intake(session, ward.receiver))
    coordinator = builders.actor(builders.coordinator(session, ward.receiver, "Nora Webb"))
    assert reached(session, intake) == reached(session, coordinator) == []

    authorizing.send(session, made, version=None, by=ward.by_liaison, desk=ward.desk, now=NOW)

    assert reached(session, intake) == reached(session, coordinator) == [made]


def test_a_liaison_reaches_her_hospitals_referrals_only_with_the_right_to_refer(
    session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    elsewhere = builders.liaison(session, builders.world(session, "Prairie").hospital, "Kay Moss")
    elsewhere.may_refer = True

    assert reached(session, ward.by_liaison) == [made]
    assert reached(session, replace(ward.by_liaison, may_refer=False)) == []
    assert reached(session, builders.actor(elsewhere)) == []


def test_an_intake_account_that_speaks_at_the_hospital_reaches_none_of_its_referrals(
    session: Session, ward: Ward
) -> None:
    referrals.sent(session, ward)
    maria = builders.speaker(session, ward.bureau, builders.MARIA)
    member = builders.speaker_member(session, maria)
    intake = builders.also(session, member, Kind.INTAKE, affiliate_id=ward.receiver.id)
    assert len(reached(session, builders.actor(intake))) == 1

    books(session, ward, maria)

    assert reached(session, builders.actor(intake)) == []


def test_a_helper_who_speaks_at_the_hospital_reaches_none_of_its_referrals(
    session: Session, ward: Ward
) -> None:
    referrals.sent(session, ward)
    helper = referrals.helper(session, ward.receiver)
    actor = referrals.by_helper(helper).actor
    assert len(reached(session, actor)) == 1

    helper.speaker_id = builders.speaker(session, ward.bureau, builders.MARIA).id
    session.flush()
    assert len(reached(session, actor)) == 1
    books(session, ward, session.get_one(Speaker, helper.speaker_id))

    assert reached(session, actor) == []


def test_a_referral_without_a_hospital_is_open_to_a_helper_who_speaks(
    session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    made.hospital_id = made.unit_id = None
    helper = referrals.helper(session, ward.receiver)
    maria = builders.speaker(session, ward.bureau, builders.MARIA)
    helper.speaker_id = maria.id
    books(session, ward, maria)

    assert reached(session, referrals.by_helper(helper).actor) == [made]


@pytest.mark.parametrize("kind", [Kind.SPEAKER, Kind.ADMINISTRATOR, Kind.LINK, Kind.ANONYMOUS])
def test_nobody_else_ever_reaches_a_referral(session: Session, ward: Ward, kind: Kind) -> None:
    referrals.sent(session, ward)

    actor = Actor(kind, account_id=1, affiliate_id=ward.bureau.id, speaker_id=1)

    assert reached(session, actor) == []


def test_an_authorization_is_reached_where_it_was_recorded_and_followed(
    session: Session, ward: Ward
) -> None:
    made = referrals.authorization_of(session, referrals.sent(session, ward))
    intake = builders.actor(builders.intake(session, ward.receiver))

    def seen(actor: Actor) -> list[Authorization]:
        return list(session.scalars(access.scope(actor, Authorization)))

    assert seen(ward.by_coordinator) == seen(ward.by_liaison) == [made]
    assert seen(intake) == []


def test_after_a_withdrawal_the_affiliate_still_sees_that_it_must_stop(
    session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    stopping.revoke(
        session,
        referrals.authorization_of(session, made),
        how=Revoked.SPOKEN,
        received_by="Priya Nair",
        by=ward.by_liaison,
        desk=ward.desk,
        now=NOW,
    )

    assert reached(session, builders.actor(builders.intake(session, ward.receiver))) == [made]
