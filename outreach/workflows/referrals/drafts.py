"""Before the signature: what may be written down then, and no name among it."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.db import locked
from outreach.directory import agreements, geography
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.directory.rules import Obstacle
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.referrals import rules
from outreach.referrals.codes import Action, Cancel, Group, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral
from outreach.workflows.referrals import deadlines, facts, forms, steps
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import Order

USUAL_HOUR: Final = time(12)
"""When a discharge is counted from where only its day is known."""
BEFORE_SIGNATURE: Final = frozenset({State.DRAFT, State.AWAITING})
_NUMBERS: Final = range(100_000, 1_000_000)
_TRIES: Final = 20

BAD_DAY = lazy("Check the day of the discharge: it lies too far from today.")
BAD_ASKING = lazy("Choose today, or a day of the last 30.")


class ReferralsOff(Conflict):
    """Why no referral can be made from a unit, all reasons at once."""

    def __init__(self, obstacles: tuple[Obstacle, ...]) -> None:
        super().__init__(forms.OFF)
        self.obstacles = obstacles


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is known before anyone has signed; `discharged` is planned or past, local time.

    Of a person who came by themselves it is the day they asked: nobody asks about a hospital.
    """

    discharged_on: date
    discharged_time: time | None
    zip_code: str
    age_group: str
    groups: Collection[str]


def begin(
    session: Session,
    *,
    unit: Unit | None,
    bureau: Affiliate,
    description: Description,
    request_key: str,
    by: Actor,
    now: datetime,
) -> Referral:
    """Write down that somebody would like to be referred; the same request again is the same row.

    Without a unit it is a person who came to the affiliate by themselves (coordinators only): no
    hospital's agreement is needed, and no discharge is known.

    Raises:
        ReferralsOff: the unit's hospital has no agreement or form, or may not refer.
        RuleBroken: a field that cannot be; it is named.
    """
    again = _begun(session, request_key, by=by)
    if again is not None:
        return again
    hospital = session.get_one(Hospital, unit.hospital_id) if unit else None
    zone = hospital.time_zone if hospital else bureau.time_zone
    if unit is not None:
        refuse_if_off(session, unit, on=facts.local_day(now, zone=zone))
    checked = _checked(description, zone=zone, by_themselves=unit is None, now=now)
    referral = Referral(
        number=free_number(session),
        request_key=request_key,
        bureau_id=bureau.id,
        hospital_id=hospital.id if hospital else None,
        unit_id=unit.id if unit else None,
        state=State.DRAFT,
        state_at=now,
        time_zone=zone,
        created_by_id=by.account_id,
        created_at=now,
        **checked,
    )
    try:
        with session.begin_nested():
            session.add(referral)
    except IntegrityError:
        # The same request at the same instant: its twin was faster.
        again = _begun(session, request_key, by=by)
        if again is None:
            raise
        return again
    _note(session, "referral.begin", referral, by=by, now=now)
    deadlines.start(session, referral, Clock.DRAFT, now=now)
    return referral


def describe(
    session: Session,
    referral: Referral,
    description: Description,
    *,
    version: int,
    by: Actor,
    now: datetime,
) -> None:
    """Change what is known before the signature. The same again changes nothing.

    A page that was loaded before is overtaken from then on, the one where a signed form is
    recorded above all.

    Raises:
        Conflict: it was changed meanwhile, or is signed already.
        RuleBroken: a field that cannot be; it is named.
    """
    held = locked(session, Referral, referral.id)
    if held.state not in BEFORE_SIGNATURE:
        raise Conflict(steps.MOVED_ON)
    by_themselves = held.hospital_id is None
    checked = _checked(description, zone=held.time_zone, by_themselves=by_themselves, now=now)
    if all(getattr(held, name) == value for name, value in checked.items()):
        return
    if held.version != version:
        raise Conflict(steps.MOVED_ON)
    for name, value in checked.items():
        setattr(held, name, value)
    held.version += 1
    session.flush()
    if referral.state == State.AWAITING:  # another state may have another form
        forms.lay_down(session, referral, now=now)
    deadlines.stop(session, referral, [Clock.DRAFT], now=now)
    deadlines.start(session, referral, Clock.DRAFT, now=now)
    _note(session, "referral.describe", referral, by=by, now=now)


