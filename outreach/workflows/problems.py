"""Rows → the matching engine's problem. A fixed number of queries, whatever the size.

The engine's clock has no zone: it is the affiliate's wall clock. A weekly pattern is
read on it too: a speaker in another zone is taken to have given times as the affiliate has them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from math import ceil
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.directory.models import Affiliate, Hospital, Program, Unit
from outreach.matching import Assigned, LevelName, Problem, Settings, Site
from outreach.speakers.models import Certification
from outreach.visits.models import Assignment, Offer, Proposal, Slot, Visit
from outreach.workflows import newcomers, speaker_facts
from outreach.workflows.newcomers import RECENT
from outreach.workflows.speaker_facts import Place, Question

USUAL_VISITS = 2
USUAL_WITHIN = timedelta(days=365)
"""Who has been on a unit this often within this time belongs to its usual speakers."""


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


class Held(NamedTuple):
    """A proposal that must not move: primary keys, and the role."""

    visit_id: int
    speaker_id: int
    role: str


def build(
    session: Session,
    affiliate: Affiliate,
    visits: Sequence[Visit],
    *,
    held: Sequence[Held] = (),
    now: datetime,
) -> Problem:
    """Return the problem of finding speakers for `visits` beside everything already promised.

    Assignments and open offers of the affiliate's speakers are fixed, and the proposals `held`
    with them, so that they hold quota, rest and travel. Ids are public ids. Who has answered or
    stepped back from a visit is not considered for it again.
    """
    builder = _Builder(session, affiliate, visits, held=held, now=now)
    return builder.problem(builder.visits, proposed=builder.proposed())


def about(
    session: Session,
    affiliate: Affiliate,
    visits: Sequence[Visit],
    *,
    now: datetime,
    without_offers_to: int | None = None,
    only: int | None = None,
    once_more: bool = False,
    days_around: int = 0,
) -> Problem:
    """Return the problem as `build` does, for questions about `visits` alone: who could come.

    It is smaller: the other visits are there only to hold quota, rest and travel, and nothing is
    proposed, for nobody has been asked on a proposal's account. A speaker about to say yes is held
    by no open offer of their own: pass the primary key as `without_offers_to`. With `only` the
    problem knows that one speaker (primary key) alone: nobody else's seats are in it. With
    `once_more` who has answered or stepped back from a visit is considered for it again. Speakers'
    facts are those of the visits' days, and of so many `days_around` each.
    """
    builder = _Builder(
        session, affiliate, visits, now=now, without_offers_to=without_offers_to, only=only
    )
    return builder.problem(builder.wanted, once_more=once_more, around=timedelta(days=days_around))


def explainer(
    session: Session, visit: Visit, *, now: datetime, days_around: int = 0
) -> matching.Explainer:
    """Return the rules around one visit, beside all that is promised; read as `about` does."""
    affiliate = session.get_one(Affiliate, visit.affiliate_id)
    problem = about(session, affiliate, [visit], now=now, days_around=days_around)
    return matching.Explainer.of(problem, None)


class _Dated(NamedTuple):
    """A visit, as far as matching goes."""

    id: int
    public_id: str
    unit_id: int
    program_id: int
    starts_at: datetime
    ends_at: datetime
    language: str
    critical: bool


_COLUMNS = [getattr(Visit, name) for name in _Dated._fields]
_By: TypeAlias = dict[int, list[tuple[int, str]]]


class _Builder:
    def __init__(
        self,
        session: Session,
        affiliate: Affiliate,
        visits: Sequence[Visit],
        *,
        now: datetime,
        held: Sequence[Held] = (),
        without_offers_to: int | None = None,
        only: int | None = None,
    ) -> None:
        self.session = session
        self.affiliate = affiliate
        self.now = now
        self.zone = ZoneInfo(affiliate.time_zone)
        self.today = now.astimezone(self.zone).date()
        self.mine = speaker_facts.of_affiliate(affiliate.id, only=only)
        self.ids = speaker_facts.ids(self.mine)
        self.speakers = session.execute(self.mine).all()
        self.names = {speaker.id: speaker.public_id for speaker in self.speakers}
        self.since = self._since()
        self.promised = self._promised(held, without_offers_to)
        self.wanted = {
            visit.id: _Dated(*(getattr(visit, name) for name in _Dated._fields)) for visit in visits
        }
        self.visits = {**self.wanted, **self._other_visits()}
        self.places = self._places()
        self.programs = dict(session.execute(select(Program.id, Program.public_id)).all())

    def problem(
        self,
        asked: Mapping[int, _Dated],
        *,
        proposed: _By | None = None,
        once_more: bool = False,
        around: timedelta = timedelta(0),
    ) -> Problem:
        """Return the problem; of speakers and visits it knows what matters for those `asked`."""
        speakers = speaker_facts.gather(
            self.session,
            self.mine,
            self.speakers,
            self._question(asked.values(), around=around),
            recent=self._recent(),
            zone=self.zone,
            now=self.now,
        )
        return Problem(
            sites=tuple(
                Site(id=place.public_id, lat=place.lat, lon=place.lon)
                for place in self.places.values()
            ),
            speakers=tuple(speakers),
            visits=tuple(self._visits(proposed or {}, once_more=once_more)),
            settings=Settings(levels=tuple(LevelName(name) for name in self.affiliate.levels)),
        )

    def proposed(self) -> _By:
        """Return who is proposed and promised no place of the visit, as (speaker, role)."""
        waiting = (
            select(Slot.visit_id, Proposal.speaker_id, Slot.role)
            .join(Slot, Slot.id == Proposal.slot_id)
            .where(Proposal.state == "waiting", Slot.visit_id.in_(self.wanted))
        )
        proposed: _By = defaultdict(list)
        for visit_id, speaker_id, role in self.session.execute(waiting):
            if all(speaker_id != other for other, _ in self.promised[visit_id]):
                proposed[visit_id].append((speaker_id, role))
        return proposed

    def _since(self) -> datetime:
        """From when on a visit still counts for somebody's month or rest."""
        rest = max((speaker.rest_days for speaker in self.speakers), default=0)
        first = min(self.today.replace(day=1), self.today - timedelta(days=rest))
        return datetime.combine(first, time(), self.zone)

    def _promised(self, held: Sequence[Held], without_offers_to: int | None) -> _By:
        """Return who is booked, being asked or held to, as (speaker, role) by visit."""
        booked = (
            select(Assignment.visit_id, Assignment.speaker_id, Slot.role)
            .join(Slot, Slot.id == Assignment.slot_id)
            .where(
                Assignment.speaker_id.in_(self.ids),
                Assignment.active,
                Assignment.starts_at >= self.since,
            )
        )
        asked = (
            select(Offer.visit_id, Offer.speaker_id, Slot.role)
            .join(Slot, Slot.id == Offer.slot_id)
            .where(Offer.state == "open", Offer.speaker_id != (without_offers_to or 0))
        )
        promised: _By = defaultdict(list)
        for rows in (self.session.execute(booked), self.session.execute(asked), held):
            for visit_id, speaker_id, role in rows:
                entry = (speaker_id, role)
                if speaker_id in self.names and entry not in promised[visit_id]:
                    promised[visit_id].append(entry)
        return promised

    def _other_visits(self) -> dict[int, _Dated]:
        others = [visit_id for visit_id in self.promised if visit_id not in self.wanted]
        found = select(*_COLUMNS).where(Visit.id.in_(others)).order_by(Visit.id)
        return {visit.id: _Dated(*visit) for visit in self.session.execute(found)}

    def _places(self) -> dict[int, Place]:
        rows = self.session.execute(
            select(
                Unit.id,
                Unit.public_id,
                Unit.hospital_id,
                Unit.age_group,
                Hospital.latitude,
                Hospital.longitude,
            )
            .join(Hospital, Hospital.id == Unit.hospital_id)
            .where(Unit.id.in_({visit.unit_id for visit in self.visits.values()}))
            .order_by(Unit.id)
        )
        return {row.id: Place(*row) for row in rows}

    def _question(self, asked: Collection[_Dated], *, around: timedelta) -> Question:
        units = {visit.unit_id for visit in asked}
        spans = [
            (
                (self._local(v.starts_at) - around).date(),
                (self._local(v.starts_at) + (v.ends_at - v.starts_at) + around).date(),
            )
            for v in asked
        ]
        return Question(
            places=[place for place in self.places.values() if place.id in units],
            programs={visit.program_id: self.programs[visit.program_id] for visit in asked},
            first=min((first for first, _ in spans), default=self.today),
            last=max((last for _, last in spans), default=self.today),
            weekdays={
                (first + timedelta(days=n)).weekday()
                for first, last in spans
                for n in range((last - first).days + 1)
            },
        )

    def _local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def _visits(self, proposed: _By, *, once_more: bool) -> Iterator[matching.Visit]:
        roles, usual = self._roles(), self._usual()
        over = {} if once_more else self._over()
        for visit in self.visits.values():
            fixed = self._seats(self.promised[visit.id])
            held = Counter(seat.role for seat in fixed)
            place = self.places[visit.unit_id]
            # The engine counts in whole minutes; what begins within one holds all of it.
            begins = visit.starts_at.replace(second=0, microsecond=0)
            yield matching.Visit(
                id=visit.public_id,
                site=place.public_id,
                unit_type=place.age_group,
                starts_at=self._local(begins),
                minutes=ceil((visit.ends_at - begins) / timedelta(minutes=1)),
                language=visit.language,
                program=self.programs[visit.program_id],
                roles=dict(roles[visit.id]) if visit.id in self.wanted else dict(held),
                critical=visit.critical,
                fixed=fixed,
                proposed=self._seats(proposed.get(visit.id, [])),
                usual=self._known(usual[visit.unit_id]) if visit.id in self.wanted else (),
                excluded_speakers=self._known(over.get(visit.id, [])),
            )

    def _seats(self, entries: Iterable[tuple[int, str]]) -> tuple[Assigned, ...]:
        return tuple(
            Assigned(speaker=self.names[speaker_id], role=role)
            for speaker_id, role in entries
            if speaker_id in self.names
        )

    def _known(self, speaker_ids: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[each] for each in sorted(set(speaker_ids)) if each in self.names)

    def _roles(self) -> dict[int, Counter[str]]:
        slots = select(Slot.visit_id, Slot.role).where(Slot.visit_id.in_(self.wanted))
        roles: dict[int, Counter[str]] = defaultdict(Counter)
        for visit_id, role in self.session.execute(slots.order_by(Slot.id)):
            roles[visit_id][role] += 1
        return roles

    def _usual(self) -> dict[int, list[int]]:
        """Return who has often been on the units in question, by unit."""
        often = (
            select(Visit.unit_id, Assignment.speaker_id)
            .join(Visit, Visit.id == Assignment.visit_id)
            .where(
                Visit.unit_id.in_({visit.unit_id for visit in self.wanted.values()}),
                Visit.starts_at >= self.now - USUAL_WITHIN,
                Visit.starts_at < self.now,
                Assignment.active,
            )
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

    def _recent(self) -> dict[int, int]:
        """Return the visits the problem does not hold itself, as fairness sees them.

        Those of this month are in the problem. What a newcomer is credited with comes on top: the
        engine shares out by it, and no page shows it.
        """
        # SQL counts only what is not null.
        before = case((Assignment.starts_at < self.since, Assignment.id))
        counted = (
            select(Assignment.speaker_id, func.count(before), func.count())
            .where(
                Assignment.speaker_id.in_(self.ids),
                Assignment.active,
                Assignment.starts_at >= self.now - RECENT,
                Assignment.starts_at < self.now,
            )
            .group_by(Assignment.speaker_id)
        )
        rows = self.session.execute(counted).all()
        credited = newcomers.credited(
            {speaker_id: made for speaker_id, _before, made in rows},
            joined=self._joined(),
            now=self.now,
        )
        outside = {speaker_id: before for speaker_id, before, _made in rows}
        return {
            each: outside.get(each, 0) + credited.get(each, 0) for each in {*outside, *credited}
        }

    def _joined(self) -> dict[int, datetime]:
        """Return since when each speaker could be asked: known to us, and trained."""
        first = (
            select(Certification.speaker_id, func.min(Certification.starts_on))
            .where(Certification.speaker_id.in_(self.ids))
            .group_by(Certification.speaker_id)
        )
        trained = dict(self.session.execute(first).all())
        return {
            speaker.id: max(
                speaker.created_at, datetime.combine(trained[speaker.id], time(), self.zone)
            )
            for speaker in self.speakers
            if speaker.id in trained
        }
