"""What a hospital agreed to, and whether referrals may be made from it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory import rules
from outreach.directory.models import Hospital, HospitalAgreement, Unit
from outreach.directory.rules import AgreementFacts, Obstacle
from outreach.errors import Forbidden
from outreach.i18n import lazy

NOBODYS_WORD = lazy("Only a person can record an agreement.")


def of_hospital(session: Session, hospital_id: int) -> Sequence[HospitalAgreement]:
    """Return what a hospital has agreed to, the newest first."""
    return session.scalars(
        select(HospitalAgreement)
        .where(HospitalAgreement.hospital_id == hospital_id)
        .order_by(HospitalAgreement.starts_on.desc(), HospitalAgreement.id.desc())
    ).all()


def current(session: Session, hospital: Hospital, *, on: date) -> HospitalAgreement | None:
    """Return the agreement a referral would be made under on a day at the hospital."""
    zone = ZoneInfo(hospital.time_zone)
    agreements = of_hospital(session, hospital.id)
    return next((each for each in agreements if rules.is_in_force(_facts(each, zone), on)), None)


def obstacles(session: Session, place: Unit | Hospital, *, on: date) -> tuple[Obstacle, ...]:
    """Return every reason why no referral can be made from a unit, or from a hospital's units.

    `on` is a day at the hospital. Of a hospital, what only one of its units lacks is left out.
    """
    unit = place if isinstance(place, Unit) else None
    hospital = (
        place if isinstance(place, Hospital) else session.get_one(Hospital, place.hospital_id)
    )
    return obstacles_of(hospital, of_hospital(session, hospital.id), unit=unit, on=on)


def obstacles_of(
    hospital: Hospital,
    agreements: Iterable[HospitalAgreement],
    *,
    unit: Unit | None = None,
    on: date,
) -> tuple[Obstacle, ...]:
    """Return the same of rows that are loaded already."""
    zone = ZoneInfo(hospital.time_zone)
    return rules.obstacles(
        agreements=[_facts(each, zone) for each in agreements],
        form_profile=hospital.form_profile,
        hospital_archived=hospital.archived_at is not None,
        unit_archived=unit is not None and unit.archived_at is not None,
        part_two=unit is not None and unit.part_two,
        on=on,
    )


def record(
    session: Session,
    hospital: Hospital,
    *,
    kind: str,
    signed_on: date,
    starts_on: date,
    ends_on: date | None,
    reference: str,
    by: Actor,
    now: datetime,
) -> HospitalAgreement:
    """Record that a hospital's agreement is signed, and where the paper lies.

    Raises:
        RuleBroken: the days or the reference cannot be.
    """
    today = now.astimezone(ZoneInfo(hospital.time_zone)).date()
    rules.agreement(
        signed_on=signed_on, starts_on=starts_on, ends_on=ends_on, reference=reference, today=today
    )
    agreement = HospitalAgreement(
        hospital_id=hospital.id,
        kind=kind,
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
        reference=reference.strip(),
        recorded_by_id=_account(by),
        recorded_at=now,
    )
    session.add(agreement)
    session.flush()
    _note(session, "agreement.record", agreement, by=by, now=now)
    return agreement


def end(session: Session, agreement: HospitalAgreement, *, by: Actor, now: datetime) -> None:
    """End an agreement at once: no referral is sent under it from now on. Twice changes nothing."""
    ended = (
        update(HospitalAgreement)
        .where(HospitalAgreement.id == agreement.id, HospitalAgreement.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=_account(by))
        .returning(HospitalAgreement.id)
    )
    if session.scalar(ended) is not None:
        _note(session, "agreement.end", agreement, by=by, now=now)


def choose_form(
    session: Session, hospital: Hospital, profile: str | None, *, by: Actor, now: datetime
) -> None:
    """Choose which state's form a hospital's patients sign; None turns referrals off."""
    if hospital.form_profile == profile:
        return
    hospital.form_profile = profile
    session.flush()
    audit.record(
        session,
        "hospital.form",
        actor=by,
        subject=("hospital", hospital.id),
        details={"profile": profile},
        now=now,
    )


def _facts(agreement: HospitalAgreement, zone: ZoneInfo) -> AgreementFacts:
    ended_at = agreement.ended_at
    return AgreementFacts(
        starts_on=agreement.starts_on,
        ends_on=agreement.ends_on,
        ended_on=ended_at.astimezone(zone).date() if ended_at is not None else None,
    )


def _account(by: Actor) -> int:
    # An agreement is a person's word that a paper is signed; the system cannot give it.
    if by.account_id is None:
        raise Forbidden(NOBODYS_WORD)
    return by.account_id


def _note(
    session: Session, action: str, agreement: HospitalAgreement, *, by: Actor, now: datetime
) -> None:
    audit.record(session, action, actor=by, subject=("hospital_agreement", agreement.id), now=now)
