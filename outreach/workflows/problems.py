"""Rows → the matching engine's problem. A fixed number of queries, whatever the size.

The engine's clock has no zone: it is the affiliate's wall clock. A weekly pattern is
read on it too: a speaker in another zone is taken to have given times as the affiliate has them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.directory.models import Affiliate, ClearanceRequirement, Hospital, Program, Unit
from outreach.matching import Assigned, LevelName, Problem, Settings, Site
from outreach.speakers.models import (
    Availability,
    Away,
    Certification,
    Clearance,
    Exclusion,
    Speaker,
)
from outreach.visits.models import Assignment, Offer, Proposal, Slot, Visit

RECENT = timedelta(days=90)
USUAL_VISITS = 2
"""Who has been on a unit this often belongs to its usual speakers."""


def open_visits(
    session: Session, affiliate_id: int, *, now: datetime, limit: int | None = None
) -> list[Visit]:
    """Return the coming visits of an affiliate that lack somebody, soonest first."""
    lacking = select(Slot.visit_id).where(Slot.state == "open")
    return list(
        session.scalars(
            select(Visit)
            .where(
                Visit.affiliate_id == affiliate_id,
                Visit.starts_at > now,
                Visit.called_off_at.is_(None),
                Visit.id.in_(lacking),
            )
            .order_by(Visit.starts_at, Visit.id)
            .limit(limit)
        )
    )


def build(
    session: Session,
    affiliate: Affiliate,
    visits: Sequence[Visit],
    *,
    now: datetime,
    without_offers_to: int | None = None,
    only: int | None = None,
) -> Problem:
    """Return the problem of finding speakers for `visits` beside everything already promised.

    Assignments and open offers of the affiliate's speakers are fixed, so that they hold quota,
    rest and travel. Ids are public ids. Who has answered or stepped back from a visit is not
    considered for it again. A speaker about to say yes is held by no open offer of their own:
    pass the primary key as `without_offers_to`. With `only` the problem knows that one speaker
    (primary key) alone: nobody else's seats are in it.
    """
    builder = _Builder(
        session, affiliate, visits, now=now, without_offers_to=without_offers_to, only=only
    )
    return builder.problem()


class _Builder:
    def __init__(
        self,
        session: Session,
        affiliate: Affiliate,
        visits: Sequence[Visit],
        *,
        now: datetime,
        without_offers_to: int | None,
        only: int | None,
    ) -> None:
        self.session = session
        self.affiliate = affiliate
        self.now = now
        self.zone = ZoneInfo(affiliate.time_zone)
        self.today = now.astimezone(self.zone).date()
        mine = select(Speaker).where(
            Speaker.affiliate_id == affiliate.id, Speaker.archived_at.is_(None)
        )
        if only is not None:
            mine = mine.where(Speaker.id == only)
        self.speakers = session.scalars(mine.order_by(Speaker.id)).all()
        self.names = {speaker.id: speaker.public_id for speaker in self.speakers}
        self.since = self._since()
        self.promised = self._promised(without_offers_to)
        self.wanted = {visit.id: visit for visit in visits}
        self.visits = {**self.wanted, **self._other_visits()}
        self.units = self._units()
        self.programs = dict(session.execute(select(Program.id, Program.public_id)).all())

    def problem(self) -> Problem:
        return Problem(
            sites=tuple(
                Site(id=unit.public_id, lat=hospital.latitude, lon=hospital.longitude)
                for unit, hospital in self.units.values()
            ),
            speakers=tuple(self._speakers()),
            visits=tuple(self._visits()),
            settings=Settings(levels=tuple(LevelName(name) for name in self.affiliate.levels)),
        )

    def _since(self) -> datetime:
        """From when on a visit still counts for somebody's month or rest."""
        rest = max((speaker.rest_days for speaker in self.speakers), default=0)
        first = min(self.today.replace(day=1), self.today - timedelta(days=rest))
        return datetime.combine(first, time(), self.zone)

    def _promised(self, without_offers_to: int | None) -> dict[int, list[tuple[int, str]]]:
        """Return who is booked or being asked, as (speaker, role) by visit."""
        booked = (
            select(Assignment.visit_id, Assignment.speaker_id, Slot.role)
            .join(Slot, Slot.id == Assignment.slot_id)
            .where(Assignment.active, Assignment.starts_at >= self.since)
        )
        asked = (
            select(Offer.visit_id, Offer.speaker_id, Slot.role)
            .join(Slot, Slot.id == Offer.slot_id)
            .where(Offer.state == "open", Offer.speaker_id != (without_offers_to or 0))
        )
        promised: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for query in (booked, asked):
            for visit_id, speaker_id, role in self.session.execute(query):
                entry = (speaker_id, role)
                if speaker_id in self.names and entry not in promised[visit_id]:
                    promised[visit_id].append(entry)
        return promised

    def _other_visits(self) -> dict[int, Visit]:
        others = [visit_id for visit_id in self.promised if visit_id not in self.wanted]
        found = self.session.scalars(select(Visit).where(Visit.id.in_(others)).order_by(Visit.id))
        return {visit.id: visit for visit in found}

    def _units(self) -> dict[int, tuple[Unit, Hospital]]:
        ids = {visit.unit_id for visit in self.visits.values()}
        rows = self.session.execute(
            select(Unit, Hospital)
            .join(Hospital, Hospital.id == Unit.hospital_id)
            .where(Unit.id.in_(ids))
            .order_by(Unit.id)
        )
        return {unit.id: (unit, hospital) for unit, hospital in rows}

    def _visits(self) -> Iterable[matching.Visit]:
        roles = self._roles()
        proposed = self._proposed()
        usual, over = self._usual(), self._over()
        for visit in self.visits.values():
            fixed = self._seats(self.promised[visit.id])
            held = Counter(seat.role for seat in fixed)
            unit, _ = self.units[visit.unit_id]
            yield matching.Visit(
                id=visit.public_id,
                site=unit.public_id,
                unit_type=unit.age_group,
                starts_at=visit.starts_at.astimezone(self.zone).replace(tzinfo=None),
                minutes=int((visit.ends_at - visit.starts_at).total_seconds() // 60),
                language=visit.language,
                program=self.programs[visit.program_id],
                roles=dict(roles[visit.id]) if visit.id in self.wanted else dict(held),
                critical=visit.critical,
                fixed=fixed,
                proposed=self._seats(proposed.get(visit.id, [])),
                usual=tuple(self._known(usual[visit.unit_id])),
                excluded_speakers=tuple(self._known(over[visit.id])),
            )

    def _seats(self, entries: Iterable[tuple[int, str]]) -> tuple[Assigned, ...]:
        return tuple(
            Assigned(speaker=self.names[speaker_id], role=role)
            for speaker_id, role in entries
            if speaker_id in self.names
        )

    def _known(self, speaker_ids: Iterable[int]) -> list[str]:
        return [self.names[each] for each in sorted(set(speaker_ids)) if each in self.names]

    def _roles(self) -> dict[int, Counter[str]]:
        slots = select(Slot.visit_id, Slot.role).where(Slot.visit_id.in_(self.wanted))
        roles: dict[int, Counter[str]] = defaultdict(Counter)
        for visit_id, role in self.session.execute(slots.order_by(Slot.id)):
            roles[visit_id][role] += 1
        return roles

    def _proposed(self) -> dict[int, list[tuple[int, str]]]:
        waiting = (
            select(Slot.visit_id, Proposal.speaker_id, Slot.role)
            .join(Slot, Slot.id == Proposal.slot_id)
            .where(Proposal.state == "waiting", Slot.visit_id.in_(self.wanted))
        )
        proposed: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for visit_id, speaker_id, role in self.session.execute(waiting):
            if all(speaker_id != other for other, _ in self.promised[visit_id]):
                proposed[visit_id].append((speaker_id, role))
        return proposed

    def _usual(self) -> dict[int, list[int]]:
        often = (
            select(Visit.unit_id, Assignment.speaker_id)
            .join(Visit, Visit.id == Assignment.visit_id)
            .where(Assignment.active, Assignment.starts_at < self.now)
            .group_by(Visit.unit_id, Assignment.speaker_id)
            .having(func.count() >= USUAL_VISITS)
        )
        return self._by_first(often)

    def _over(self) -> dict[int, list[int]]:
        """Return who has already answered, let lapse or stepped back, by visit."""
        answered = select(Offer.visit_id, Offer.speaker_id).where(
            Offer.visit_id.in_(self.wanted), Offer.state.in_(("not_this_time", "lapsed"))
        )
        left = select(Assignment.visit_id, Assignment.speaker_id).where(
            Assignment.visit_id.in_(self.wanted), Assignment.ended_because == "cannot_come"
        )
        over = self._by_first(answered)
        for visit_id, speakers in self._by_first(left).items():
            over[visit_id] += speakers
        return over

    def _by_first(self, query: Select[int, int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for key, value in self.session.execute(query):
            found[key].append(value)
        return found

    def _speakers(self) -> Iterable[matching.Speaker]:
        recent = self._recent()
        trained, free = self._of(Certification), self._of(Availability)
        cleared, away, excluded = self._of(Clearance), self._of(Away), self._of(Exclusion)
        needs = self._needs()
        for speaker in self.speakers:
            yield matching.Speaker(
                id=speaker.public_id,
                lat=speaker.latitude,
                lon=speaker.longitude,
                radius_km=speaker.radius_km,
                languages=tuple(speaker.languages),
                unit_types=tuple(speaker.age_groups),
                quota_per_month=speaker.quota_per_month,
                rest_days=speaker.rest_days,
                recent_visits=recent.get(speaker.id, 0),
                certifications=tuple(self._certifications(trained[speaker.id])),
                clearances=tuple(self._clearances(cleared[speaker.id], needs)),
                weekly=tuple(_weekly(free[speaker.id])),
                away=tuple(self._away(speaker, away[speaker.id])),
                excluded_sites=tuple(self._excluded(excluded[speaker.id])),
            )

    def _of(self, model: Any) -> dict[int, list[Any]]:  # noqa: ANN401 - any table of a speaker
        rows: dict[int, list[Any]] = defaultdict(list)
        mine = select(model).where(model.speaker_id.in_(self.names)).order_by(model.id)
        for row in self.session.scalars(mine):
            rows[row.speaker_id].append(row)
        return rows

    def _recent(self) -> dict[int, int]:
        counted = (
            select(Assignment.speaker_id, func.count())
            .where(
                Assignment.active,
                Assignment.starts_at >= self.now - RECENT,
                Assignment.starts_at < self.since,
            )
            .group_by(Assignment.speaker_id)
        )
        return dict(self.session.execute(counted).all())

    def _certifications(self, rows: Iterable[Certification]) -> Iterable[matching.Certification]:
        for row in rows:
            yield matching.Certification(
                program=self.programs[row.program_id],
                role=row.role,
                starts_on=row.starts_on,
                ends_on=row.ends_on,
            )

    def _needs(self) -> dict[int, set[str]]:
        needs: dict[int, set[str]] = {unit_id: set() for unit_id in self.units}
        asked = select(ClearanceRequirement).where(ClearanceRequirement.unit_id.in_(self.units))
        for row in self.session.scalars(asked):
            needs[row.unit_id].add(row.kind)
        return needs

    def _clearances(
        self, rows: Sequence[Clearance], needs: dict[int, set[str]]
    ) -> Iterable[matching.Clearance]:
        """Yield when the speaker holds everything a unit demands, unit by unit."""
        for unit_id, kinds in needs.items():
            unit, _ = self.units[unit_id]
            held = [_spans(rows, kind, unit.hospital_id) for kind in sorted(kinds)]
            for spans in product(*held):
                starts_on = max((span[0] for span in spans), default=date.min)
                ends_on = min((span[1] for span in spans), default=date.max)
                if starts_on <= ends_on:
                    yield matching.Clearance(
                        site=unit.public_id, starts_on=starts_on, ends_on=ends_on
                    )

    def _away(self, speaker: Speaker, rows: Iterable[Away]) -> Iterable[matching.Away]:
        for row in rows:
            yield matching.Away(starts_on=row.starts_on, ends_on=row.ends_on)
        if speaker.paused_until is not None and speaker.paused_until >= self.today:
            yield matching.Away(starts_on=self.today, ends_on=speaker.paused_until)

    def _excluded(self, rows: Sequence[Exclusion]) -> Iterable[str]:
        hospitals = {row.hospital_id for row in rows if row.hospital_id is not None}
        units = {row.unit_id for row in rows if row.unit_id is not None}
        for unit, hospital in self.units.values():
            if unit.id in units or hospital.id in hospitals:
                yield unit.public_id


def _spans(rows: Iterable[Clearance], kind: str, hospital_id: int) -> list[tuple[date, date]]:
    return [
        (row.starts_on, row.ends_on or date.max)
        for row in rows
        if row.kind == kind and row.hospital_id in {None, hospital_id}
    ]


def _weekly(rows: Iterable[Availability]) -> Iterable[matching.Weekly]:
    for row in rows:
        yield matching.Weekly(
            weekday=row.weekday,
            from_minute=row.starts.hour * 60 + row.starts.minute,
            until_minute=_until(row.ends),
        )


def _until(ends: time) -> int:
    # A time cannot say 24:00, so the last minute of the day stands for midnight.
    minute = ends.hour * 60 + ends.minute
    return 1440 if ends >= time(23, 59) else minute
