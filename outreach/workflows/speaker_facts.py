"""Rows of speakers → the engine's speakers: only what the visits in question make matter.

Columns are selected, not entities: a visit's page asks about everyone of an affiliate, and most
of an entity's time goes into columns that no rule looks at.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from math import ceil
from typing import Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.directory.models import ClearanceRequirement
from outreach.speakers.models import (
    Availability,
    Away,
    BusyTime,
    Certification,
    Clearance,
    Exclusion,
    OwnCalendar,
    Speaker,
)
from outreach.speakers.rules import COUNTS_FOR
from outreach.visits.models import Assignment
from outreach.workflows.newcomers import RECENT

_Select: TypeAlias = Select[*tuple[Any, ...]]
_Row: TypeAlias = Row[*tuple[Any, ...]]
_Held: TypeAlias = dict[int, list[_Row]]
_A_DAY: Final = timedelta(days=1)
_A_MINUTE: Final = timedelta(minutes=1)


class Place(NamedTuple):
    """A unit, as far as matching goes; `lat` and `lon` are its hospital's."""

    id: int
    public_id: str
    hospital_id: int
    age_group: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What of the visits in question decides which facts of a speaker matter.

    `programs` gives public ids by primary key. `first` and `last` are the first and the last day
    that any of the visits touches, `weekdays` the days of the week they touch (0 is Monday).
    """

    places: Sequence[Place]
    programs: dict[int, str]
    first: date
    last: date
    weekdays: Collection[int]


def of_affiliate(affiliate_id: int, *, only: int | None = None) -> _Select:
    """Select the speakers who may be asked, all or `only` one (primary key), in a fixed order."""
    mine = select(
        Speaker.id,
        Speaker.public_id,
        Speaker.latitude,
        Speaker.longitude,
        Speaker.radius_km,
        Speaker.languages,
        Speaker.age_groups,
        Speaker.quota_per_month,
        Speaker.rest_days,
        Speaker.paused_until,
        Speaker.created_at,
    ).where(Speaker.affiliate_id == affiliate_id, Speaker.archived_at.is_(None))
    if only is not None:
        mine = mine.where(Speaker.id == only)
    return mine.order_by(Speaker.id)


def recent(session: Session, speaker_ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Return how many visits each speaker (primary key) made in the last 90 days, where any.

    The engine's own count leaves out what the problem holds besides: those of this month.
    """
    counted = (
        select(Assignment.speaker_id, func.count())
        .where(
            Assignment.speaker_id.in_(speaker_ids),
            Assignment.active,
            Assignment.starts_at >= now - RECENT,
            Assignment.starts_at < now,
        )
        .group_by(Assignment.speaker_id)
    )
    return dict(session.execute(counted).all())


def ids(mine: _Select) -> Select[int]:
    """Select the primary keys of the speakers that `mine` (`of_affiliate`) selects."""
    return mine.with_only_columns(Speaker.id).order_by(None)


