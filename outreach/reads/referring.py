"""Whether a hospital or unit may refer, whom to ask, and which form a person signs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.directory import agreements, geography
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.directory.rules import Obstacle
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import duty
from outreach.reads.duty import Contact
from outreach.referrals import profiles
from outreach.referrals.models import Referral
from outreach.referrals.profiles import Profile

OBSTACLES = {
    Obstacle.HOSPITAL_ARCHIVED: lazy("The hospital was put aside."),
    Obstacle.UNIT_ARCHIVED: lazy("The unit was put aside."),
    Obstacle.PART_TWO: lazy(
        "The unit belongs to a substance-use program, whose records federal law protects further"
        " (42 CFR Part 2). Nobody is referred from there."
    ),
    Obstacle.NO_AGREEMENT: lazy("The hospital’s agreement is not recorded yet."),
    Obstacle.AGREEMENT_ENDED: lazy("The hospital’s agreement has ended."),
    Obstacle.AGREEMENT_TO_COME: lazy("The hospital’s agreement has not begun."),
    Obstacle.NO_FORM_PROFILE: lazy("It is not settled which form patients sign."),
}
KINDS = {
    "business_associate": lazy("Contract with the operator (business associate)"),
    "counsel_memo": lazy("Memo of the operator’s counsel"),
}


@dataclass(frozen=True, slots=True)
class Off:
    """Why no referral can be made from a place, in words, and whom to ask about it."""

    reasons: tuple[str, ...]
    ask: Contact


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One agreement as a hospital's page shows it. `state` is current, past, ended or to come."""

    public_id: str
    kind: str
    reference: str
    signed_on: date
    starts_on: date
    ends_on: date | None
    state: str
    recorded_by: str
    recorded_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Referring:
    """What a hospital's page says of referrals; without `reasons` they are on."""

    reasons: tuple[str, ...]
    agreements: tuple[AgreementRow, ...]


def off(session: Session, place: Unit | Hospital, *, now: datetime) -> Off | None:
    """Return why no referral can be made from a unit, or from all of a hospital; None when it can.

    Whom to ask is the affiliate that keeps the hospital: its coordinators record agreements.
    """
    unit = place if isinstance(place, Unit) else None
    hospital_id = place.hospital_id if isinstance(place, Unit) else place.id
    hospital = session.get_one(Hospital, hospital_id)
    found = agreements.obstacles(session, unit or hospital, on=_today(hospital, now))
    if not found:
        return None
    affiliate = session.get_one(Affiliate, hospital.affiliate_id)
    return Off(in_words(found), duty.whom_to_ask(session, affiliate, now=now))


def profile_of(session: Session, referral: Referral) -> Profile | None:
    """Return the profile whose form is to be signed: the hospital's, None where it has none.

    Without a hospital it is that of the state where the person lives, else of the state where the
    bureau is, else the federal one (docs/decisions/0022).
    """
    if referral.hospital_id is not None:
        return profiles.find(session.get_one(Hospital, referral.hospital_id).form_profile)
    bureau = session.get_one(Affiliate, referral.bureau_id)
    codes = (code for code in (referral.zip_code, bureau.zip_code) if code)
    return profiles.without_hospital(geography.place(code).state for code in codes)


def in_words(obstacles: Iterable[Obstacle]) -> tuple[str, ...]:
    """Return obstacles as sentences in the language now spoken."""
    return tuple(_(OBSTACLES[each]) for each in obstacles)


def of_hospital(session: Session, hospital: Hospital, *, now: datetime) -> Referring:
    """Return what a hospital's page says of referrals, the newest agreement first."""
    today = _today(hospital, now)
    rows = agreements.of_hospital(session, hospital.id)
    names = _names(session, {row.recorded_by_id for row in rows})
    return Referring(
        reasons=in_words(agreements.obstacles_of(hospital, rows, on=today)),
        agreements=tuple(
            AgreementRow(
                public_id=row.public_id,
                kind=_(KINDS[row.kind]),
                reference=row.reference,
                signed_on=row.signed_on,
                starts_on=row.starts_on,
                ends_on=row.ends_on,
                state=_state(row.starts_on, row.ends_on, row.ended_at, today=today),
                recorded_by=names[row.recorded_by_id],
                recorded_at=row.recorded_at,
                ended_at=row.ended_at,
            )
            for row in rows
        ),
    )


def _state(starts_on: date, ends_on: date | None, ended_at: datetime | None, *, today: date) -> str:
    if ended_at is not None:
        return "ended"
    if starts_on > today:
        return "to come"
    return "current" if ends_on is None or today <= ends_on else "past"


def _names(session: Session, account_ids: Iterable[int]) -> dict[int, str]:
    rows: Sequence[Account] = session.scalars(
        select(Account).where(Account.id.in_(list(account_ids)))
    ).all()
    return {row.id: row.name for row in rows}


def _today(hospital: Hospital, now: datetime) -> date:
    return now.astimezone(ZoneInfo(hospital.time_zone)).date()
