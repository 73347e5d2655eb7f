"""A hospital's agreement is recorded and ended, and opens or closes the way for referrals."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.audit import AuditEvent
from outreach.directory import agreements
from outreach.directory.models import HospitalAgreement
from outreach.directory.rules import Obstacle
from outreach.errors import Forbidden, RuleBroken
from tests import builders, serving_builders
from tests.builders import NOW

TODAY = date(2026, 11, 23)


def test_a_hospital_without_agreement_and_form_cannot_refer(session: Session) -> None:
    place = builders.world(session)

    found = agreements.obstacles(session, place.unit, on=TODAY)

    assert found == (Obstacle.NO_AGREEMENT, Obstacle.NO_FORM_PROFILE)
    assert agreements.current(session, place.hospital, on=TODAY) is None


def test_agreement_and_form_open_the_way_and_its_end_closes_it(session: Session) -> None:
    place = builders.world(session)
    ruth = builders.actor(builders.coordinator(session, place.affiliate))
    made = serving_builders.agreement(session, place.hospital, by=ruth)
    agreements.choose_form(session, place.hospital, "generic", by=ruth, now=NOW)

    assert agreements.obstacles(session, place.unit, on=TODAY) == ()
    assert agreements.current(session, place.hospital, on=TODAY) == made

    agreements.end(session, made, by=ruth, now=NOW)

    assert agreements.obstacles(session, place.unit, on=TODAY) == (Obstacle.AGREEMENT_ENDED,)
    assert agreements.current(session, place.hospital, on=TODAY) is None


def test_a_unit_of_a_substance_use_program_is_refused_and_the_others_are_not(
    session: Session,
) -> None:
    place = builders.world(session)
    ruth = builders.actor(builders.coordinator(session, place.affiliate))
    serving_builders.agreement(session, place.hospital, by=ruth)
    agreements.choose_form(session, place.hospital, "IL", by=ruth, now=NOW)
    place.unit.part_two, place.unit.archived_at = True, NOW

    found = agreements.obstacles(session, place.unit, on=TODAY)

    assert found == (Obstacle.UNIT_ARCHIVED, Obstacle.PART_TWO)
    assert agreements.obstacles(session, place.hospital, on=TODAY) == ()


def test_what_is_done_to_an_agreement_is_in_the_audit_log_once(session: Session) -> None:
    place = builders.world(session)
    ruth = builders.actor(builders.coordinator(session, place.affiliate))
    made = serving_builders.agreement(session, place.hospital, by=ruth)

    for minutes in (1, 2):
        agreements.end(session, made, by=ruth, now=NOW + timedelta(minutes=minutes))
        agreements.choose_form(session, place.hospital, "IL", by=ruth, now=NOW)

    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["agreement.record", "agreement.end", "hospital.form"]
    session.refresh(made)
    assert (made.ended_at, made.ended_by_id) == (NOW + timedelta(minutes=1), ruth.account_id)


def test_an_agreement_signed_tomorrow_is_refused(session: Session) -> None:
    place = builders.world(session)
    ruth = builders.actor(builders.coordinator(session, place.affiliate))

    with pytest.raises(RuleBroken, match="still to come"):
        agreements.record(
            session,
            place.hospital,
            kind="counsel_memo",
            signed_on=TODAY + timedelta(days=1),
            starts_on=TODAY + timedelta(days=1),
            ends_on=None,
            reference="Memo of counsel",
            by=ruth,
            now=NOW,
        )
    assert session.scalars(select(HospitalAgreement)).all() == []


def test_an_agreement_is_a_persons_word(session: Session) -> None:
    place = builders.world(session)

    with pytest.raises(Forbidden):
        serving_builders.agreement(session, place.hospital, by=SYSTEM)