def gather(
    session: Session,
    mine: _Select,
    rows: Sequence[_Row],
    question: Question,
    *,
    recent: Mapping[int, int],
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[matching.Speaker]:
    """Yield the engine's speaker for each of `rows`, which `mine` (`of_affiliate`) gave.

    `recent` counts visits of the last 90 days by primary key, as sharing out takes them; who is not
    in it had none. `zone` is that of the engine's clock.
    Seven queries, however many there are.
    """
    chosen, today = ids(mine), now.astimezone(zone).date()
    needs = _needs(session, question)
    trained, free = _trained(session, chosen, question), _free(session, chosen, question)
    cleared = _cleared(session, chosen, kinds={kind for each in needs.values() for kind in each})
    away, excluded = _away(session, chosen, question), _excluded(session, chosen, question)
    busy = _busy(session, chosen, question, zone=zone, now=now)
    for row in rows:
        yield matching.Speaker(
            id=row.public_id,
            lat=row.latitude,
            lon=row.longitude,
            radius_km=row.radius_km,
            languages=tuple(row.languages),
            unit_types=tuple(row.age_groups),
            quota_per_month=row.quota_per_month,
            rest_days=row.rest_days,
            recent_visits=recent.get(row.id, 0),
            certifications=tuple(_certifications(trained[row.id], question)),
            clearances=tuple(_clearances(cleared[row.id], needs)),
            weekly=tuple(_weekly(free[row.id])),
            away=tuple(_aways(away[row.id], paused_until=row.paused_until, today=today)),
            busy=tuple(_busies(busy[row.id], zone=zone)),
            excluded_sites=tuple(_sites(excluded[row.id], question)),
        )


def _trained(session: Session, ids: Select[int], question: Question) -> _Held:
    held = (
        select(
            Certification.speaker_id,
            Certification.program_id,
            Certification.role,
            Certification.starts_on,
            Certification.ends_on,
        )
        .where(Certification.speaker_id.in_(ids), Certification.program_id.in_(question.programs))
        .order_by(Certification.id)
    )
    return _by_speaker(session, held)


def _cleared(session: Session, ids: Select[int], *, kinds: Collection[str]) -> _Held:
    held = (
        select(
            Clearance.speaker_id,
            Clearance.kind,
            Clearance.hospital_id,
            Clearance.starts_on,
            Clearance.ends_on,
        )
        .where(Clearance.speaker_id.in_(ids), Clearance.kind.in_(kinds))
        .order_by(Clearance.id)
    )
    return _by_speaker(session, held)


def _free(session: Session, ids: Select[int], question: Question) -> _Held:
    free = (
        select(
            Availability.speaker_id, Availability.weekday, Availability.starts, Availability.ends
        )
        .where(Availability.speaker_id.in_(ids), Availability.weekday.in_(question.weekdays))
        .order_by(Availability.id)
    )
    return _by_speaker(session, free)


def _away(session: Session, ids: Select[int], question: Question) -> _Held:
    away = (
        select(Away.speaker_id, Away.starts_on, Away.ends_on)
        .where(
            Away.speaker_id.in_(ids),
            Away.starts_on <= question.last,
            Away.ends_on >= question.first,
        )
        .order_by(Away.id)
    )
    return _by_speaker(session, away)


def _busy(
    session: Session, ids: Select[int], question: Question, *, zone: ZoneInfo, now: datetime
) -> _Held:
    """Give the firm busy times of calendars that were read lately enough to count."""
    first = datetime.combine(question.first, time(), zone)
    end = datetime.combine(question.last + _A_DAY, time(), zone)
    busy = (
        select(BusyTime.speaker_id, BusyTime.starts_at, BusyTime.ends_at)
        .join(OwnCalendar, OwnCalendar.speaker_id == BusyTime.speaker_id)
        .where(
            BusyTime.speaker_id.in_(ids),
            ~BusyTime.tentative,
            BusyTime.starts_at < end,
            BusyTime.ends_at > first,
            OwnCalendar.last_ok_at >= now - COUNTS_FOR,
        )
        .order_by(BusyTime.id)
    )
    return _by_speaker(session, busy)


def _excluded(session: Session, ids: Select[int], question: Question) -> _Held:
    excluded = (
        select(Exclusion.speaker_id, Exclusion.hospital_id, Exclusion.unit_id)
        .where(
            Exclusion.speaker_id.in_(ids),
            or_(
                Exclusion.hospital_id.in_({place.hospital_id for place in question.places}),
                Exclusion.unit_id.in_({place.id for place in question.places}),
            ),
        )
        .order_by(Exclusion.id)
    )
    return _by_speaker(session, excluded)


def _by_speaker(session: Session, query: _Select) -> _Held:
    rows: _Held = defaultdict(list)
    for row in session.execute(query):
        rows[row[0]].append(row)
    return rows


def _needs(session: Session, question: Question) -> dict[Place, set[str]]:
    """Return the kinds of clearance each place demands."""
    needs: dict[int, set[str]] = {place.id: set() for place in question.places}
    asked = select(ClearanceRequirement.unit_id, ClearanceRequirement.kind).where(
        ClearanceRequirement.unit_id.in_(needs)
    )
    for unit_id, kind in session.execute(asked):
        needs[unit_id].add(kind)
    return {place: needs[place.id] for place in question.places}


def _certifications(rows: Iterable[_Row], question: Question) -> Iterator[matching.Certification]:
    for _, program_id, role, starts_on, ends_on in rows:
        yield matching.Certification(
            program=question.programs[program_id],
            role=role,
            starts_on=starts_on,
            ends_on=ends_on,
        )


def _clearances(
    rows: Sequence[_Row], needs: Mapping[Place, set[str]]
) -> Iterator[matching.Clearance]:
    """Yield when the speaker holds everything a place demands, place by place."""
    for place, kinds in needs.items():
        held = [_spans(rows, kind, place.hospital_id) for kind in sorted(kinds)]
        for spans in product(*held):
            starts_on = max((span[0] for span in spans), default=date.min)
            ends_on = min((span[1] for span in spans), default=date.max)
            if starts_on <= ends_on:
                yield matching.Clearance(site=place.public_id, starts_on=starts_on, ends_on=ends_on)


def _spans(rows: Iterable[_Row], kind: str, hospital_id: int) -> list[tuple[date, date]]:
    return [
        (starts_on, ends_on or date.max)
        for _, its_kind, given_by, starts_on, ends_on in rows
        if its_kind == kind and given_by in {None, hospital_id}
    ]


def _weekly(rows: Iterable[_Row]) -> Iterator[matching.Weekly]:
    for _, weekday, starts, ends in rows:
        yield matching.Weekly(
            weekday=weekday,
            from_minute=starts.hour * 60 + starts.minute,
            until_minute=_until(ends),
        )


def _until(ends: time) -> int:
    # A time cannot say 24:00, so the last minute of the day stands for midnight.
    minute = ends.hour * 60 + ends.minute
    return 1440 if ends >= time(23, 59) else minute


def _aways(
    rows: Iterable[_Row], *, paused_until: date | None, today: date
) -> Iterator[matching.Away]:
    for _, starts_on, ends_on in rows:
        yield matching.Away(starts_on=starts_on, ends_on=ends_on)
    if paused_until is not None and paused_until >= today:
        yield matching.Away(starts_on=today, ends_on=paused_until)


def _busies(rows: Iterable[_Row], *, zone: ZoneInfo) -> Iterator[matching.Busy]:
    """Yield the times on the engine's clock; what begins or ends within a minute holds all of it.

    In the night the clocks go back an hour's times come twice, and the later end may read earlier
    than its start: then the length decides.
    """
    for _, starts_at, ends_at in rows:
        begins = starts_at.replace(second=0, microsecond=0)
        ends = begins + ceil((ends_at - begins) / _A_MINUTE) * _A_MINUTE
        first, last = (each.astimezone(zone).replace(tzinfo=None) for each in (begins, ends))
        yield matching.Busy(
            starts_at=first, ends_at=last if last > first else first + (ends - begins)
        )


def _sites(rows: Sequence[_Row], question: Question) -> Iterator[str]:
    hospitals = {row.hospital_id for row in rows if row.hospital_id is not None}
    units = {row.unit_id for row in rows if row.unit_id is not None}
    for place in question.places:
        if place.id in units or place.hospital_id in hospitals:
            yield place.public_id
