"""A search for speakers as its coordinator sees it: how far it is, what it changed and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.directory.models import Hospital
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.matching import Refusal, RefusalCode
from outreach.reads import board, words
from outreach.reads import visit as visit_reads
from outreach.reads.board import VisitRow
from outreach.reads.visit import Person
from outreach.visits.models import Assignment, MatchingRun, Offer, Proposal, Slot, Visit

SLOW = timedelta(minutes=1)
"""A run that has waited so long is not being worked on: nothing works."""

WHY = {
    "critical": lazy("So that a visit that matters more has its people"),
    "usual": lazy("So that somebody comes who often comes to the unit"),
    "distance": lazy("A shorter way"),
    "incomplete": lazy("Nobody was found for another place of this visit"),
    "whole": lazy("Equally good, and with it the whole comes out better"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One search, in figures and words. Figures are None until it has told any."""

    public_id: str
    state: str
    what: str
    asked_at: datetime
    is_live: bool
    is_slow: bool
    is_stopping: bool
    visits: int | None
    filled: int | None
    at_most: int | None
    parts: int
    parts_done: int
    is_proven: bool
    kept: int
    asked: int
    changed: int
    fresh: int
    gone: int


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a visit, with who was proposed before and who is now."""

    row: VisitRow
    role: str
    before: Person | None
    after: Person | None
    why: str


@dataclass(frozen=True, slots=True)
class Since:
    """What happened to open visits since the last search, in numbers of visits."""

    added: int
    reopened: int
    unfit: int

    @property
    def count(self) -> int:
        """How many visits there are to look at."""
        return self.added + self.reopened + self.unfit


def show(session: Session, run: MatchingRun, *, now: datetime) -> Run:
    """Return a run as pages show it."""
    told, changes = run.progress, run.result.get("changes", [])
    return Run(
        public_id=run.public_id,
        state=run.state,
        what=_what(session, run),
        asked_at=run.created_at,
        is_live=run.finished_at is None,
        is_slow=run.state == "waiting" and run.created_at + SLOW < now,
        is_stopping=run.finished_at is None and run.stop_asked_at is not None,
        visits=told.get("visits"),
        filled=told.get("filled"),
        at_most=told.get("fill_bound"),
        parts=told.get("components", 0),
        parts_done=told.get("components_done", 0),
        is_proven=all(level["proven"] for level in run.levels),
        kept=run.result.get("kept", 0),
        asked=run.result.get("asked", 0),
        changed=sum(bool(each["before"] and each["after"]) for each in changes),
        fresh=sum(not each["before"] for each in changes),
        gone=sum(not each["after"] for each in changes),
    )


def changes(session: Session, run: MatchingRun, *, now: datetime) -> list[Change]:
    """Return every place whose proposal changed, soonest visit first."""
    found: Sequence[Mapping[str, Any]] = run.result.get("changes", [])
    wanted = select(Visit).where(Visit.id.in_([each["visit"] for each in found]))
    rows = {row.id: row for row in board.rows(session, wanted, now=now)}
    named = [each[side] for each in found for side in ("before", "after") if each[side]]
    people = visit_reads.people(session, named)
    against = {index: _refusals(each["why"]) for index, each in enumerate(found)}
    blocking = visit_reads.blocking(session, against)
    return [
        Change(
            rows[each["visit"]],
            words.role_name(each["role"]),
            people.get(each["before"]),
            people.get(each["after"]),
            _why(
                each["why"],
                people.get(each["before"]),
                people.get(each["after"]),
                against=against[index],
                hospital=rows[each["visit"]].hospital,
                blocking=blocking,
            ),
        )
        for index, each in enumerate(found)
    ]


def since(session: Session, run: MatchingRun, *, unfit: Iterable[Proposal], now: datetime) -> Since:
    """Return what happened since a run: open visits that came, places that opened again.

    `unfit` are the proposals whose speakers do not fit any more. A visit counts once.
    """
    begun = run.started_at or run.created_at
    slots = [proposal.slot_id for proposal in unfit]
    unfit_visits = select(Slot.visit_id).where(Slot.id.in_(slots)).distinct()
    misfits = set(session.scalars(unfit_visits))
    lacking = (
        select(Visit.id, Visit.created_at > begun)
        .where(
            Visit.affiliate_id == run.affiliate_id,
            Visit.starts_at > now,
            Visit.called_off_at.is_(None),
            _lacks_somebody(),
            or_(Visit.created_at > begun, _opened_again(begun)),
        )
        .order_by(Visit.id)
    )
    found = {visit_id: bool(new) for visit_id, new in session.execute(lacking)}
    others = [new for visit_id, new in found.items() if visit_id not in misfits]
    return Since(added=sum(others), reopened=len(others) - sum(others), unfit=len(misfits))


def _lacks_somebody() -> ColumnElement[bool]:
    """Return the condition that a place is open, with nobody asked and nobody proposed."""
    asked = select(Offer.slot_id).where(Offer.state == "open")
    proposed = select(Proposal.slot_id).where(Proposal.state == "waiting")
    return exists().where(
        Slot.visit_id == Visit.id,
        Slot.state == "open",
        Slot.id.not_in(asked),
        Slot.id.not_in(proposed),
    )


def _opened_again(begun: datetime) -> ColumnElement[bool]:
    """Return the condition that somebody stepped back or did not say yes after a time."""
    left = exists().where(Assignment.visit_id == Visit.id, Assignment.ended_at > begun)
    ended = func.coalesce(Offer.answered_at, Offer.expires_at)
    unanswered = exists().where(
        and_(
            Offer.visit_id == Visit.id,
            Offer.state.in_(("not_this_time", "lapsed", "withdrawn")),
            ended > begun,
        )
    )
    return or_(left, unanswered)


def _what(session: Session, run: MatchingRun) -> str:
    """Say which visits a run is about."""
    if run.visit_id is not None:
        visit = session.get_one(Visit, run.visit_id)
        return _("The visit on %(when)s", when=i18n.when(visit.starts_at, zone=visit.time_zone))
    if run.only_missing:
        return _("Visits that lack people without a proposal")
    hospital = "" if run.hospital_id is None else session.get_one(Hospital, run.hospital_id).name
    if run.until_at is None:
        return (
            _("Open visits at %(hospital)s", hospital=hospital)
            if hospital
            else _("All open visits")
        )
    weeks = round((run.until_at - run.created_at) / timedelta(weeks=1))
    span = ngettext("next week", "next %(num)s weeks", weeks)
    if hospital:
        return _("Open visits at %(hospital)s, %(span)s", hospital=hospital, span=span)
    return _("Open visits of the %(span)s", span=span)


def _refusals(why: Mapping[str, Any] | None) -> list[Refusal]:
    given = why["refusals"] if why else []
    return [Refusal(RefusalCode(each["code"]), each["params"]) for each in given]


def _why(
    why: Mapping[str, Any] | None,
    before: Person | None,
    after: Person | None,
    *,
    against: Sequence[Refusal],
    hospital: str,
    blocking: Mapping[str, str],
) -> str:
    """Say why somebody is not proposed any more; "" where nobody was."""
    if why is None or before is None:
        return ""
    match why["code"]:
        case "refused":
            return _stands(before.first_name, against, hospital=hospital, blocking=blocking)
        case "fill":
            return ngettext(
                "So that one more visit has its people",
                "So that %(num)s more visits have their people",
                int(why["count"]),
            )
        case "fairness":
            return _fairer(before, after, *why["recent"])
        case code:
            return _(WHY[code])


def _stands(
    name: str, against: Sequence[Refusal], *, hospital: str, blocking: Mapping[str, str]
) -> str:
    if any(each.code is RefusalCode.UNAVAILABLE for each in against):
        return _("%(name)s is no longer free", name=name)
    found = (
        words.refusal(each.code, each.params, hospital=hospital, blocking=blocking)[0]
        for each in against
    )
    stands = "; ".join(dict.fromkeys(found))
    return _("%(name)s does not fit any more: %(stands)s", name=name, stands=stands)


def _fairer(before: Person, after: Person | None, had: int, has: int) -> str:
    if after is None or had <= has:
        return _("So that the visits are shared more fairly")
    return ngettext(
        "Fairer: %(before)s had %(num)s visit in 90 days, %(after)s %(has)s",
        "Fairer: %(before)s had %(num)s visits in 90 days, %(after)s %(has)s",
        had,
        before=before.first_name,
        after=after.first_name,
        has=has,
    )