def choose_affiliate(
    session: Session,
    referral: Referral,
    affiliate: Affiliate,
    *,
    chosen_by: str,
    version: int | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Choose who is to reach the person: by area, or as the person wished.

    The choice of before again changes nothing. Any other overtakes the pages that were loaded
    before: a form that was printed for one affiliate must not be recorded for another. `version`
    is the one the person saw; None trusts the row.

    Raises:
        Conflict: it was changed meanwhile, or signed already.
        RuleBroken: the affiliate takes no referrals.
    """
    held = locked(session, Referral, referral.id)
    if held.state == State.AWAITING and held.affiliate_id == affiliate.id:
        return
    if held.state not in BEFORE_SIGNATURE or version not in {None, held.version}:
        raise Conflict(steps.MOVED_ON)
    if not affiliate.receives_referrals:
        raise RuleBroken(lazy("This affiliate takes no referrals now."), field="affiliate")
    held.affiliate_id, held.chosen_by = affiliate.id, chosen_by
    held.version += 1
    session.flush()
    _note(session, "referral.choose", referral, by=by, now=now)


def ask_signature(
    session: Session, referral: Referral, *, by: Actor, desk: Desk, now: datetime
) -> None:
    """Go on to the form that is to be signed; from there on again it changes nothing."""
    if referral.state == State.AWAITING:
        return
    if referral.affiliate_id is None:
        raise RuleBroken(lazy("Choose an affiliate first."), field="affiliate")
    forms.lay_down(session, referral, now=now)
    steps.take(session, referral, Order(action=Action.ASK_SIGNATURE, by=by), desk=desk, now=now)


def information_given(
    session: Session, referral: Referral, *, by: Actor, desk: Desk, now: datetime
) -> None:
    """End a draft whose person took the information and signed nothing: nothing was disclosed.

    Twice is once. Raises Conflict when something was signed.
    """
    if (referral.state, referral.reason) == (State.CANCELLED, Cancel.INFORMATION_GIVEN):
        return
    if referral.state not in BEFORE_SIGNATURE:
        raise Conflict(steps.MOVED_ON)
    order = Order(action=Action.CANCEL, by=by, reason=Cancel.INFORMATION_GIVEN)
    steps.take(session, referral, order, desk=desk, now=now)


def _begun(session: Session, request_key: str, *, by: Actor) -> Referral | None:
    there = select(Referral).where(
        Referral.request_key == request_key, Referral.created_by_id == by.account_id
    )
    return session.scalars(there).one_or_none()


def refuse_if_off(session: Session, unit: Unit, *, on: date) -> None:
    """Raise ReferralsOff unless a unit's hospital may refer on that day."""
    obstacles = agreements.obstacles(session, unit, on=on)
    if obstacles:
        raise ReferralsOff(obstacles)


def free_number(session: Session) -> int:
    """Return a number nobody has: random, so that it tells nothing of how many there are."""
    for _ in range(_TRIES):
        number = secrets.choice(_NUMBERS)
        if session.scalar(select(Referral.id).where(Referral.number == number)) is None:
            return number
    raise Conflict(lazy("No number is free. Please call the coordinator."))


def _checked(
    given: Description, *, zone: str, by_themselves: bool, now: datetime
) -> dict[str, object]:
    today = facts.local_day(now, zone=zone)
    is_sane = rules.asking_is_sane if by_themselves else rules.discharge_is_sane
    if not is_sane(given.discharged_on, today=today):
        raise RuleBroken(BAD_ASKING if by_themselves else BAD_DAY, field="discharged_on")
    if given.age_group not in facts.YOUNGEST:
        raise RuleBroken(lazy("Choose one of the answers on the list."), field="age_group")
    groups = [group for group in Group if group in given.groups]
    if not groups or len(groups) != len(set(given.groups)):
        raise RuleBroken(lazy("Choose at least one from the list."), field="groups")
    wall = datetime.combine(given.discharged_on, given.discharged_time or USUAL_HOUR)
    begins = wall.replace(tzinfo=ZoneInfo(zone))
    return {
        # Who asks this morning does not wait until noon.
        "discharged_at": min(begins, now) if by_themselves else begins,
        "discharge_hour_known": given.discharged_time is not None,
        "zip_code": geography.place(given.zip_code).zip_code,
        "age_group": given.age_group,
        "groups": [str(group) for group in groups],
    }


def _note(session: Session, action: str, referral: Referral, *, by: Actor, now: datetime) -> None:
    audit.record(
        session,
        action,
        actor=by,
        subject=("referral", referral.id),
        now=now,
        details={"number": referral.number},
    )
