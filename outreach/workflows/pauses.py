"""Days on which a unit takes no visits: beginning a pause, and ending it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach import audit, db, i18n
from outreach.actor import Actor
from outreach.directory.models import Hospital, Unit, UnitPause
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.visits.models import Visit
from outreach.workflows import visits

UNDECIDED = lazy("Say what happens to the visits planned on these days.")


def planned(
    session: Session, unit: Unit, *, starts_on: date, ends_on: date | None, now: datetime
) -> list[Visit]:
    """Return the unit's visits of these days (both inclusive) that are still to come, in order."""
    zone = ZoneInfo(session.get_one(Hospital, unit.hospital_id).time_zone)
    wanted = select(Visit).where(
        Visit.unit_id == unit.id,
        Visit.called_off_at.is_(None),
        Visit.starts_at > now,
        Visit.starts_at >= _midnight(starts_on, zone),
    )
    if ends_on is not None:
        wanted = wanted.where(Visit.starts_at < _midnight(ends_on + timedelta(days=1), zone))
    return list(session.scalars(wanted.order_by(Visit.starts_at, Visit.id)))


def begin(
    session: Session,
    unit: Unit,
    *,
    starts_on: date,
    ends_on: date | None,
    call_off: bool | None,
    by: Actor,
    links: Links,
    now: datetime,
) -> Sequence[Visit]:
    """Pause a unit from `starts_on` to `ends_on`, both inclusive; None: until it is ended.

    `call_off` says whether the visits planned in these days are called off, or stay; None is
    right only where there are none. Returns the visits planned in these days.

    Raises:
        RuleBroken: the days are wrong, the unit is paused on one of them already, or nobody said
            what happens to the visits planned in these days.
    """
    db.locked(session, Unit, unit.id)
    _refuse_wrong_days(session, unit, starts_on=starts_on, ends_on=ends_on, now=now)
    covered = planned(session, unit, starts_on=starts_on, ends_on=ends_on, now=now)
    if covered and call_off is None:
        raise RuleBroken(UNDECIDED, field="planned")
    session.add(UnitPause(unit_id=unit.id, starts_on=starts_on, ends_on=ends_on, created_at=now))
    session.flush()
    audit.record(
        session,
        "unit.pause",
        actor=by,
        subject=("unit", unit.id),
        details={"from": starts_on.isoformat(), "until": ends_on.isoformat() if ends_on else None},
        now=now,
    )
    if call_off:
        # All before the first is called off, in the order in which everybody holds them.
        db.locked_all(session, Visit, (visit.id for visit in covered))
    for visit in covered if call_off else ():
        visits.call_off(session, visit, by=by, links=links, now=now)
    return covered


def end(session: Session, pause: UnitPause, *, by: Actor, now: datetime) -> None:
    """End a pause today; one that has not begun, or began today, is taken away.

    A pause that is over stays as it is. What was called off for it stays called off.
    """
    unit = db.locked(session, Unit, pause.unit_id)
    today = _today(session, unit, now=now)
    if pause.ends_on is not None and pause.ends_on < today:
        return
    if pause.starts_on >= today:
        session.delete(pause)
    else:
        pause.ends_on = today - timedelta(days=1)
    session.flush()
    audit.record(session, "unit.resume", actor=by, subject=("unit", unit.id), now=now)


def _refuse_wrong_days(
    session: Session, unit: Unit, *, starts_on: date, ends_on: date | None, now: datetime
) -> None:
    if starts_on < _today(session, unit, now=now):
        raise RuleBroken(lazy("Choose a first day from today on."), field="starts_on")
    if ends_on is not None and ends_on < starts_on:
        raise RuleBroken(lazy("Choose a last day that is not before the first."), field="ends_on")
    others = select(UnitPause).where(
        UnitPause.unit_id == unit.id,
        or_(UnitPause.ends_on.is_(None), UnitPause.ends_on >= starts_on),
    )
    if ends_on is not None:
        others = others.where(UnitPause.starts_on <= ends_on)
    other = session.scalars(others.order_by(UnitPause.starts_on).limit(1)).first()
    if other is not None:
        raise RuleBroken(
            lazy("The unit is paused from %(day)s on already. End that pause first."),
            field="starts_on",
            day=i18n.day(other.starts_on, weekday=False),
        )


def _today(session: Session, unit: Unit, *, now: datetime) -> date:
    zone = session.get_one(Hospital, unit.hospital_id).time_zone
    return now.astimezone(ZoneInfo(zone)).date()


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
