"""Which visits a search for speakers is about, and which proposals it must leave alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.directory.models import Affiliate, Unit
from outreach.visits.models import MatchingRun, Offer, Proposal, Slot, Visit
from outreach.workflows import problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Open visits, narrowed by all that is given; nothing given means all of them.

    `until` is exclusive. The ids are primary keys. `only_missing`: those that lack somebody for
    whom nobody is asked or proposed, and no other proposal moves.
    """

    until: datetime | None = None
    hospital_id: int | None = None
    visit_id: int | None = None
    only_missing: bool = False

    @classmethod
    def of(cls, run: MatchingRun) -> "Selection":
        """Return what a run was asked to look at."""
        return cls(
            until=run.until_at,
            hospital_id=run.hospital_id,
            visit_id=run.visit_id,
            only_missing=run.only_missing,
        )


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting proposal, where it stands, and whether its speaker still fits."""

    proposal: Proposal
    visit: Visit
    role: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """The visits to find people for, and the proposals that hold beside them."""

    visits: Sequence[Visit]
    held: Sequence[Waiting]


def choose(
    session: Session,
    affiliate: Affiliate,
    selection: Selection,
    waiting: Sequence[Waiting],
    *,
    now: datetime,
) -> Chosen:
    """Return what a search is about, given the affiliate's waiting proposals.

    Held are the proposals outside of the selection, and those that still fit for visits nearer
    than the affiliate's cut-off. Whoever asks about one visit means that one, however near.
    """
    visits = _narrowed(
        session, problems.open_visits(session, affiliate.id, now=now), selection, now=now
    )
    if selection.only_missing:
        visits = _missing(session, visits, [each for each in waiting if each.fits])
    inside = {visit.id for visit in visits}
    near = now + timedelta(days=affiliate.cut_off_days)
    frozen = [] if selection.visit_id else [visit.id for visit in visits if visit.starts_at < near]
    held = [
        each
        for each in waiting
        if each.visit.id not in inside
        or (each.fits and (selection.only_missing or each.visit.id in frozen))
    ]
    return Chosen(visits, held)


def _narrowed(
    session: Session, visits: Sequence[Visit], selection: Selection, *, now: datetime
) -> list[Visit]:
    until = selection.until or max((v.starts_at for v in visits), default=now) + timedelta(days=1)
    units: set[int] | None = None
    if selection.hospital_id is not None:
        of_hospital = select(Unit.id).where(Unit.hospital_id == selection.hospital_id)
        units = set(session.scalars(of_hospital))
    return [
        visit
        for visit in visits
        if visit.starts_at < until
        and (units is None or visit.unit_id in units)
        and selection.visit_id in {None, visit.id}
    ]


def _missing(session: Session, visits: Sequence[Visit], fitting: Sequence[Waiting]) -> list[Visit]:
    """Return those of the visits with an open slot nobody is asked or fitly proposed for."""
    proposed = {each.proposal.slot_id for each in fitting}
    lacking = (
        select(Slot.id, Slot.visit_id)
        .where(Slot.visit_id.in_([visit.id for visit in visits]), Slot.state == "open")
        .where(Slot.id.not_in(select(Offer.slot_id).where(Offer.state == "open")))
    )
    missing = {
        visit_id for slot_id, visit_id in session.execute(lacking) if slot_id not in proposed
    }
    return [visit for visit in visits if visit.id in missing]
