"""Proposals as a coordinator decides about them: by visit, with what speaks for and against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.reads import board, words
from outreach.reads import visit as visit_reads
from outreach.reads.board import VisitRow
from outreach.reads.visit import Person
from outreach.visits.models import Proposal, Slot, Visit


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal that waits for a decision."""

    public_id: str
    role: str
    person: Person
    reasons: Sequence[str]
    against: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProposedVisit:
    """A visit and the proposals for it."""

    row: VisitRow
    proposals: Sequence[ProposalRow]


def by_visit(
    session: Session,
    proposals: Sequence[Proposal],
    *,
    objections: Mapping[int, Sequence[Any]],
    now: datetime,
) -> list[ProposedVisit]:
    """Return the visits of these proposals in their order, each with its proposals.

    `objections` is by primary key: what speaks against asking now, as code and params.
    """
    slots = {
        slot.id: slot
        for slot in session.scalars(select(Slot).where(Slot.id.in_([p.slot_id for p in proposals])))
    }
    ids = list(dict.fromkeys(slots[p.slot_id].visit_id for p in proposals))
    rows = {
        row.id: row for row in board.rows(session, select(Visit).where(Visit.id.in_(ids)), now=now)
    }
    known = visit_reads.people(session, [p.speaker_id for p in proposals])
    blocking = visit_reads.blocking(session, objections)
    rows_of: dict[int, list[ProposalRow]] = {visit_id: [] for visit_id in ids}
    for each in proposals:
        slot = slots[each.slot_id]
        hospital = rows[slot.visit_id].hospital
        rows_of[slot.visit_id].append(
            ProposalRow(
                each.public_id,
                words.role_name(slot.role),
                known[each.speaker_id],
                words.reasons(each.reasons, hospital=hospital),
                _stands(objections[each.id], hospital=hospital, blocking=blocking),
            )
        )
    return [ProposedVisit(rows[visit_id], rows_of[visit_id]) for visit_id in ids]


def _stands(objections: Sequence[Any], *, hospital: str, blocking: Mapping[str, str]) -> list[str]:
    found = (
        words.refusal(each.code, each.params, hospital=hospital, blocking=blocking)
        for each in objections
    )
    return list(dict.fromkeys(stands for stands, _helps in found))
